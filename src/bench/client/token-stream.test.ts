import assert from 'node:assert/strict';
import { test } from 'node:test';
import { merged, STALLS, TOKEN_EVENTS } from '../measure/tally.ts';
import { Shot } from './shot.ts';
import { TokenStream } from './token-stream.ts';

const ROLE = '{"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}';
const token = (text: string) =>
  `{"choices":[{"index":0,"delta":{"content":${JSON.stringify(text)}},"finish_reason":null}]}`;
const FINISH = '{"choices":[{"index":0,"delta":{},"finish_reason":"length"}]}';
const USAGE =
  '{"choices":[],"usage":{"prompt_tokens":17,"total_tokens":20,"completion_tokens":3,' +
  '"prompt_tokens_details":{"cached_tokens":16}}}';

function streamOf(lineEnd: string, events: readonly string[]): Buffer {
  return Buffer.from(events.map((event) => `data: ${event}${lineEnd}${lineEnd}`).join(''));
}

function follow(pieces: readonly Buffer[], wantsText = true) {
  const extra = { cancelAfterMs: -1, wantsText, session: 1, keepsGaps: true };
  const shot = new Shot(Buffer.alloc(0), merged([]), 0, extra);
  const stream = new TokenStream();
  stream.reset();
  for (const [at, piece] of pieces.entries()) {
    stream.push(piece, 0, piece.length, { shot, nowMs: 100 + at * 10, stallMs: 1000 });
  }
  return { shot, stream };
}

const ANSWER = [ROLE, token('a "quote'), token(', "content":""'), token('c'), FINISH, USAGE];

test('counts the events that carry text, wherever the stream is cut', () => {
  for (const lineEnd of ['\n', '\r\n']) {
    const bytes = streamOf(lineEnd, [...ANSWER, '[DONE]']);
    for (let cut = 0; cut <= bytes.length; cut++) {
      const { shot, stream } = follow([bytes.subarray(0, cut), bytes.subarray(cut)]);
      assert.equal(shot.tokenEvents, 3, `cut at ${cut}`);
      assert.equal(shot.text, 'a "quote, "content":""c');
      assert.equal(shot.promptTokens, 17);
      assert.equal(shot.completionTokens, 3);
      assert.equal(shot.cachedTokens, 16);
      assert.equal(stream.finished, true);
      assert.equal(stream.error, '');
    }
  }
});

test('byte by byte is the same as at once', () => {
  const bytes = streamOf('\n', ANSWER);
  const { shot } = follow(Array.from(bytes, (byte) => Buffer.from([byte])));
  assert.equal(shot.tokenEvents, 3);
  assert.equal(shot.completionTokens, 3);
});

test('times tokens by their arrival and not by role, finish and usage events', () => {
  const events = [ROLE, token('a'), token('b'), token('c'), FINISH, USAGE];
  const { shot } = follow(events.map((event) => streamOf('\n', [event])));
  assert.equal(shot.firstMs, 110);
  assert.equal(shot.lastMs, 130);
  assert.equal(shot.tally.itl.count(), 2);
  assert.deepEqual(shot.gapsUs, [10_000, 10_000]);
});

test('takes reasoning, completions and tool calls for text', () => {
  for (const event of [
    '{"choices":[{"delta":{"reasoning_content":"hm"}}]}',
    '{"choices":[{"text":"x","finish_reason":null}]}',
    '{"choices":[{"delta":{"content":null,"tool_calls":[{"index":0}]}}]}',
  ]) {
    assert.equal(follow([streamOf('\n', [event])]).shot.tokenEvents, 1, event);
  }
});

test('a stream without an end marker is not finished', () => {
  assert.equal(follow([streamOf('\n', [ROLE, token('a')])]).stream.finished, false);
  assert.equal(follow([streamOf('\n', [FINISH])]).stream.finished, true);
});

test('keeps an error event', () => {
  const { stream } = follow([streamOf('\n', [token('a'), '{"error":{"message":"out"}}'])]);
  assert.match(stream.error, /"message":"out"/);
});

test('comments and empty data are nothing', () => {
  const { shot, stream } = follow([Buffer.from(': keep-alive\n\ndata:\n\nevent: x\n\n')]);
  assert.equal(shot.tokenEvents, 0);
  assert.equal(stream.finished, false);
});

test('a long pause is a stall', () => {
  const extra = { cancelAfterMs: -1, wantsText: false, session: -1, keepsGaps: false };
  const shot = new Shot(Buffer.alloc(0), merged([]), 0, extra);
  const stream = new TokenStream();
  for (const nowMs of [100, 110, 1_200]) {
    const bytes = streamOf('\n', [token('x')]);
    stream.push(bytes, 0, bytes.length, { shot, nowMs, stallMs: 1_000 });
  }
  assert.equal(shot.tally.counts[TOKEN_EVENTS], 3);
  assert.equal(shot.tally.counts[STALLS], 1);
});
