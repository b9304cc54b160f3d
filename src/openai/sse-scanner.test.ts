import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Dialect } from './routes.ts';
import { SseScanner } from './sse-scanner.ts';

interface Seen {
  readonly events: number;
  readonly finished: boolean;
  readonly atBoundary: boolean;
  /** Bytes of the stream up to its last boundary. */
  readonly whole: number;
}

/** Scans a stream cut at the given offsets, each chunk amid stale line ends. */
function scan(text: string, dialect: Dialect, cuts: readonly number[] = []): Seen {
  const body = Buffer.from(text);
  const scanner = new SseScanner();
  scanner.reset(dialect, true);
  let whole = 0;
  let at = 0;
  for (const cut of [...cuts, body.length]) {
    if (cut <= at && cut !== body.length) continue;
    const chunk = Buffer.alloc(cut - at + 8, '\n\r');
    body.copy(chunk, 4, at, cut);
    const boundary = scanner.scan(chunk, 4, 4 + cut - at);
    if (boundary !== -1) {
      assert.ok(boundary > 4 && boundary <= 4 + cut - at, 'a boundary lies within its chunk');
      whole = at + boundary - 4;
    }
    at = cut;
    assert.equal(scanner.atBoundary, whole === at, 'at a boundary exactly when nothing is pending');
  }
  const { events, finished, atBoundary } = scanner;
  return { events, finished, atBoundary, whole };
}

function chatChunk(delta: object, reason: string | null): string {
  return JSON.stringify({
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    model: 'm',
    choices: [{ index: 0, delta, logprobs: null, finish_reason: reason, stop_reason: null }],
    usage: null,
  });
}

/** One stream and how it ends. */
interface Sample {
  readonly name: string;
  readonly dialect: Dialect;
  readonly text: string;
  readonly events: number;
  readonly finished: boolean;
}

const FOOL =
  'He wrote "finish_reason":"stop" and {"finish_reason": "stop"}, \\"type":"message_stop"';

const CHAT = [
  chatChunk({ role: 'assistant', content: '' }, null),
  chatChunk({ content: FOOL }, null),
  chatChunk({ content: '\n\ndata: [DONE]\n\n' }, null),
];

function lines(events: readonly string[], end = '\n'): string {
  return events.map((data) => `data: ${data}${end}${end}`).join('');
}

