/**
 * The engine dies in the middle of a stream, at every event and at every byte of its answer. The
 * oracle knows what the bytes before the end held: the client must get exactly the whole events,
 * and must never be able to take a part for the whole.
 */
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { connectRaw, parseAnswer } from '../fakes/raw-client.ts';
import {
  chunk,
  LAST_CHUNK,
  type RawEngine,
  type Script,
  STREAM_HEAD,
  startRawEngine,
} from '../fakes/raw-engine.ts';
import { type RunningRouter, startRouter } from '../fakes/router.ts';
import { MODEL, untilIdle } from '../scenarios/fault-rig.ts';
import { loadRequest } from '../scenarios/load-client.ts';
import { exactly, type Fault, type Finding, inParallel, noted, type Scale } from './fault.ts';

type Way = 'end' | 'reset';
const WAYS: readonly Way[] = ['end', 'reset'];
const AT_ONCE = 8;
/** Byte offsets that the short run looks at: a step that meets every part of a chunk in time. */
const SHORT_STEP = 13;
const SHORT_SDK_STEP = 211;
const EVENTS = 20;

interface Dialect {
  readonly name: string;
  readonly path: string;
  readonly events: readonly string[];
  /** What follows the last event before the body's end. */
  readonly epilogue: string;
  readonly lastWords: RegExp;
  /** Reads the stream with the official client; `cut` must reach the engine in the body. */
  read(url: string, cut: string): Promise<number>;
}

const OPENAI: Dialect = {
  name: 'OpenAI',
  path: '/v1/chat/completions',
  events: Array.from({ length: EVENTS }, (_, n) => chatEvent(n)),
  epilogue: 'data: [DONE]\n\n',
  lastWords: /^data: \{"error":\{[^{}]*"code":"upstream_disconnected"\}\}\n\n$/,
  read: async (url, cut) => {
    const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0 });
    const fields = { model: MODEL, messages: [], stream: true, user: cut } as const;
    return await countOf(await client.chat.completions.create({ ...fields, messages: [] }));
  },
};

const ANTHROPIC: Dialect = {
  name: 'Anthropic',
  path: '/v1/messages',
  events: Array.from({ length: EVENTS }, (_, n) => messageEvent(n)),
  epilogue: '',
  lastWords: /^event: error\ndata: \{"type":"error","error":\{"type":"api_error",[^{}]*\}\}\n\n$/,
  read: async (url, cut) => {
    const client = new Anthropic({ baseURL: url, apiKey: 'none', maxRetries: 0 });
    return await countOf(
      await client.messages.create({
        model: MODEL,
        max_tokens: 5,
        messages: [{ role: 'user', content: 'hello' }],
        metadata: { user_id: cut },
        stream: true,
      }),
    );
  },
};

export const ENDINGS: readonly Fault[] = [OPENAI, ANTHROPIC].flatMap((dialect) => [
  {
    title: `upstream death at every byte, ${dialect.name}`,
    provoked:
      `the engine sends the first n bytes of a ${EVENTS}-event stream (head and chunk framing ` +
      'included), then a FIN or a RST, for every n; raw client',
    seen: '502 before the first whole event; later every whole event, one error event, no end',
    run: (scale: Scale) => withMortal(dialect, (rig) => everyByte(rig, scale)),
  },
  {
    title: `upstream death seen by the official ${dialect.name} SDK`,
    provoked: 'the same, at every event and every byte, read by the official SDK without retries',
    seen: 'the SDK raises an error; it never ends quietly with a part of the answer',
    run: (scale: Scale) => withMortal(dialect, (rig) => everySdk(rig, scale)),
  },
]);

interface Rig {
  readonly dialect: Dialect;
  readonly router: RunningRouter;
  /** The whole answer as the engine sends it. */
  readonly bytes: Buffer;
  /** For each event, the offset behind its last body byte. */
  readonly ends: readonly number[];
}

async function withMortal(
  dialect: Dialect,
  scene: (rig: Rig) => Promise<Finding[]>,
): Promise<Finding[]> {
  let bytes = Buffer.from(STREAM_HEAD);
  const ends: number[] = [];
  for (const event of [...dialect.events, dialect.epilogue].filter((text) => text !== '')) {
    bytes = Buffer.concat([bytes, chunk(event)]);
    // The CRLF behind a chunk's data is no part of the event.
    ends.push(bytes.length - 2);
  }
  bytes = Buffer.concat([bytes, Buffer.from(LAST_CHUNK)]);
  let engine: RawEngine | undefined;
  let router: RunningRouter | undefined;
  try {
    engine = await startRawEngine(dying(bytes), MODEL);
    router = await startRouter({
      endpoints: [{ url: engine.url, model: MODEL }],
      // The only endpoint must stay in the rotation however often it dies.
      config: { routing: { num_retries: 0 }, retry: { failure_threshold: 1_000_000 } },
    });
    const findings = await scene({ dialect, router, bytes, ends });
    await untilIdle(router);
    return findings;
  } finally {
    await router?.stop();
    await engine?.close();
  }
}

/** The request says where to end: `cut=OFFSET,WAY` somewhere in its body. */
function dying(bytes: Buffer): Script {
  return async ({ request, send, delay, ...stage }) => {
    const [, offset, way] = /cut=(\d+),(end|reset)/.exec(request.body.toString('latin1'))!;
    if (Number(offset) > 0) send(bytes.subarray(0, Number(offset)));
    // A reset overtakes what the router has not read yet.
    await delay(3);
    stage[way as Way]();
  };
}

