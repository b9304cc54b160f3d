import assert from 'node:assert/strict';
import { test } from 'node:test';
import { count, duration, millis, share, since, sparkline } from './format.ts';

test('numbers take few characters', () => {
  assert.deepEqual([0, 7, 999, 1234, 34_567, 999_499, 999_500, 5_600_000, 2.25].map(count), [
    '0',
    '7',
    '999',
    '1.2k',
    '35k',
    '999k',
    '1.0M',
    '5.6M',
    '2.3',
  ]);
  assert.deepEqual([0, 0.004, 0.5, 1].map(share), ['0%', '0.4%', '50%', '100%']);
  assert.deepEqual([0.34, 9.96, 120, 4500, 12_000].map(millis), [
    ...['0.3ms', '10.0ms', '120ms', '4.5s', '12s'],
  ]);
});

test('what is unknown is a dash', () => {
  assert.deepEqual(
    [count(null), share(Number.NaN), millis(null), since(null, 5)],
    [...['–', '–', '–', '–']],
  );
});

test('times take their two largest units', () => {
  const texts = [0, 59_999, 60_000, 3_600_000, 3_900_000, 100 * 3_600_000].map(duration);
  assert.deepEqual(texts, ['0s', '59s', '1m', '1h', '1h 5m', '4d 4h']);
});

test('bars show the last values against the highest of them', () => {
  assert.equal(sparkline([9, 0, 4, 8], 3), '▁▄█');
  assert.equal(sparkline([0, 0], 4), '  ▁▁');
});