function named(events: readonly (readonly [string, object])[]): string {
  return events.map(([name, data]) => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`).join('');
}

const STOP = chatChunk({}, 'stop');

const MESSAGES: readonly (readonly [string, object])[] = [
  ['message_start', { type: 'message_start', message: { id: 'msg_1', content: [] } }],
  ['ping', { type: 'ping' }],
  ['content_block_delta', { type: 'content_block_delta', delta: { text: FOOL } }],
  ['message_delta', { type: 'message_delta', delta: { stop_reason: 'end_turn' } }],
];
const MESSAGE_STOP = ['message_stop', { type: 'message_stop' }] as const;

const RESPONSES: readonly (readonly [string, object])[] = [
  ['response.created', { type: 'response.created', response: { metadata: { type: 'error' } } }],
  ['response.output_text.delta', { type: 'response.output_text.delta', delta: 'response.failed' }],
  [
    'response.output_item.done',
    { item: { status: 'completed' }, type: 'response.output_item.done' },
  ],
];

function responsesEnd(state: string): readonly [string, object] {
  return [
    `response.${state}`,
    { response: { id: 'resp_1', output: [] }, type: `response.${state}` },
  ];
}

const openai = (name: string, text: string, events: number, finished: boolean): Sample => ({
  name,
  dialect: 'openai',
  text,
  events,
  finished,
});

const SAMPLES: readonly Sample[] = [
  openai('nothing', '', 0, false),
  openai('chat without an end', lines(CHAT), 3, false),
  openai('chat with a finish_reason only', lines([...CHAT, STOP]), 4, true),
  openai('chat with an incomplete last event', lines([...CHAT, STOP]).slice(0, -1), 3, false),
  openai('chat with [DONE] only', lines([...CHAT, '[DONE]']), 4, true),
  openai('chat in full', lines([...CHAT, STOP, '[DONE]']), 5, true),
  openai('chat in full, CRLF', lines([...CHAT, STOP, '[DONE]'], '\r\n'), 5, true),
  openai('chat without an end, CRLF', lines(CHAT, '\r\n'), 3, false),
  openai('chat with a finish_reason only, CR', lines([...CHAT, STOP], '\r'), 4, true),
  openai('mixed line ends', 'data: 1\r\n\ndata: 2\n\r\ndata: 3\r\rdata: 4\n\r', 4, false),
  openai('no space after the colon', 'data:{"a":1}\n\ndata:[DONE]\n\n', 2, true),
  openai('spaces in the JSON', lines(['{"choices": [{"finish_reason" : "length" }] }']), 1, true),
  openai('an empty finish_reason', lines(['{"choices":[{"finish_reason":""}]}']), 1, false),
  openai('a finish_reason of null', lines(['{"choices":[{"finish_reason": null}]}']), 1, false),
  openai(
    'a key that ends alike',
    lines(['{"a\\"finish_reason":"x","b_finish_reason":"y"}']),
    1,
    false,
  ),
  openai(
    'a long line with such a key',
    lines([`{"a\\"finish_reason":"${'x'.repeat(99)}"}`]),
    1,
    false,
  ),
  openai('the word as a value', lines(['{"a":"finish_reason","b":"stop"}']), 1, false),
  openai('completions', lines(['{"choices":[{"text":"a","finish_reason":"stop"}]}']), 1, true),
  openai('comments and keep-alives', `: ping\n\n\n\n${lines(CHAT)}: ping\n\n`, 3, false),
  openai('fields we do not know', 'id: 1\nretry: 10\nfoo\n\ndata\n\ndatabase: x\n\n', 0, false),
  openai('data of many lines', 'data: {\ndata:  "finish_reason":\ndata:  "no"}\n\n', 1, false),
  openai(
    'an end among many lines',
    'data: {\ndata:  "finish_reason": "stop"\ndata: }\n\n',
    1,
    true,
  ),
  openai('an error', lines([...CHAT, '{"error":{"message":"out of memory","code":500}}']), 4, true),
  openai('an error with spaces', lines(['{ "error" : { "message": "x" } }']), 1, true),
  openai('an error that is none', lines(['{"error":null,"choices":[]}']), 1, false),
  openai('an error as an object', lines(['{"object":"error","message":"x"}']), 1, true),
  openai('an error by name', 'event: error\ndata: {"message":"x"}\n\n', 1, true),
  openai('another name', 'event: errors\ndata: {}\n\nevent: message_stop\ndata: {}\n\n', 2, false),
  openai('a long line', lines([chatChunk({ content: 'x'.repeat(200) }, 'stop')]), 1, true),
  { name: 'messages', dialect: 'anthropic', text: named(MESSAGES), events: 4, finished: false },
  {
    name: 'messages in full',
    dialect: 'anthropic',
    text: named([...MESSAGES, MESSAGE_STOP]),
    events: 5,
    finished: true,
  },
  {
    name: 'messages in full, without names',
    dialect: 'anthropic',
    text: lines([...MESSAGES, MESSAGE_STOP].map(([, data]) => JSON.stringify(data))),
    events: 5,
    finished: true,
  },
  {
    name: 'messages without an end, without names',
    dialect: 'anthropic',
    text: lines(MESSAGES.map(([, data]) => JSON.stringify(data))),
    events: 4,
    finished: false,
  },
  {
    name: 'a messages error without a name',
    dialect: 'anthropic',
    text: lines(['{"type":"error","error":{"type":"overloaded_error"}}']),
    events: 1,
    finished: true,
  },
  { name: 'responses', dialect: 'responses', text: named(RESPONSES), events: 3, finished: false },
  {
    name: 'responses without an end, without names',
    dialect: 'responses',
    text: lines(RESPONSES.map(([, data]) => JSON.stringify(data))),
    events: 3,
    finished: false,
  },
  {
    name: 'a name against the JSON',
    dialect: 'responses',
    text: named([['response.created', { metadata: { type: 'response.completed' } }]]),
    events: 1,
    finished: false,
  },
  {
    name: 'a named event, then an end without a name',
    dialect: 'responses',
    text: `${named(RESPONSES)}${lines(['{"id":1,"type":"response.completed"}'])}`,
    events: 4,
    finished: true,
  },
  ...['completed', 'failed', 'incomplete'].flatMap((state): Sample[] => {
    const events = [...RESPONSES, responsesEnd(state)];
    const bare = lines(events.map(([, data]) => JSON.stringify(data)));
    return [
      { name: state, dialect: 'responses', text: named(events), events: 4, finished: true },
      { name: `${state}, bare`, dialect: 'responses', text: bare, events: 4, finished: true },
    ];
  }),
];

test('counts events and finds the end, with the stream cut at every offset', () => {
  for (const { name, dialect, text, events, finished } of SAMPLES) {
    const whole = scan(text, dialect);
    assert.deepEqual([whole.events, whole.finished], [events, finished], name);
    const length = Buffer.byteLength(text);
    for (let cut = 1; cut < length; cut++) {
      assert.deepEqual(scan(text, dialect, [cut]), whole, `${name}, cut at ${cut}`);
    }
  }
});

test('counts events and finds the end in chunks of every small size', () => {
  for (const { name, dialect, text } of SAMPLES) {
    const whole = scan(text, dialect);
    const length = Buffer.byteLength(text);
    for (const size of [1, 2, 3, 7, 15, 31, 63, 64, 65, 129]) {
      const cuts = Array.from({ length: Math.ceil(length / size) }, (_, i) => i * size);
      assert.deepEqual(scan(text, dialect, cuts), whole, `${name}, in chunks of ${size}`);
    }
  }
});

/** The rules of the standard, on a whole text. */
function reference(text: string): { events: number; whole: number } {
  let events = 0;
  let whole = 0;
  let data = false;
  for (const { 0: line, 1: content, index } of text.matchAll(/([^\r\n]*)(?:\r\n|\r|\n)/g)) {
    if (content.startsWith('data:')) data = true;
    if (content !== '') continue;
    if (data) events += 1;
    data = false;
    whole = index + line.length;
  }
  return { events, whole };
}

test('agrees with the standard on arbitrary lines in arbitrary chunks', () => {
  const part = fc.constantFrom('\n', '\r', '\r\n', '\n\n', 'data: x', 'data', ':', 'a', 'event: b');
  const stream = fc.array(part, { maxLength: 40 }).map((list) => list.join(''));
  const cuts = fc.array(fc.nat(120), { maxLength: 12 }).map((list) => list.sort((a, b) => a - b));
  const property = fc.property(stream, cuts, (text, offsets) => {
    const within = offsets.filter((offset) => offset < text.length);
    const { events, whole } = scan(text, 'openai', within);
    assert.deepEqual({ events, whole }, reference(text));
  });
  fc.assert(property, { seed: 20260102, numRuns: 1000 });
});

test('scans spans longer than its scratch', () => {
  const long = chatChunk({ content: 'y'.repeat(40_000) }, null);
  const text = lines([...Array<string>(200).fill(CHAT[0]), long, STOP]);
  const seen = scan(text, 'openai');
  assert.deepEqual(seen, { events: 202, finished: true, atBoundary: true, whole: text.length });
  for (let before = 0; before < 600; before++) {
    const shifted = `: ${'z'.repeat(16_200 + before)}\n\n${lines([STOP, CHAT[0]])}`;
    assert.equal(scan(shifted, 'openai').finished, true, `${before}`);
    assert.equal(scan(shifted, 'openai').events, 2);
  }
});

test('reports no boundary for an empty span or within an event', () => {
  const scanner = new SseScanner();
  scanner.reset('openai', true);
  const buf = Buffer.from('data: 1\n');
  assert.equal(scanner.scan(buf, 3, 3), -1);
  assert.equal(scanner.atBoundary, true);
  assert.equal(scanner.scan(buf, 0, buf.length), -1);
  assert.equal(scanner.atBoundary, false);
});

test('expects no end of a stream that never announces one', () => {
  const scanner = new SseScanner();
  scanner.reset('openai', false);
  assert.equal(scanner.finished, true);
  const buf = Buffer.from('data: 1\n\n');
  assert.equal(scanner.scan(buf, 0, buf.length), buf.length);
  assert.equal(scanner.events, 1);
});

test('starts over on reset, from any state', () => {
  const text = `event: error\r\ndata: {"error":{}}\r\n\r\n${lines([STOP])}`;
  const next = Buffer.from(lines([CHAT[0]]));
  for (let cut = 0; cut <= text.length; cut++) {
    const scanner = new SseScanner();
    scanner.reset('openai', true);
    scanner.scan(Buffer.from(text), 0, cut);
    scanner.reset('openai', true);
    assert.equal(scanner.scan(next, 0, next.length), next.length);
    assert.deepEqual([scanner.events, scanner.finished, scanner.atBoundary], [1, false, true]);
  }
});
