/**
 * Engines die in the middle of an answer: the client gets every whole event, then the truth in a
 * form that its library raises, and never what looks like a proper end.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { connectRaw, type Ending, parseAnswer } from '../fakes/raw-client.ts';
import {
  chunk,
  LAST_CHUNK,
  type RawEngine,
  type Script,
  STREAM_HEAD,
  startRawEngine,
} from '../fakes/raw-engine.ts';
import { type RunningRouter, startRouter } from '../fakes/router.ts';
import { until } from '../fakes/until.ts';
import { chatEvent, MODEL, untilIdle } from './fault-rig.ts';
import { loadRequest } from './load-client.ts';

const EVENTS = 20;

interface Dialect {
  readonly name: string;
  readonly path: string;
  readonly events: readonly string[];
  readonly lastWords: RegExp;
  /** Reads a stream with the official client; rejects with what that raises. */
  read(): Promise<number>;
}

let engine: RawEngine;
let router: RunningRouter;
/** What the client of now has of its answer. */
let heard: () => string = () => '';

const OPENAI_WORDS =
  /^data: \{"error":\{[^\n]*"type":"upstream_error"[^\n]*"code":"upstream_disconnected"\}\}\n\n$/;

const DIALECTS: readonly Dialect[] = [
  {
    name: 'Chat Completions',
    path: '/v1/chat/completions',
    events: numbered((n) => chatEvent(`word ${n}`)),
    lastWords: OPENAI_WORDS,
    read: async () =>
      countOf(await openai().chat.completions.create({ model: MODEL, messages: [], stream: true })),
  },
  {
    name: 'Messages',
    path: '/v1/messages',
    events: numbered((n) => anthropicEvent(n)),
    lastWords: /^event: error\ndata: \{"type":"error","error":\{"type":"api_error",[^\n]*\}\}\n\n$/,
    read: async () =>
      countOf(
        await anthropic().messages.create({
          model: MODEL,
          max_tokens: 5,
          messages: [{ role: 'user', content: 'hello' }],
          stream: true,
        }),
      ),
  },
  {
    name: 'Responses',
    path: '/v1/responses',
    events: numbered((n) => responsesEvent(n)),
    lastWords: /^event: error\ndata: \{"type":"error","code":"upstream_disconnected",.*\}\n\n$/,
    read: async () =>
      countOf(await openai().responses.create({ model: MODEL, input: 'hello', stream: true })),
  },
];

before(async () => {
  engine = await startRawEngine(() => {}, MODEL);
  router = await startRouter({
    endpoints: [{ url: engine.url, model: MODEL }],
    // The only endpoint must stay in the rotation however often it dies.
    config: {
      routing: { num_retries: 0 },
      retry: { failure_threshold: 1_000_000 },
    },
  });
});

after(async () => {
  await router?.stop();
  await engine?.close();
});

for (const dialect of DIALECTS) {
  test(`${dialect.name}: ends honestly after each of ${EVENTS} events`, async () => {
    for (let count = 1; count <= EVENTS; count++) {
      for (const way of ['end', 'reset'] as const) {
        engine.script = dying(dialect, count, '', way);
        await assertHonest(dialect, count);
      }
    }
    await untilIdle(router);
  });

  test(`${dialect.name}: forwards whole events only when death comes inside one`, async () => {
    const next = dialect.events[EVENTS - 1]!;
    for (let length = 1; length < next.length; length += 7) {
      const way = length % 2 === 0 ? 'end' : 'reset';
      engine.script = dying(dialect, 3, next.slice(0, length), way);
      await assertHonest(dialect, 3);
    }
    await untilIdle(router);
  });

  test(`${dialect.name}: a clean end without the last event is no success either`, async () => {
    engine.script = async ({ send }) => {
      send(STREAM_HEAD);
      send(chunk(dialect.events.slice(0, 4).join('')));
      // With its events still in hand the router could answer with an error instead.
      await until('the client has them', () => heard().includes(dialect.events[3]!));
      send(LAST_CHUNK);
    };
    await assertHonest(dialect, 4);
  });

  test(`${dialect.name}: the official client raises`, async () => {
    for (const count of [1, 7, EVENTS]) {
      engine.script = dying(dialect, count, '', 'reset');
      await assert.rejects(dialect.read(), (error: Error) => {
        assert.ok(error instanceof OpenAI.APIError || error instanceof Anthropic.APIError);
        assert.match(JSON.stringify(error), /upstream_disconnected|api_error/);
        return true;
      });
    }
  });
}

