/**
 * A fleet whose every number is known to stand still: after a load with each kind of end it holds
 * some requests open, and lets some wait, until it is told to let go. So what a page shows can be
 * compared with other readings, however long the machine takes for it.
 */
import { connect } from 'node:net';
import { type Sim, startSim } from '../../src/sim/engine.ts';
import { type RunningRouter, startRouter } from '../fakes/router.ts';
import { until } from '../fakes/until.ts';

type SimSetup = Parameters<typeof startSim>[0];

const FOREVER_MS = 600_000;
const STREAM_GAP_MS = 500;
const LIMIT = 3;
/** Requests that an engine holds, those of them without a byte of answer, and those that wait. */
export const HELD = 3;
export const PENDING = 1;
export const QUEUED = 2;

/** By model, which each has one engine. */
const ENGINES: Readonly<Record<string, SimSetup>> = {
  steady: { timeToFirstTokenMs: 40, interTokenLatencyMs: 3, outputTokens: 20 },
  busy: { failureInjectionRate: 100, failureStatus: 429 },
  failing: { failureInjectionRate: 100 },
  broken: { dieAfterEvents: 2, outputTokens: 9 },
  silent: { interTokenLatencyMs: FOREVER_MS, outputTokens: 9 },
  refusing: {},
  limited: { engine: 'sglang', outputTokens: 5 },
};

export interface KnownFleet {
  readonly router: RunningRouter;
  /** By endpoint id. */
  readonly sims: ReadonlyMap<string, Sim>;
  /** Resolves when the load is over and only the held requests remain. */
  load(): Promise<void>;
  stop(): Promise<void>;
}

/** Nothing has been asked of it yet. */
export async function startKnownFleet(): Promise<KnownFleet> {
  const sims = new Map<string, Sim>();
  for (const [model, options] of Object.entries(ENGINES)) {
    sims.set(model, await startSim({ ...options, model }));
  }
  const closeSims = () => Promise.all([...sims.values()].map((sim) => sim.close()));
  const router = await startRouter({
    endpoints: [...sims].map(([model, { url }]) => {
      return { url, model, ...(model === 'limited' ? { rpmLimit: LIMIT } : {}) };
    }),
    config: {
      // Probes would find the refusing engine out.
      health_check: { interval: 600 },
      ejection: { base_ms: FOREVER_MS, max_ms: FOREVER_MS },
      retry: { base_delay_ms: 20 },
      // What is held keeps others waiting: a rate limit would let them go after a minute.
      routing: {
        ...{ max_parallel_requests: HELD, queue_timeout_ms: FOREVER_MS },
        unavailable_wait_ms: 50,
      },
      timeouts: { stream_gap_ms: STREAM_GAP_MS, head_hold_ms: FOREVER_MS },
    },
  }).catch(async (error: unknown) => {
    await closeSims();
    throw error;
  });
  const held = new AbortController();
  const stop = async () => {
    held.abort();
    await router.stop();
    await closeSims();
  };
  const byId = [...sims].map(([model, sim]) => [`${model}@${sim.url}/v1`, sim] as const);
  return {
    ...{ router, stop },
    sims: new Map(byId),
    load: () => load(router, sims, held.signal),
  };
}

async function load(
  router: RunningRouter,
  sims: ReadonlyMap<string, Sim>,
  held: AbortSignal,
): Promise<void> {
  await sims.get('refusing')!.setOptions({ refuse: true });
  const models = ['busy', 'failing', 'broken', 'silent', 'refusing', 'steady', 'steady', 'unknown'];
  for (let round = 0; round < 3; round++) {
    await Promise.all([...models, 'limited'].map((model) => ask(router, model)));
  }
  await aborted(router, sims.get('steady')!);
  await badHead(router);
  const holding = sims.get('steady')!;
  for (let at = PENDING; at < HELD; at++) void ask(router, 'steady', held);
  await until('the engine holds streams', () => holding.stats().running === HELD - PENDING);
  await holding.setOptions({ failureInjectionRate: 100, failureTypes: ['hang'] });
  for (let at = 0; at < PENDING; at++) void ask(router, 'steady', held);
  for (let at = 0; at < QUEUED; at++) void ask(router, 'steady', held);
}

/** Streams an answer to its end, whatever that is. */
async function ask(router: RunningRouter, model: string, signal?: AbortSignal): Promise<void> {
  const messages = [{ role: 'user', content: 'What does a router do? '.repeat(5) }];
  try {
    const response = await fetch(`${router.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ model, messages, stream: true }),
      signal: signal ?? null,
    });
    await response.text();
  } catch {
    // Broken off, as this fleet does.
  }
}

/** A client that leaves while its engine works. */
async function aborted(router: RunningRouter, sim: Sim): Promise<void> {
  await sim.setOptions({ timeToFirstTokenMs: FOREVER_MS });
  const client = new AbortController();
  const asked = ask(router, 'steady', client.signal);
  await until('the engine has the request', () => sim.stats().active === 1);
  client.abort();
  await asked;
  await until('the engine has lost the request', () => sim.stats().active === 0);
}

async function badHead({ port }: RunningRouter): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  socket.end('GET / HTTP/9.9\r\n\r\n');
  socket.resume();
  await new Promise((done) => socket.once('close', done));
}
