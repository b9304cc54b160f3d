/**
 * A client leaves in each of the five stages of a request. Where there is an upstream connection
 * the engine's end of it is timed; where there is none, the moment the router forgot the request.
 */
import { startSim } from '../../src/sim/engine.ts';
import { BlackHole } from '../fakes/black-hole.ts';
import { connectRaw, type RawClient } from '../fakes/raw-client.ts';
import { chunk, type Script, STREAM_HEAD, startRawEngine } from '../fakes/raw-engine.ts';
import { type RunningRouter, startRouter } from '../fakes/router.ts';
import { sleep, until } from '../fakes/until.ts';
import { chatEvent, errorAnswer, MODEL, untilIdle } from '../scenarios/fault-rig.ts';
import { chatRequest } from '../scenarios/load-client.ts';
import { atMost, exactly, type Fault, type Finding, noted, quantile, type Scale } from './fault.ts';
import { socketsOf } from './proc.ts';

/** In rounds of so many: one stall of a busy machine must not decide about all of them. */
const TIMES: Readonly<Record<Scale, number>> = { short: 10, long: 100 };
const ROUNDS = 3;
/** The promise; the short run shares its cores with other tests. */
const LIMIT_MS: Readonly<Record<Scale, number>> = { short: 100, long: 10 };
const PATIENT = { failure_threshold: 1_000_000 };
/** Where sockets of the router are counted, those of probes and scrapes are in the way. */
const UNPROBED = { health_check: { interval: 3600 }, monitor: { collect_interval: 3600 } };
/** What is timed by looking is looked at so often. */
const LOOK_MS = 1;
const PATIENCE_MS = 10_000;

export const CANCELS: readonly Fault[] = [
  fault('waiting', 'the engine has the request and says nothing', waiting),
  fault('streaming', 'the engine has sent the first event', streaming),
  fault('connecting', "the engine's kernel does not answer the handshake", connecting),
  fault('queued', 'the only endpoint has used up its rate limit', queued),
  fault(
    'backing off',
    'the only endpoint answered 500, the pause before the next try is 1 s',
    backing,
  ),
];

/** One cancelled request; resolves with how long the upstream side lived on. */
type Cancel = (how: number) => Promise<number>;
type Scene = (
  measure: (router: RunningRouter, cancel: Cancel) => Promise<Finding[]>,
) => Promise<Finding[]>;

function fault(stage: string, how: string, scene: Scene): Fault {
  return {
    title: `client cancel while ${stage}`,
    provoked: `${how}; the client closes or resets, 300 times`,
    seen: 'nothing (it has left)',
    run: (scale) => scene((router, cancel) => repeat(scale, router, cancel)),
  };
}

async function repeat(scale: Scale, router: RunningRouter, cancel: Cancel): Promise<Finding[]> {
  const { failures } = (await router.dashboard()).requests;
  const rounds: number[][] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const took: number[] = [];
    for (let time = 0; time < TIMES[scale]; time++) took.push(await cancel(time));
    rounds.push(took);
  }
  const p99s = rounds.map((took) => quantile(took, 0.99));
  const all = rounds.flat();
  await untilIdle(router);
  const after = await router.until('each is counted', ({ requests }) => {
    return requests.failures - failures >= all.length;
  });
  const leases = after.backends.reduce((sum, { connections }) => sum + connections, 0);
  return [
    atMost('upstream closed, p99, median of 3 rounds', quantile(p99s, 0.5), LIMIT_MS[scale], 'ms'),
    noted(
      'p50 / p99 / worst of all',
      `${[0.5, 0.99, 1].map((q) => quantile(all, q).toFixed(1)).join(' / ')} ms`,
    ),
    exactly('leases left', leases, 0),
    exactly('requests counted as gone', after.requests.failures - failures, all.length),
  ];
}

async function ask(port: number, stream = false): Promise<RawClient> {
  const client = await connectRaw(port);
  const { head, body } = chatRequest(MODEL, stream);
  client.send(Buffer.concat([head, body]));
  return client;
}

function leave(client: RawClient, how: number): number {
  const atMs = performance.now();
  if (how % 2 === 0) client.abort();
  else client.reset();
  return atMs;
}

