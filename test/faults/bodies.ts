/**
 * More request bodies at once than there is memory for: the router stays within its budget, every
 * request is answered, and what had to be given up is only the ability to try again.
 */
import { randomBytes } from 'node:crypto';
import type { Child } from '../fakes/child.ts';
import { connectRaw } from '../fakes/raw-client.ts';
import { jsonAnswer, type RawEngine, type Script, startRawEngine } from '../fakes/raw-engine.ts';
import { type RunningRouter, startRouter } from '../fakes/router.ts';
import { until } from '../fakes/until.ts';
import { MODEL, untilIdle } from '../scenarios/fault-rig.ts';
import { LoadClient, loadRequest } from '../scenarios/load-client.ts';
import {
  atMost,
  exactly,
  type Fault,
  type Finding,
  inParallel,
  noted,
  type Scale,
} from './fault.ts';
import { forgetPeak, peakMiB, rssMiB } from './proc.ts';
import { startEngineProgram } from './slow-readers.ts';

const MIB = 1024 * 1024;
const BODY_BYTES = 1.5 * MIB;
const COUNT: Readonly<Record<Scale, number>> = { short: 96, long: 1024 };
const BUDGET_MIB: Readonly<Record<Scale, number>> = { short: 64, long: 256 };
/** Promised on top of the budget. */
const SHARE = 1.25;
/** A small budget does not cover what the process itself grows by at its first work. */
const SLACK_MIB: Readonly<Record<Scale, number>> = { short: 48, long: 0 };
const ENGINE_DELAY_MS = 300;
const RETRY_BUDGET_MIB = 32;
const RETRY_BODIES = 40;

export const BODIES: readonly Fault[] = [
  {
    title: 'a burst of large bodies',
    provoked:
      '1,024 requests of 1.5 MB at once, `model` last, with `server.retry_buffer_bytes` of ' +
      '256 MiB, to an engine that answers 300 ms after it has the body',
    seen: 'its answer, some later than others',
    run: burst,
  },
  {
    title: 'bodies beyond the budget',
    provoked:
      `${RETRY_BODIES} requests of 1.5 MB with a budget of ${RETRY_BUDGET_MIB} MiB; when the ` +
      'engine has them all it resets every connection, and answers from then on',
    seen: 'its answer where the body was still held, else 502 at once',
    run: beyond,
  },
  {
    title: 'chunked upload',
    provoked: '1.5 MB in chunks of odd sizes, also byte by byte at its start, trailers behind',
    seen: 'its answer; the engine got the same bytes',
    run: chunked,
  },
];

/** Valid JSON of the size, with the model's name at the end. */
function largeBody(): Buffer {
  const tail = `"},"model":"${MODEL}"}`;
  const head = '{"image":{"data":"';
  const fill = 'QUJD'.repeat(Math.ceil(BODY_BYTES / 4)).slice(0, BODY_BYTES - 64);
  return Buffer.from(head + fill + tail);
}

async function burst(scale: Scale): Promise<Finding[]> {
  const [engine, url] = await startEngineProgram('--delay', String(ENGINE_DELAY_MS));
  let router: RunningRouter | undefined;
  try {
    router = await startRouter({
      endpoints: [{ url, model: MODEL }],
      config: { server: { retry_buffer_bytes: BUDGET_MIB[scale] * MIB } },
    });
    return await measureBurst(scale, router);
  } finally {
    await router?.stop();
    await (engine as Child).kill();
  }
}

async function measureBurst(scale: Scale, router: RunningRouter): Promise<Finding[]> {
  const client = new LoadClient(router.port, 120_000);
  const request = loadRequest(largeBody(), false);
  const expected = `{"bytes":${request.body.length}}`;
  await client.send(loadRequest(Buffer.from(`{"model":"${MODEL}"}`), false));
  const baseMiB = rssMiB(router.pid);
  forgetPeak(router.pid);
  let wrong = 0;
  const startedMs = performance.now();
  await inParallel(COUNT[scale], COUNT[scale], async () => {
    const { kind, text } = await client.send(request);
    if (kind === 'ok' && text.endsWith(expected)) return;
    if (wrong++ < 3) console.error(kind, text.slice(0, 300));
  });
  const seconds = (performance.now() - startedMs) / 1000;
  const peak = peakMiB(router.pid) - baseMiB;
  client.close();
  await untilIdle(router);
  const limit = BUDGET_MIB[scale] * SHARE + SLACK_MIB[scale];
  return [
    atMost(`memory over the base of ${baseMiB.toFixed(0)} MiB`, peak, limit, 'MiB'),
    exactly(`of ${COUNT[scale]} answers, wrong ones`, wrong, 0),
    noted('the whole burst took', `${seconds.toFixed(1)} s`),
  ];
}

