/** Many cases at once against one router before a recording origin, until one fails. */
import { setTimeout as delay } from 'node:timers/promises';
import { type RunningRouter, startRouter } from '../fakes/router.ts';
import { type Case, MODEL, makeCase } from './cases.ts';
import { type RecordingOrigin, startRecordingOrigin } from './recording-origin.ts';
import { reproduction, shrink } from './report.ts';
import { judge, type Target } from './request-oracle.ts';

export interface RunOptions {
  readonly firstSeed: number;
  /** Mutated messages to send; a case has one of them, or a few more or less. */
  readonly messages: number;
  /** `performance.now()` at which no new case is begun. */
  readonly untilMs: number;
}

export interface RunResult {
  readonly cases: number;
  readonly messages: number;
  /** Descriptions with reproductions; empty = all is well. */
  readonly failures: readonly string[];
}

const LANES = 16;
/** Between two looks at what nobody claimed. */
const BATCH_CASES = 400;
const QUIET_MS = 50;

export class RequestRig {
  readonly router: RunningRouter;
  readonly origin: RecordingOrigin;
  readonly #target: Target;

  static async start(): Promise<RequestRig> {
    const origin = await startRecordingOrigin();
    const router = await startRouter({
      endpoints: [{ url: origin.url, model: MODEL }],
      // Seldom probes; idle connections to the origin leave soon after the run.
      config: { health_check: { interval: 3600 }, http_client: { idle_conn_timeout: 2 } },
    });
    return new RequestRig(router, origin);
  }

  constructor(router: RunningRouter, origin: RecordingOrigin) {
    this.router = router;
    this.origin = origin;
    this.#target = { port: router.port, origin, doubtful: new Set() };
  }

  /** '' when nothing is wrong with what the router made of it. */
  judge(one: Case): Promise<string> {
    return judge(this.#target, one);
  }

  async run({ firstSeed, messages, untilMs }: RunOptions): Promise<RunResult> {
    const failures: string[] = [];
    let seed = firstSeed;
    let sent = 0;
    const more = () => sent < messages && performance.now() < untilMs && failures.length === 0;
    while (more()) {
      const batchEnd = seed + BATCH_CASES;
      const lane = async () => {
        while (seed < batchEnd && more()) {
          const one = makeCase(seed++);
          sent += one.mutated;
          const wrong = await judge(this.#target, one);
          if (wrong !== '') failures.push(await this.#explain(one, wrong));
        }
      };
      await Promise.all(Array.from({ length: LANES }, lane));
      if (failures.length === 0) failures.push(...(await this.#unclaimed()));
    }
    return { cases: seed - firstSeed, messages: sent, failures };
  }

  async close(): Promise<void> {
    await this.router.stop();
    await this.origin.close();
  }

  async #explain(one: Case, wrong: string): Promise<string> {
    let said = wrong;
    const least = await shrink(one, async (smaller) => {
      const again = await judge(this.#target, smaller);
      if (again !== '') said = again;
      return again !== '';
    });
    return reproduction(least, said);
  }

  /** What the origin got without a client that was answered for it; and its own complaints. */
  async #unclaimed(): Promise<string[]> {
    await delay(QUIET_MS);
    const { origin } = this;
    const { doubtful } = this.#target;
    const surplus = [...origin.forwarded].filter(([digest]) => !doubtful.has(digest));
    origin.forwarded.clear();
    doubtful.clear();
    return [
      ...origin.complaints.splice(0),
      ...surplus.map(([, requests]) => {
        const { body } = requests[0]!;
        return `forwarded, but sent by nobody: ${JSON.stringify(body.toString('latin1', 0, 2000))}`;
      }),
    ];
  }
}
