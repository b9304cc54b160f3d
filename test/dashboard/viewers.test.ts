/**
 * Fifty viewers, and others that never read, do not delay the data plane: streams that run
 * meanwhile have the gaps between their events that they have without them.
 *
 * Rounds with and without viewers alternate. Noise of the machine only ever makes a round worse, so
 * each side counts with its quietest one; a plane that waited for viewers would have none.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { type Sim, startSim } from '../../src/sim/engine.ts';
import { type RunningRouter, startRouter } from '../fakes/router.ts';

const READING = 50;
const HUNG = 5;
/** Endpoints that make what viewers are told large; nobody listens there. */
const MANY = 300;
const GAP_MS = 20;
const ROUNDS = 3;
const STREAMS = 12;
/** Streams last longer than the second in which viewers are told something. */
const EVENTS = 60;
const LEAST_GAPS = 100;
/**
 * Reading takes processor time, which a busy machine lacks; waiting for a viewer that hangs would
 * take seconds.
 */
const BOUNDS = {
  median: (without: number) => 2 * without + GAP_MS,
  p99: (without: number) => 3 * without + 5 * GAP_MS,
};

let sim: Sim;
let router: RunningRouter;

before(async () => {
  sim = await startSim({ model: 'm', interTokenLatencyMs: GAP_MS, outputTokens: EVENTS });
  const many = Array.from({ length: MANY }, (_, index) => {
    return { url: `http://127.0.0.1:9/e${index}/v1`, model: `other-${index % 20}` };
  });
  router = await startRouter({
    endpoints: [{ url: sim.url, model: 'm' }, ...many],
    config: { health_check: { interval: 600 } },
    waitUntilUp: false,
  });
  await router.untilUp(1);
});
after(async () => {
  await router?.stop();
  await sim?.close();
});

/** Milliseconds between the events of one stream. */
async function gapsOfStream(): Promise<number[]> {
  const messages = [{ role: 'user', content: 'a' }];
  const response = await fetch(`${router.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ model: 'm', stream: true, messages }),
  });
  const found: number[] = [];
  let lastMs = 0;
  for await (const _ of response.body!) {
    const nowMs = performance.now();
    if (lastMs > 0) found.push(nowMs - lastMs);
    lastMs = nowMs;
  }
  return found;
}

interface Gaps {
  readonly median: number;
  readonly p99: number;
}

async function gaps(): Promise<Gaps> {
  const all = await Promise.all(Array.from({ length: STREAMS }, gapsOfStream));
  const sorted = all.flat().sort((a, b) => a - b);
  // Of a client that is slow to read, several events come at once.
  assert.ok(sorted.length >= LEAST_GAPS, `${sorted.length} gaps`);
  return { median: sorted[sorted.length >> 1]!, p99: sorted[Math.floor(sorted.length * 0.99)]! };
}

async function watched(): Promise<Gaps> {
  const port = Number(new URL(router.operationsUrl).port);
  const viewers = new Worker(new URL('./viewers-thread.ts', import.meta.url), {
    workerData: { port, reading: READING, hung: HUNG },
  });
  await once(viewers, 'message');
  const found = await gaps();
  viewers.postMessage('how many?');
  const [heard] = (await once(viewers, 'message')) as [number[]];
  for (const events of heard) assert.ok(events >= 1, `${events} events`);
  await viewers.terminate();
  return found;
}

function quietest(rounds: readonly Gaps[], figure: keyof Gaps): number {
  return Math.min(...rounds.map((round) => round[figure]));
}

test('fifty viewers and hung ones delay no stream', async () => {
  const alone: Gaps[] = [];
  const beside: Gaps[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    alone.push(await gaps());
    beside.push(await watched());
  }
  for (const figure of ['median', 'p99'] as const) {
    const [without, withViewers] = [quietest(alone, figure), quietest(beside, figure)];
    const rounds = JSON.stringify({ alone, beside });
    const message = `${figure}: ${without} → ${withViewers} ms; ${rounds}`;
    assert.ok(withViewers < BOUNDS[figure](without), message);
  }
});
