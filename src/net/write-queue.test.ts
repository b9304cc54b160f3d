import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { WriteQueue } from './write-queue.ts';

/** Drains a queue into a socket that takes `takes[i]` bytes with the i-th write. */
function drain(queue: WriteQueue, takes: readonly number[]): Buffer {
  const got: Buffer[] = [];
  for (let i = 0; queue.bytes > 0; i++) {
    const piece = queue.next();
    const size = Math.min(piece.length, takes[i % takes.length]!);
    got.push(Buffer.from(piece.subarray(0, size)));
    queue.taken(size);
  }
  return Buffer.concat(got);
}

test('gives back what was queued, in order, however little the socket takes', () => {
  const sizes = fc.oneof(fc.nat(50), fc.constantFrom(16_384, 16_385, 65_536, 200_000));
  const piece = fc.record({ size: sizes, from: fc.nat(40), lent: fc.boolean() });
  const takes = fc.array(fc.integer({ min: 1, max: 100_000 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), takes, (pieces, someTakes) => {
      const queue = new WriteQueue();
      const expected: Buffer[] = [];
      for (const [i, { size, from, lent }] of pieces.entries()) {
        const room = Buffer.alloc(lent ? size * 10 + 50 : size + 50, i + 1);
        const bytes = room.subarray(0, size);
        queue.push(bytes, Math.min(from, size));
        expected.push(bytes.subarray(Math.min(from, size)));
      }
      const all = Buffer.concat(expected);
      assert.equal(queue.bytes, all.length);
      assert.ok(drain(queue, someTakes).equals(all));
      assert.equal(queue.bytes, 0);
    }),
    { seed: 12, numRuns: 200 },
  );
});

test('joins many small pieces into one write', () => {
  const queue = new WriteQueue();
  for (let i = 0; i < 1000; i++) queue.push(Buffer.alloc(60, i), 0);
  assert.equal(queue.next().length, 60_000);
});

test('does not keep a large buffer alive for a small rest', () => {
  const queue = new WriteQueue();
  const large = Buffer.alloc(100_000);
  queue.push(large, 99_000);
  assert.notEqual(queue.next().buffer, large.buffer);
  queue.clear();
  queue.push(large, 1_000);
  assert.equal(queue.next().buffer, large.buffer);
});

test('is empty after a clear, and takes bytes again', () => {
  const queue = new WriteQueue();
  queue.push(Buffer.from('old'), 0);
  queue.clear();
  assert.equal(queue.bytes, 0);
  queue.push(Buffer.from('new'), 0);
  assert.equal(Buffer.from(queue.next()).toString(), 'new');
});
