/**
 * A router that may open only a few files, and more clients than that. What it can serve it
 * serves; it must not crash, spin, or blame the engines for its own poverty, and it recovers when
 * clients leave.
 */
import { connectRaw, type RawClient } from '../fakes/raw-client.ts';
import {
  chunk,
  LAST_CHUNK,
  type Script,
  STREAM_HEAD,
  startRawEngine,
} from '../fakes/raw-engine.ts';
import { startRouter } from '../fakes/router.ts';
import { sleep } from '../fakes/until.ts';
import { chatEvent, ejections, good, MODEL, untilIdle } from '../scenarios/fault-rig.ts';
import { chatRequest, LoadClient } from '../scenarios/load-client.ts';
import { atMost, exactly, type Fault, type Finding, noted, type Scale } from './fault.ts';
import { cpuMs, descriptors } from './proc.ts';

const LIMIT = 64;
const CLIENTS = 200;
const FOR_MS: Readonly<Record<Scale, number>> = { short: 3000, long: 15_000 };
/** Share of one core that a router which cannot accept may use. */
const CPU_SHARE: Readonly<Record<Scale, number>> = { short: 0.6, long: 0.3 };
/** Enough to see after a while that everything works again. */
const AFTERWARDS = 50;

export const DESCRIPTORS: readonly Fault[] = [
  {
    title: 'file descriptors exhausted',
    provoked:
      `the router runs under \`ulimit -n ${LIMIT}\`; ${CLIENTS} clients connect and ask for ` +
      'streams that last, and stay for 15 s',
    seen: 'some their streams, others a closed connection or an error; later all is well',
    notUnderBun: 'a listener of Bun spins while it has no descriptor to accept with',
    run: exhaust,
  },
];

/** Lasts until the test has seen enough. */
function lasting(over: Promise<void>): Script {
  return async (stage) => {
    if (!stage.request.body.includes('"stream":true')) return good(stage);
    stage.send(STREAM_HEAD);
    stage.send(chunk(chatEvent('first')));
    await over;
    stage.send(chunk(`${chatEvent('last')}data: [DONE]\n\n`));
    stage.send(LAST_CHUNK);
  };
}

async function exhaust(scale: Scale): Promise<Finding[]> {
  let end: () => void = () => {};
  const over = new Promise<void>((resolve) => {
    end = resolve;
  });
  const engine = await startRawEngine(lasting(over), MODEL);
  const router = await startRouter({
    endpoints: [{ url: engine.url, model: MODEL }],
    // Probes and scrapes must meet the shortage too.
    config: {
      health_check: { interval: 0.3, timeout: 1, failure_threshold: 2 },
      monitor: { collect_interval: 0.3 },
    },
    under: ['sh', '-c', `ulimit -n ${LIMIT} && exec "$0" "$@"`],
  });
  const clients: RawClient[] = [];
  try {
    const { head, body } = chatRequest(MODEL, true);
    for (let i = 0; i < CLIENTS; i++) {
      const client = await connectRaw(router.port);
      client.send(Buffer.concat([head, body]));
      clients.push(client);
      if (i % 10 === 0) await sleep(5);
    }
    await sleep(500);
    const usedMs = cpuMs(router.pid);
    const used = descriptors(router.pid);
    await sleep(FOR_MS[scale]);
    const share = (cpuMs(router.pid) - usedMs) / FOR_MS[scale];
    const streaming = clients.filter((client) => client.text().includes('first'));
    const closed = clients.filter(({ ending }) => ending !== 'open').length;
    end();
    const whole = await countWhole(streaming);
    for (const client of clients) client.abort();
    const recoveredMs = await recovery(router.port);
    const failed = await failuresOf(router.port);
    await untilIdle(router);
    return [
      noted('descriptors in use at the worst', `${used} of ${LIMIT}`),
      noted('streams served / connections closed early', `${streaming.length} / ${closed}`),
      exactly('begun streams that did not end well', streaming.length - whole, 0),
      atMost('CPU of one core meanwhile', 100 * share, 100 * CPU_SHARE[scale], '%'),
      exactly('crashed workers', crashes(router.logs()), 0),
      exactly('endpoints ejected or found down', ejections(router) + downs(router.logs()), 0),
      atMost('first good answer after the clients left', recoveredMs, 2000, 'ms'),
      exactly(`failed of ${AFTERWARDS} requests afterwards`, failed, 0),
    ];
  } finally {
    end();
    for (const client of clients) client.abort();
    await router.stop();
    await engine.close();
  }
}

async function countWhole(clients: readonly RawClient[]): Promise<number> {
  let count = 0;
  for (const client of clients) {
    // The last event and the last chunk may arrive apart.
    await client.untilText('\r\n0\r\n\r\n', 3000).catch(() => {});
    if (client.text().includes('[DONE]') && client.text().endsWith('\r\n0\r\n\r\n')) count++;
  }
  return count;
}

async function recovery(port: number): Promise<number> {
  const startedMs = performance.now();
  for (let tries = 0; tries < 100; tries++) {
    const client = new LoadClient(port, 1000);
    const { kind } = await client.send(chatRequest(MODEL, false));
    client.close();
    if (kind === 'ok') break;
    await sleep(50);
  }
  return performance.now() - startedMs;
}

async function failuresOf(port: number): Promise<number> {
  let failed = 0;
  for (let i = 0; i < AFTERWARDS; i++) {
    const client = new LoadClient(port, 5000);
    const { kind } = await client.send(chatRequest(MODEL, false));
    if (kind !== 'ok') failed++;
    client.close();
  }
  return failed;
}

type Logs = readonly { readonly msg?: string }[];

function crashes(logs: Logs): number {
  return logs.filter(({ msg }) => msg === 'a worker ended; replacing it').length;
}

function downs(logs: Logs): number {
  return logs.filter(({ msg }) => msg === 'endpoint is down').length;
}
