import assert from 'node:assert/strict';
import { test } from 'node:test';
import { heapGrowth } from './gc-trace.ts';

function line(heap: string, atMs: number, before: number, after: number): string {
  const sizes = `${before.toFixed(1)} (31.0) -> ${after.toFixed(1)} (31.0) MB`;
  return `[77:${heap}] ${atMs} ms: Scavenge ${sizes}, pooled: 0 MB, 0.62 / 0.00 ms  (average)`;
}

test('what was allocated between collections is divided by the time they span', () => {
  const trace = [
    'listening on 8000',
    line('0xa1', 1000, 90, 4),
    line('0xa1', 1500, 20, 4),
    line('0xa1', 2000, 24, 5).replace('Scavenge', 'Mark-Compact (reduce)'),
    line('0xa1', 3000, 25, 4),
  ].join('\n');
  assert.deepEqual(heapGrowth(trace, 5000), { mebibytesPerSecond: 28, collections: 4 });
});

test('the heap that grew most counts, and only the end of the trace', () => {
  const trace = [
    line('0xa1', 100, 50, 0),
    ...[1000, 2000, 3000].map((atMs) => line('0xa1', atMs, 10, 0)),
    ...[1000, 2000, 3000].map((atMs) => line('0xb2', atMs, 3, 0)),
  ].join('\n');
  assert.deepEqual(heapGrowth(trace, 2000), { mebibytesPerSecond: 10, collections: 3 });
});

test('too few collections say nothing', () => {
  assert.equal(heapGrowth('', 1000), null);
  assert.equal(heapGrowth([line('0xa1', 1, 9, 1), line('0xa1', 2, 9, 1)].join('\n'), 1000), null);
});
