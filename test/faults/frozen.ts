/**
 * Processes that stop for a while and go on: an engine, and the router itself. A stopped process
 * still accepts connections (its kernel does), so only silence tells.
 */
import { type ConfigTree, type RunningRouter, startRouter } from '../fakes/router.ts';
import { sleep } from '../fakes/until.ts';
import { ejections, MODEL, untilIdle } from '../scenarios/fault-rig.ts';
import {
  LoadClient,
  type LoadRequest,
  loadRequest,
  type Outcome,
} from '../scenarios/load-client.ts';
import { type SimProcess, startSimProcess } from '../scenarios/sim-process.ts';
import { atMost, exactly, type Fault, type Finding, noted, type Scale } from './fault.ts';

const PAUSE_MS = 2000;
const TIMES: Readonly<Record<Scale, number>> = { short: 1, long: 5 };
const STREAMS = 40;
const FIRST_BYTE_MS = 400;
/** Each ejection in a row lasts half a second longer here. */
const BACK_MS = 4000;

export const FROZEN: readonly Fault[] = [
  {
    title: 'engine SIGSTOP and SIGCONT',
    provoked:
      `one of two engines is stopped for 2 s in the middle of ${STREAMS} streams while small ` +
      'requests go on (`first_byte_ms` 400); five times',
    seen: 'streams of the stopped engine pause and go on; new requests are answered by the other',
    run: (scale) =>
      withSims(engineFreezes, scale, {
        timeouts: { first_byte_ms: FIRST_BYTE_MS },
        health_check: { interval: 0.5, timeout: 0.5, failure_threshold: 2 },
        ejection: { base_ms: 500 },
      }),
  },
  {
    title: 'router SIGSTOP for 2 s',
    provoked:
      `the router is stopped for 2 s with ${STREAMS} streams and ${STREAMS} waiting requests in ` +
      'flight; every timer that could fire meanwhile is set below 2 s; five times',
    seen: 'a pause; then everything goes on',
    run: (scale) =>
      withSims(routerFreezes, scale, {
        // Far above what engines take on a busy machine, and all below the pause.
        timeouts: { first_byte_ms: 1800, stream_gap_ms: 1800, body_gap_ms: 1800 },
        http_client: { connect_timeout: 1.5 },
        health_check: { interval: 0.3, timeout: 1.7, failure_threshold: 1 },
      }),
  },
];

interface Rig {
  readonly router: RunningRouter;
  readonly sims: readonly SimProcess[];
  readonly client: LoadClient;
}

async function withSims(
  scene: (rig: Rig) => Promise<Outcome[]>,
  scale: Scale,
  config: ConfigTree,
): Promise<Finding[]> {
  const sims: SimProcess[] = [];
  let router: RunningRouter | undefined;
  try {
    // Streams of three seconds. Slow heads, so that a probe is nearly always under way.
    const flags = ['--model', MODEL, '--output-tokens', '150', '--inter-token-latency', '20'];
    flags.push('--slow-headers', '150');
    for (let i = 0; i < 2; i++) sims.push(await startSimProcess(...flags));
    router = await startRouter({
      endpoints: sims.map(({ url }) => ({ url, model: MODEL })),
      config,
    });
    const client = new LoadClient(router.port, 20_000);
    const outcomes: Outcome[] = [];
    const backMs: number[] = [];
    for (let time = 0; time < TIMES[scale]; time++) {
      outcomes.push(...(await scene({ router, sims, client })));
      const overMs = performance.now();
      await untilServing(router, client);
      backMs.push(performance.now() - overMs);
    }
    client.close();
    await untilIdle(router);
    return findingsOf(scene === routerFreezes, router, outcomes, Math.max(...backMs));
  } finally {
    await router?.stop();
    for (const sim of sims) {
      sim.thaw();
      await sim.kill();
    }
  }
}

/** An ejected endpoint comes back by serving a request, so there must be some. */
async function untilServing(router: RunningRouter, client: LoadClient): Promise<void> {
  const up = router.untilUp(2).then(() => true);
  for (let over = false; !over; over = await Promise.race([up, sleep(20).then(() => false)])) {
    await client.send(request(false, 1));
  }
}

function findingsOf(
  ofRouter: boolean,
  router: RunningRouter,
  outcomes: readonly Outcome[],
  backMs: number,
): Finding[] {
  const bad = outcomes.filter(({ kind }) => kind !== 'ok');
  for (const { kind, text } of bad.slice(0, 5)) console.error(kind, text.slice(-300));
  const downs = router.logs().filter(({ msg }) => msg === 'endpoint is down').length;
  const errors = exactly(`errors in ${outcomes.length} requests`, bad.length, 0);
  if (!ofRouter) return [errors, atMost('in the rotation again after', backMs, BACK_MS, 'ms')];
  return [
    errors,
    exactly('endpoints ejected', ejections(router), 0),
    exactly('endpoints found down', downs, 0),
    noted('all endpoints up when it went on, after', `${backMs.toFixed(0)} ms`),
  ];
}

async function engineFreezes({ sims, client }: Rig): Promise<Outcome[]> {
  const streams = Array.from({ length: STREAMS }, () => client.send(request(true, 100)));
  await sleep(500);
  sims[0]!.freeze();
  const small: Promise<Outcome>[] = [];
  for (let i = 0; i < PAUSE_MS / 100; i++) {
    small.push(client.send(request(false, 1)));
    await sleep(100);
  }
  sims[0]!.thaw();
  return await Promise.all([...streams, ...small]);
}

async function routerFreezes({ router, client }: Rig): Promise<Outcome[]> {
  const streams = Array.from({ length: STREAMS }, () => client.send(request(true, 150)));
  await sleep(500);
  const waiting = Array.from({ length: STREAMS }, () => client.send(request(false, 30)));
  await sleep(100);
  router.child.signal('SIGSTOP');
  // These meet a process that does not run at all.
  const early = Array.from({ length: 5 }, () => client.send(request(false, 1)));
  await sleep(PAUSE_MS);
  router.child.signal('SIGCONT');
  return await Promise.all([...streams, ...waiting, ...early]);
}

function request(stream: boolean, tokens: number): LoadRequest {
  const messages = [{ role: 'user', content: 'hello' }];
  const body = { model: MODEL, stream, max_tokens: tokens, messages };
  return loadRequest(Buffer.from(JSON.stringify(body)), stream);
}
