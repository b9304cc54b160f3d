/**
 * Three thousand endpoints change at once while a stream runs: it must not notice. Delays are
 * compared with those of dry runs, which read the same files, so that what remains is what the new
 * table costs the worker; the best of several rounds each, and of more rounds on a busy machine: a
 * table that really stalls a worker stalls it in every one.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { replaceFile } from '../fakes/replace-file.ts';
import { type RunningRouter, startRouter } from '../fakes/router.ts';
import { sleep, until } from '../fakes/until.ts';
import { chatRequest } from './load-client.ts';
import { startSimProcess } from './sim-process.ts';

const MODEL = 'm';
const ENGINE = ['--model', MODEL, '--inter-token-latency', '2ms', '--output-tokens', '1000000'];
const ENDPOINTS = 3000;
const MIN_ROUNDS = 3;
/** More rounds are begun for so long. */
const PATIENCE_MS = 25_000;
/** The last messages of a table are on their way for so long after it is in force. */
const SENDING_MS = 300;
const MAX_DELAY_MS = 5;
const MAX_RELOAD_MS = 1000;
/** Where reading the files alone takes long, a reload may take so many times as long. */
const SLOWER = 2.5;

test('3,000 endpoints reload within a second and delay no stream by 5 ms', async (t) => {
  const engine = await startSimProcess(...ENGINE);
  t.after(() => engine.kill());
  const router = await startRouter({
    endpoints: [{ url: engine.url, model: MODEL }],
    files: { 'configs/openai_many.yaml': manyEndpoints(1) },
    config: { server: { workers: 1 } },
    waitUntilUp: false,
  });
  t.after(() => router.stop());
  await router.until('the engine is up', ({ backends }) =>
    backends.some(({ id, healthy }) => id.includes(engine.url) && healthy),
  );
  const stream = new Stream(router.port);
  t.after(() => stream.close());
  await stream.flows();
  const dry: number[] = [];
  const dryTook: number[] = [];
  const busy: number[] = [];
  const took: number[] = [];
  const file = join(router.dir, 'configs', 'openai_many.yaml');
  const delayMs = () => Math.min(...busy) - Math.min(...dry);
  // Dry runs alone vary by as much as that.
  const boundMs = () => Math.max(MAX_DELAY_MS, Math.min(...dry));
  const limitMs = () => Math.max(MAX_RELOAD_MS, SLOWER * Math.min(...dryTook));
  const isGood = () => delayMs() < boundMs() && Math.min(...took) < limitMs();
  const untilMs = performance.now() + PATIENCE_MS;
  const goesOn = () => performance.now() < untilMs && !isGood();
  for (let round = 0; round < MIN_ROUNDS || goesOn(); round++) {
    dry.push(await stream.longestGapMs(async () => dryTook.push(await dryRun(router))));
    // Who asks for a reload at once is faster than the watcher, nearly always.
    await replaceFile(file, manyEndpoints(round + 2));
    busy.push(await stream.longestGapMs(async () => took.push(...(await reload(router)))));
  }
  const show = (list: number[]) => list.map((ms) => ms.toFixed(1)).join(' ');
  console.log(`gaps: dry runs ${show(dry)}, reloads ${show(busy)} ms`);
  console.log(`dry runs took ${show(dryTook)}, reloads ${show(took)} ms`);
  assert.ok(delayMs() < boundMs(), `a reload delays the stream by ${delayMs()} ms`);
  assert.ok(Math.min(...took) < limitMs(), `the quickest reload took ${Math.min(...took)} ms`);
  // Where cores are scarce the reading of files waits for the streams, and nothing else does.
  if (process.env.LLM_ROUTER_RUNTIME !== 'bun') {
    assert.deepEqual(politeThreads(router.pid), ['loader']);
  }
});

/** Names of the threads that let others go first. */
function politeThreads(pid: number): string[] {
  const threads = readdirSync(`/proc/${pid}/task`).map((thread) => {
    return readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8');
  });
  const niceness = (stat: string) => Number(stat.split(') ')[1]!.split(' ')[16]);
  const usual = Math.min(...threads.map(niceness));
  return threads.filter((stat) => niceness(stat) > usual).map((stat) => /\((.*)\)/.exec(stat)![1]!);
}

async function ask(router: RunningRouter, query: string): Promise<string> {
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' };
  const response = await fetch(`${router.operationsUrl}/admin/reload${query}`, init);
  return ((await response.json()) as { outcome: string }).outcome;
}

/** The time from asking until it is answered. */
async function dryRun(router: RunningRouter): Promise<number> {
  const startedMs = performance.now();
  assert.equal(await ask(router, '?dry_run=1'), 'dry_run');
  const tookMs = performance.now() - startedMs;
  await sleep(SENDING_MS);
  return tookMs;
}

/** The time from asking until it is in force; none when the watcher had asked before. */
async function reload(router: RunningRouter): Promise<number[]> {
  const startedMs = performance.now();
  const outcome = await ask(router, '');
  assert.match(outcome, /^(applied|unchanged)$/);
  const tookMs = performance.now() - startedMs;
  await sleep(SENDING_MS);
  return outcome === 'applied' ? [tookMs] : [];
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