async function everyByte(rig: Rig, scale: Scale): Promise<Finding[]> {
  const step = scale === 'long' ? 1 : SHORT_STEP;
  const offsets = Math.floor((rig.bytes.length - 1) / step) + 1;
  const wrong: string[] = [];
  let refused = 0;
  let told = 0;
  let whole = 0;
  await inParallel(offsets * WAYS.length, AT_ONCE, async (index) => {
    const offset = Math.floor(index / WAYS.length) * step;
    const way = WAYS[index % WAYS.length]!;
    const verdict = await judge(rig, offset, way);
    if (verdict === 'refused') refused++;
    else if (verdict === 'told') told++;
    else if (verdict === 'whole') whole++;
    else wrong.push(`${way} after ${offset}: ${verdict}`);
  });
  if (wrong.length > 0) console.error(wrong.slice(0, 20).join('\n'));
  return [
    exactly(`wrong answers in ${offsets * WAYS.length} deaths`, wrong.length, 0),
    noted('answered 502 / told by an error event / whole', `${refused} / ${told} / ${whole}`),
  ];
}

/** What a bare client may conclude; anything but three honest words is a finding. */
async function judge(rig: Rig, offset: number, way: Way): Promise<string> {
  const { dialect, ends } = rig;
  const { text, ending } = await receive(rig, `cut=${offset},${way}`);
  const answer = parseAnswer(Buffer.from(text, 'latin1'));
  if (answer === undefined) return `no answer but ${ending}`;
  const count = ends.filter((end) => end <= offset).length;
  const expected = [...dialect.events, dialect.epilogue].slice(0, count).join('');
  if (answer.status === 502) {
    // A reset may take away what was sent before it.
    return count === 0 || way === 'reset' ? 'refused' : 'a 502 although events had come';
  }
  if (answer.status !== 200) return `status ${answer.status}`;
  const body = answer.body.toString();
  if (answer.complete) {
    const everything = dialect.events.join('') + dialect.epilogue;
    return body === everything ? 'whole' : 'a proper end without the whole answer';
  }
  const wordsAt = body.search(/(event: error\ndata: |data: \{"error")/);
  const events = wordsAt < 0 ? body : body.slice(0, wordsAt);
  if (!dialect.lastWords.test(body.slice(events.length))) return 'no error event at the end';
  if (way === 'end' && events !== expected) return 'other events than the engine sent';
  if (!expected.startsWith(events)) return 'bytes that the engine did not send';
  return events === '' || events.endsWith('\n\n') ? 'told' : 'a part of an event';
}

async function receive(rig: Rig, cut: string): Promise<{ text: string; ending: string }> {
  const body = Buffer.from(JSON.stringify({ model: MODEL, stream: true, user: cut }));
  const { head } = loadRequest(body, true, rig.dialect.path);
  const client = await connectRaw(rig.router.port);
  client.send(Buffer.concat([head, body]));
  // A 502 leaves the connection open; a broken stream ends it.
  const over = () => client.ending !== 'open' || parseAnswer(client.received())?.complete === true;
  await client.until(over).catch(() => {});
  client.abort();
  return { text: client.text(), ending: client.ending };
}

async function everySdk(rig: Rig, scale: Scale): Promise<Finding[]> {
  const atEvents = rig.ends.slice(0, EVENTS).map((end) => end + 2);
  const step = scale === 'long' ? 1 : SHORT_SDK_STEP;
  const between: number[] = [];
  for (let offset = 0; offset < rig.bytes.length; offset += step) between.push(offset);
  const offsets = [...atEvents, ...between];
  let typed = 0;
  let raised = 0;
  let whole = 0;
  const silent: string[] = [];
  await inParallel(offsets.length * WAYS.length, AT_ONCE, async (index) => {
    const offset = offsets[Math.floor(index / WAYS.length)]!;
    const way = WAYS[index % WAYS.length]!;
    try {
      const count = await rig.dialect.read(rig.router.url, `cut=${offset},${way}`);
      if (count === EVENTS) whole++;
      else silent.push(`${way} after ${offset}: ${count} events`);
    } catch (error) {
      if (error instanceof OpenAI.APIError || error instanceof Anthropic.APIError) typed++;
      else raised++;
    }
  });
  if (silent.length > 0) console.error(silent.slice(0, 20).join('\n'));
  return [
    exactly(`silent truncations in ${offsets.length * WAYS.length} deaths`, silent.length, 0),
    noted(
      'raised a typed error / a broken connection / got all',
      `${typed} / ${raised} / ${whole}`,
    ),
  ];
}

function chatEvent(n: number): string {
  const last = n === EVENTS - 1;
  const delta = last ? {} : { content: `word ${n} é` };
  const choices = [{ index: 0, delta, finish_reason: last ? 'stop' : null }];
  const fields = { id: 'c', object: 'chat.completion.chunk', created: 1, model: MODEL };
  return `data: ${JSON.stringify({ ...fields, choices })}\n\n`;
}

function messageEvent(n: number): string {
  const message = { id: 'a', role: 'assistant', content: [], usage: {} };
  const words = { index: 0, delta: { type: 'text_delta', text: `word ${n}` } };
  const [type, fields] =
    n === 0
      ? ['message_start', { message }]
      : n === 1
        ? ['content_block_start', { index: 0, content_block: { type: 'text', text: '' } }]
        : n === EVENTS - 3
          ? ['content_block_stop', { index: 0 }]
          : n === EVENTS - 2
            ? ['message_delta', { delta: { stop_reason: 'end_turn' }, usage: {} }]
            : n === EVENTS - 1
              ? ['message_stop', {}]
              : ['content_block_delta', words];
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
}

async function countOf(stream: AsyncIterable<unknown>): Promise<number> {
  let count = 0;
  for await (const _ of stream) count++;
  return count;
}