function waiting(measure: Parameters<Scene>[0]): Promise<Finding[]> {
  return atEngine(() => {}, measure);
}

function streaming(measure: Parameters<Scene>[0]): Promise<Finding[]> {
  const script: Script = ({ send }) => {
    send(STREAM_HEAD);
    send(chunk(chatEvent('first')));
  };
  return atEngine(script, measure, 'first');
}

/** The engine has the request; with `seen`, the client has had that. */
async function atEngine(
  script: Script,
  measure: Parameters<Scene>[0],
  seen = '',
): Promise<Finding[]> {
  const engine = await startRawEngine(script, MODEL);
  const router = await startRouter({ endpoints: [{ url: engine.url, model: MODEL }] });
  try {
    return await measure(router, async (how) => {
      engine.forget();
      const client = await ask(router.port, seen !== '');
      await until('the engine has the request', () => engine.requests.length === 1);
      if (seen !== '') await client.untilText(seen);
      const leftMs = leave(client, how);
      const request = engine.requests[0]!;
      await until('the engine saw it', () => request.closedAtMs >= 0);
      return request.closedAtMs - leftMs;
    });
  } finally {
    await router.stop();
    await engine.close();
  }
}

async function connecting(measure: Parameters<Scene>[0]): Promise<Finding[]> {
  const hole = await BlackHole.open(MODEL);
  const router = await startRouter({
    endpoints: [{ url: hole.url, model: MODEL }],
    config: UNPROBED,
  });
  try {
    await hole.swallow();
    return await measure(router, (how) => untilClosed(router, { sockets: 2, how }));
  } finally {
    await router.stop();
    await hole.close();
  }
}

async function queued(measure: Parameters<Scene>[0]): Promise<Finding[]> {
  const sim = await startSim({ model: MODEL });
  const router = await startRouter({
    endpoints: [{ url: sim.url, model: MODEL, rpmLimit: 1 }],
    config: { ...UNPROBED, routing: { queue_timeout_ms: 60_000 } },
  });
  try {
    const first = await ask(router.port);
    await first.answer();
    first.abort();
    return await measure(router, (how) => untilClosed(router, { sockets: 1, how }));
  } finally {
    await router.stop();
    await sim.close();
  }
}

async function backing(measure: Parameters<Scene>[0]): Promise<Finding[]> {
  const failing: Script = ({ send, end }) => {
    send(errorAnswer('500 Oops', 'broken', 'Connection: close\r\n'));
    end();
  };
  const engine = await startRawEngine(failing, MODEL);
  const router = await startRouter({
    endpoints: [{ url: engine.url, model: MODEL }],
    config: {
      ...UNPROBED,
      retry: { ...PATIENT, base_delay_ms: 1000, max_delay_ms: 1000, jitter_factor: 0 },
    },
  });
  let asked = 0;
  try {
    const findings = await measure(router, async (how) => {
      // Without a retry budget there is no backing off: a fifth of the requests and ten a second.
      await sleep(80);
      asked++;
      const failed = () => engine.requests.length === asked;
      return await untilClosed(router, { sockets: 1, how, when: failed });
    });
    await sleep(1200);
    const late = engine.requests.length - asked;
    return [...findings, exactly('attempts after the client left', late, 0)];
  } finally {
    await router.stop();
    await engine.close();
  }
}

interface Wait {
  /** That the router has for this request, the client's included. */
  readonly sockets: number;
  readonly how: number;
  /** What must have happened before the client leaves. */
  readonly when?: () => boolean;
}

/** Where no engine tells, the router's own sockets do: all of them go, the client's included. */
async function untilClosed(router: RunningRouter, wait: Wait): Promise<number> {
  const before = socketsOf(router.pid);
  const own = () => [...socketsOf(router.pid)].filter((name) => !before.has(name));
  const client = await ask(router.port);
  await until('it has come so far', () => wait.when?.() !== false && own().length === wait.sockets);
  await sleep(3);
  const opened = own();
  const leftMs = leave(client, wait.how);
  const areGone = () => !opened.some((name) => socketsOf(router.pid).has(name));
  await until('all are gone', areGone, PATIENCE_MS, LOOK_MS);
  return performance.now() - leftMs;
}
