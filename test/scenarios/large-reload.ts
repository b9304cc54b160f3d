/**
 * Three thousand endpoints change at once while a stream runs: how long that takes, and how long
 * the stream is silent meanwhile. Beside each reload stands a dry run, which reads the same files:
 * what remains is what the new table costs the worker.
 */
import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { replaceFile } from '../fakes/replace-file.ts';
import { type RunningRouter, startRouter } from '../fakes/router.ts';
import { sleep, until } from '../fakes/until.ts';
import { chatRequest } from './load-client.ts';
import { startSimProcess } from './sim-process.ts';

const MODEL = 'm';
/** Milliseconds between two events of the stream. */
export const PACE_MS = 2;
const ENGINE = [
  ...['--model', MODEL, '--inter-token-latency', `${PACE_MS}ms`],
  ...['--output-tokens', '1000000'],
];
export const ENDPOINTS = 3000;
/** The last messages of a table are on their way for so long after it is in force. */
const SENDING_MS = 300;

/** Milliseconds. */
export interface Round {
  /** The longest silence of the stream. */
  readonly dryGap: number;
  readonly reloadGap: number;
  /** From asking until it was answered. */
  readonly dryTook: number;
  /** From asking until the table was in force; absent when the watcher had asked before. */
  readonly reloadTook: number | undefined;
}

export interface ReloadRig {
  readonly router: RunningRouter;
  round(): Promise<Round>;
  /** The longest silence of the stream while nothing else happens. */
  idleGap(forMs: number): Promise<number>;
  close(): Promise<void>;
}

/** A router of one worker with one engine, a stream through both, and a file of many endpoints. */
export async function startReloadRig(): Promise<ReloadRig> {
  const engine = await startSimProcess(...ENGINE);
  const router = await startRouter({
    endpoints: [{ url: engine.url, model: MODEL }],
    files: { 'configs/openai_many.yaml': manyEndpoints(1) },
    config: { server: { workers: 1 } },
    waitUntilUp: false,
  });
  await router.until('the engine is up', ({ backends }) =>
    backends.some(({ id, healthy }) => id.includes(engine.url) && healthy),
  );
  const stream = new Stream(router.port);
  await stream.flows();
  const file = join(router.dir, 'configs', 'openai_many.yaml');
  let weight = 1;
  return {
    router,
    async round() {
      let dryTook = 0;
      let reloadTook: number | undefined;
      const dryGap = await stream.longestGapMs(async () => {
        dryTook = await dryRun(router);
      });
      // Who asks for a reload at once is faster than the watcher, nearly always.
      await replaceFile(file, manyEndpoints(++weight));
      const reloadGap = await stream.longestGapMs(async () => {
        reloadTook = await reload(router);
      });
      return { dryGap, reloadGap, dryTook, reloadTook };
    },
    idleGap: (forMs) => stream.longestGapMs(() => sleep(forMs)),
    async close() {
      stream.close();
      await router.stop();
      await engine.kill();
    },
  };
}

async function ask(router: RunningRouter, query: string): Promise<string> {
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' };
  const response = await fetch(`${router.operationsUrl}/admin/reload${query}`, init);
  return ((await response.json()) as { outcome: string }).outcome;
}

async function dryRun(router: RunningRouter): Promise<number> {
  const startedMs = performance.now();
  assert.equal(await ask(router, '?dry_run=1'), 'dry_run');
  const tookMs = performance.now() - startedMs;
  await sleep(SENDING_MS);
  return tookMs;
}

async function reload(router: RunningRouter): Promise<number | undefined> {
  const startedMs = performance.now();
  const outcome = await ask(router, '');
  assert.match(outcome, /^(applied|unchanged)$/);
  const tookMs = performance.now() - startedMs;
  await sleep(SENDING_MS);
  return outcome === 'applied' ? tookMs : undefined;
}

/** Endpoints that nobody asks for, and that are not probed. */
function manyEndpoints(weight: number): string {
  const items = Array.from({ length: ENDPOINTS }, (_, index) => {
    const address = `http://127.1.${index >> 8}.${index & 255}:8000/v1`;
    const params = `{model: openai/x, api_base: '${address}', api_key: sk-${index}, `;
    const info = '{disable_background_health_check: true}';
    const lines = [`litellm_params: ${params}weight: ${weight}}`, `model_info: ${info}`];
    return `- model_name: other-${index % 50}\n  ${lines.join('\n  ')}\n`;
  });
  return `model_list:\n${items.join('')}`;
}

/** A stream without an end; all it keeps is when bytes came. */
class Stream {
  readonly #socket: Socket;
  #lastMs = 0;
  #longestMs = 0;
  #chunks = 0;

  constructor(port: number) {
    const { head, body } = chatRequest(MODEL, true);
    this.#socket = connect(port, '127.0.0.1');
    this.#socket.setNoDelay(true);
    this.#socket.on('error', () => {});
    this.#socket.on('data', () => {
      const nowMs = performance.now();
      this.#longestMs = Math.max(this.#longestMs, nowMs - this.#lastMs);
      this.#lastMs = nowMs;
      this.#chunks++;
    });
    this.#socket.write(Buffer.concat([head, body]));
  }

  async flows(): Promise<void> {
    await until('the stream flows', () => this.#chunks >= 50);
  }

  async longestGapMs(during: () => Promise<unknown>): Promise<number> {
    this.#longestMs = 0;
    const before = this.#chunks;
    await during();
    assert.ok(this.#chunks > before + 50, 'the stream goes on');
    return this.#longestMs;
  }

  close(): void {
    this.#socket.destroy();
  }
}
