import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventChunk, STREAM_END } from './backend/answers.ts';
import { StampReader } from './stamp.ts';

const STREAM = Buffer.from(eventChunk(1234.9) + eventChunk(99_000_000_001) + STREAM_END);

function read(pieces: readonly Buffer[]): number[] {
  const stamps: number[] = [];
  const reader = new StampReader((stampUs) => stamps.push(stampUs));
  for (const piece of pieces) reader.push(piece);
  return stamps;
}

test('every event yields its stamp', () => {
  assert.deepEqual(read([STREAM]), [1234, 99_000_000_001]);
});

test('a stamp is read once wherever the stream is split', () => {
  for (let cut = 0; cut <= STREAM.length; cut++) {
    const stamps = read([STREAM.subarray(0, cut), STREAM.subarray(cut)]);
    assert.deepEqual(stamps, [1234, 99_000_000_001], `cut at ${cut}`);
  }
});

test('bytes that come one by one yield the same stamps', () => {
  const bytes = Array.from(STREAM, (byte) => Buffer.from([byte]));
  assert.deepEqual(read(bytes), [1234, 99_000_000_001]);
});

test('an event is valid JSON inside a chunk of the declared size', () => {
  const chunk = eventChunk(5_000_000);
  const [size = '', body = ''] = chunk.split('\r\n');
  assert.equal(Number.parseInt(size, 16), Buffer.byteLength(body));
  assert.equal(JSON.parse(body.slice('data: '.length)).model, 'bench');
});
