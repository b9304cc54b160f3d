/**
 * Bad networks on both sides of the router: slow, late, and with every byte in a packet of its
 * own. However the bytes come, both ends get the same ones.
 */
import { type ChaosProxy, type Harm, startChaosProxy } from '../fakes/chaos-proxy.ts';
import { connectRaw, parseAnswer } from '../fakes/raw-client.ts';
import {
  chunk,
  jsonAnswer,
  LAST_CHUNK,
  type RawEngine,
  type Script,
  STREAM_HEAD,
  startRawEngine,
} from '../fakes/raw-engine.ts';
import { type RunningRouter, startRouter } from '../fakes/router.ts';
import { chatEvent, MODEL, untilIdle } from '../scenarios/fault-rig.ts';
import { loadRequest } from '../scenarios/load-client.ts';
import { exactly, type Fault, type Finding, type Scale } from './fault.ts';

const EVENTS = 20;
/** Sent as one block of text in the request, and once more in the answer. */
const TEXT_BYTES: Readonly<Record<Scale, number>> = { short: 2000, long: 8000 };
const PATIENCE_MS = 60_000;

interface Link {
  readonly title: string;
  readonly provoked: string;
  readonly harm: Harm;
}

const LINKS: readonly Link[] = [
  {
    title: 'every byte in a packet of its own',
    provoked: 'a proxy before and one behind the router write single bytes',
    harm: { sliceBytes: 1 },
  },
  {
    title: 'odd slices',
    provoked: 'both proxies write pieces of 7 bytes',
    harm: { sliceBytes: 7 },
  },
  {
    title: 'little bandwidth',
    provoked: 'both proxies pass 40 KB/s each way',
    harm: { bytesPerSecond: 40_000 },
  },
  {
    title: 'much latency',
    provoked: 'both proxies pass every byte 50 ms later each way',
    harm: { latencyMs: 50 },
  },
];

export const BAD_LINKS: readonly Fault[] = LINKS.map(({ title, provoked, harm }) => ({
  title,
  provoked: `${provoked}; a stream of ${EVENTS} events and a JSON answer, 8 KB up and down`,
  seen: 'the same bytes as on a good network',
  run: (scale) => across(harm, scale),
}));

async function across(harm: Harm, scale: Scale): Promise<Finding[]> {
  // Twelve units of UTF-16, fifteen bytes: text that looks like framing, too.
  const text = 'é𝛑 "\\n" 0\r\n\r\n'.repeat(TEXT_BYTES[scale] / 20);
  const events = Array.from({ length: EVENTS }, (_, n) => chatEvent(`${n} ${text.slice(0, 200)}`));
  const stream = `${events.join('')}data: [DONE]\n\n`;
  const script: Script = ({ request, send }) => {
    if (!request.body.includes('"stream":true')) return send(jsonAnswer({ text }));
    send(STREAM_HEAD);
    for (const event of events) send(chunk(event));
    send(chunk('data: [DONE]\n\n'));
    send(LAST_CHUNK);
  };
  const engine = await startRawEngine(script, MODEL);
  let behind: ChaosProxy | undefined;
  let router: RunningRouter | undefined;
  let before: ChaosProxy | undefined;
  try {
    behind = await startChaosProxy(engine.port, { up: harm, down: harm });
    router = await startRouter({
      endpoints: [{ url: behind.url, model: MODEL }],
      // Asking for usage changes the request, and here every byte is compared.
      config: { monitor: { stream_usage: false } },
    });
    before = await startChaosProxy(router.port, { up: harm, down: harm });
    const good = [
      await carries(before.port, engine, { stream: true, text, expected: stream }),
      await carries(before.port, engine, {
        stream: false,
        text,
        expected: JSON.stringify({ text }),
      }),
    ];
    await untilIdle(router);
    return [exactly('of 2 exchanges, bytes that differ', good.filter((same) => !same).length, 0)];
  } finally {
    await before?.close();
    await router?.stop();
    await behind?.close();
    await engine.close();
  }
}

interface Exchange {
  readonly stream: boolean;
  readonly text: string;
  readonly expected: string;
}

async function carries(port: number, engine: RawEngine, exchange: Exchange): Promise<boolean> {
  engine.forget();
  const { stream, text, expected } = exchange;
  const messages = [{ role: 'user', content: text }];
  const body = Buffer.from(JSON.stringify({ messages, stream, model: MODEL }));
  const { head } = loadRequest(body, stream);
  const client = await connectRaw(port);
  client.send(Buffer.concat([head, body]));
  await client.until((bytes) => parseAnswer(bytes)?.complete === true, PATIENCE_MS);
  const answer = parseAnswer(client.received())!;
  client.abort();
  const request = engine.requests[0]!.body;
  const sameUp = request.equals(body);
  const sameDown = answer.status === 200 && answer.body.toString() === expected;
  if (!sameUp) console.error('the engine got other bytes', request.length, body.length);
  if (!sameDown) console.error('the client got other bytes', answer.status, answer.body.length);
  return sameUp && sameDown;
}
