/** Simulated engines as processes of their own, which can be killed and frozen. */
import { LAUNCHER } from '../fakes/built.ts';
import { Child } from '../fakes/child.ts';
import { sleep } from '../fakes/until.ts';

const START_MS = 30_000;
const POLL_MS = 20;

/** Starts `llm-router sim` on a free port, with these flags beside. */
export async function startSimProcess(...flags: string[]): Promise<SimProcess> {
  const child = new Child(LAUNCHER, ['sim', '--port', '0', ...flags]);
  const untilMs = performance.now() + START_MS;
  for (;;) {
    const url = /listening on (http:\S+)/.exec(child.output)?.[1];
    if (url !== undefined) return new SimProcess(child, url);
    if (performance.now() > untilMs) {
      await child.kill();
      throw new Error(`the engine did not start:\n${child.output}`);
    }
    await sleep(POLL_MS);
  }
}

export class SimProcess {
  readonly #child: Child;
  readonly url: string;

  constructor(child: Child, url: string) {
    this.#child = child;
    this.url = url;
  }

  /** Changes knobs by flag name. */
  async setFaults(knobs: Record<string, unknown>): Promise<void> {
    const body = JSON.stringify(knobs);
    const response = await fetch(`${this.url}/sim/faults`, { method: 'POST', body });
    if (!response.ok) throw new Error(await response.text());
  }

  /** When each model request arrived: ms on a clock that all processes of the machine share. */
  async arrivals(): Promise<number[]> {
    const response = await fetch(`${this.url}/sim/arrivals`);
    return ((await response.json()) as { monotonic_ms: number[] }).monotonic_ms;
  }

  freeze(): void {
    this.#child.signal('SIGSTOP');
  }

  thaw(): void {
    this.#child.signal('SIGCONT');
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    await this.#child.kill();
  }
}