test('an answer that is not a stream and is cut half-way ends with the connection', async () => {
  for (const way of ['end', 'reset'] as const) {
    for (const framing of ['Content-Length: 400', 'Transfer-Encoding: chunked']) {
      engine.script = async ({ send, ...stage }) => {
        send(`HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n${framing}\r\n\r\n`);
        send(framing.startsWith('C') ? '{"half":' : chunk('{"half":'));
        await until('the client has it', () => heard().includes('{"half":'));
        stage[way]();
      };
      const { text, ending } = await receive('/v1/chat/completions', false);
      assert.notEqual(ending, 'open');
      const answer = parseAnswer(Buffer.from(text, 'latin1'))!;
      assert.equal(answer.complete, false, 'nobody may take it for whole');
      assert.equal(answer.body.toString(), '{"half":');
    }
  }
  await untilIdle(router);
});

function numbered(event: (n: number) => string): readonly string[] {
  return Array.from({ length: EVENTS }, (_, n) => event(n));
}

function anthropicEvent(n: number): string {
  const [type, fields] =
    n === 0
      ? ['message_start', { message: { id: 'a', role: 'assistant', content: [], usage: {} } }]
      : ['content_block_delta', { index: 0, delta: { type: 'text_delta', text: `word ${n}` } }];
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
}

function responsesEvent(n: number): string {
  const type = 'response.output_text.delta';
  const fields = { item_id: 'i', output_index: 0, content_index: 0, delta: `word ${n}` };
  return `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: n, ...fields })}\n\n`;
}

/**
 * Sends so many events, and a piece of one more, then ends the connection. A reset overtakes what
 * the router has not read yet, so it waits until the client has the whole events.
 */
function dying(dialect: Dialect, count: number, piece: string, way: 'end' | 'reset'): Script {
  const events = dialect.events.slice(0, count);
  return async ({ send, delay, ...stage }) => {
    send(STREAM_HEAD);
    for (const event of events) send(chunk(event));
    await until('the client has them', () => heard().includes(events.at(-1)!));
    if (piece !== '') send(chunk(piece));
    await delay(3);
    stage[way]();
  };
}

async function assertHonest(dialect: Dialect, count: number): Promise<void> {
  const { text, ending } = await receive(dialect.path, true);
  assert.notEqual(ending, 'open');
  assert.ok(!text.includes('[DONE]'));
  assert.ok(!text.endsWith('0\r\n\r\n'), 'no last chunk');
  const answer = parseAnswer(Buffer.from(text, 'latin1'))!;
  assert.equal(answer.complete, false);
  const whole = dialect.events.slice(0, count).join('');
  const body = answer.body.toString();
  assert.equal(body.slice(0, whole.length), whole);
  assert.match(body.slice(whole.length), dialect.lastWords);
}

async function receive(path: string, stream: boolean): Promise<{ text: string; ending: Ending }> {
  const body = Buffer.from(JSON.stringify({ model: MODEL, stream }));
  const { head } = loadRequest(body, stream, path);
  const client = await connectRaw(router.port);
  heard = () => client.received().toString();
  client.send(Buffer.concat([head, body]));
  const ending = await client.ended();
  client.abort();
  return { text: client.text(), ending };
}

function openai(): OpenAI {
  const baseURL = `${router.url}/v1`;
  return new OpenAI({ baseURL, apiKey: 'none', maxRetries: 0, fetch: tapped });
}

function anthropic(): Anthropic {
  return new Anthropic({ baseURL: router.url, apiKey: 'none', maxRetries: 0, fetch: tapped });
}

/** A fetch that lets `heard` tell what has come of its answer. */
const tapped: typeof fetch = async (input, init) => {
  let text = '';
  heard = () => text;
  const response = await fetch(input, init);
  const decoder = new TextDecoder();
  const tap = new TransformStream<Uint8Array, Uint8Array>({
    transform(bytes, controller) {
      text += decoder.decode(bytes, { stream: true });
      controller.enqueue(bytes);
    },
  });
  return new Response(response.body!.pipeThrough(tap), response);
};

async function countOf(stream: AsyncIterable<unknown>): Promise<number> {
  let count = 0;
  for await (const _ of stream) count++;
  return count;
}