async function beyond(): Promise<Finding[]> {
  let attempts = 0;
  const held: (() => void)[] = [];
  const script: Script = ({ send, reset }) => {
    if (attempts++ < RETRY_BODIES) held.push(reset);
    else send(jsonAnswer({ served: true }));
  };
  const engine = await startRawEngine(script, MODEL);
  const router = await startRouter({
    endpoints: [{ url: engine.url, model: MODEL }],
    config: {
      server: { retry_buffer_bytes: RETRY_BUDGET_MIB * MIB },
      retry: { failure_threshold: 1_000_000, base_delay_ms: 10, max_delay_ms: 20 },
    },
  });
  const client = new LoadClient(router.port, 60_000);
  try {
    const request = loadRequest(largeBody(), false);
    const sent = Array.from({ length: RETRY_BODIES }, () => client.send(request));
    await until('the engine has all bodies', () => held.length === RETRY_BODIES, 30_000);
    for (const reset of held) reset();
    const outcomes = await Promise.all(sent);
    const ok = outcomes.filter(({ kind }) => kind === 'ok').length;
    const given = outcomes.filter(({ status, text }) => {
      return status === 502 && text.includes('"code":"upstream_closed"');
    }).length;
    await untilIdle(router);
    const room = Math.floor((RETRY_BUDGET_MIB * MIB) / request.body.length);
    return [
      exactly('answered by a second attempt: those the budget holds', ok, room),
      exactly('told with a 502', given, RETRY_BODIES - room),
      exactly('attempts at the engine', attempts, RETRY_BODIES + room),
    ];
  } finally {
    client.close();
    await router.stop();
    await engine.close();
  }
}

async function chunked(): Promise<Finding[]> {
  const engine = await startRawEngine(({ send }) => send(jsonAnswer({ served: true })), MODEL);
  const router = await startRouter({ endpoints: [{ url: engine.url, model: MODEL }] });
  try {
    return [await upload(router, engine)];
  } finally {
    await router.stop();
    await engine.close();
  }
}

async function upload(router: RunningRouter, engine: RawEngine): Promise<Finding> {
  const body = largeBody();
  // Not only letters: whatever a JSON string may carry.
  body.write(randomBytes(48).toString('hex'), 40);
  const client = await connectRaw(router.port);
  client.send(
    'POST /v1/chat/completions HTTP/1.1\r\nHost: r\r\nContent-Type: application/json\r\n' +
      'Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n',
  );
  const sizes = [1, 1, 1, 2, 3, 7, 15, 16, 17, 4095, 65_536, 65_537, 262_144];
  let at = 0;
  for (let turn = 0; at < body.length; turn++) {
    const size = Math.min(sizes[turn % sizes.length]!, body.length - at);
    const piece = body.subarray(at, at + size);
    const line = `${size.toString(16)}\r\n`;
    const bytes = Buffer.concat([Buffer.from(line), piece, Buffer.from('\r\n')]);
    if (turn < 8) await client.sendPieces([...bytes].map((byte) => Buffer.of(byte)));
    else client.send(bytes);
    at += size;
  }
  client.send('0\r\nX-Sum: 1\r\n\r\n');
  const answer = await client.answer();
  client.abort();
  const got = engine.requests[0]?.body ?? Buffer.alloc(0);
  const same = answer.status === 200 && got.equals(body);
  return exactly(`${body.length} bytes arrived as they were sent (1 = yes)`, same ? 1 : 0, 1);
}
