import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { type Random, Xorshift } from '../random.ts';
import { backoffMs, retryAfterMs } from './backoff.ts';

const OPTIONS = { baseDelayMs: 500, maxDelayMs: 5_000, jitterFactor: 0.2 };
const LOWEST: Random = { next: () => 0, below: () => 0 };

describe('The backoff', () => {
  test('doubles up to the maximum', () => {
    const delays = [0, 1, 2, 3, 4, 50, 2_000].map((n) => backoffMs(n, OPTIONS, LOWEST));
    assert.deepEqual(delays, [500, 1_000, 2_000, 4_000, 5_000, 5_000, 5_000]);
  });

  test('is shortened by at most the jitter, and is spread', () => {
    const random = new Xorshift(3);
    const delays = Array.from({ length: 500 }, () => backoffMs(9, OPTIONS, random));
    assert.ok(Math.min(...delays) >= 4_000 && Math.min(...delays) < 4_050);
    assert.ok(Math.max(...delays) <= 5_000 && Math.max(...delays) > 4_950);
  });
});

describe('Retry-After', () => {
  const NOW_MS = Date.UTC(1994, 10, 6, 8, 49, 30);

  test('is read as seconds, capped at a minute', () => {
    assert.equal(retryAfterMs('0', NOW_MS), 0);
    assert.equal(retryAfterMs(' 7 ', NOW_MS), 7_000);
    assert.equal(retryAfterMs('0060', NOW_MS), 60_000);
    assert.equal(retryAfterMs('61', NOW_MS), 60_000);
    assert.equal(retryAfterMs('9'.repeat(400), NOW_MS), 60_000);
  });

  test('is read as a date in all three forms', () => {
    for (const date of [
      'Sun, 06 Nov 1994 08:49:37 GMT',
      'Sunday, 06-Nov-94 08:49:37 GMT',
      'Sun Nov  6 08:49:37 1994',
    ]) {
      assert.equal(retryAfterMs(date, NOW_MS), 7_000, date);
    }
    assert.equal(retryAfterMs('Sun, 06 Nov 1994 08:49:00 GMT', NOW_MS), 0);
    assert.equal(retryAfterMs('Wed, 01 Jan 2098 00:00:00 GMT', NOW_MS), 60_000);
  });

  test('is -1 when absent or invalid', () => {
    const invalid = ['', ' ', '-1', '+3', '1.5', '1e3', '0x10', 'soon', '7 s', '٣'];
    for (const value of [...invalid, '1994-11-06', 'Sun, 06 Nov 1994 25:61:00 GMT', 'Nov 6 1994']) {
      assert.equal(retryAfterMs(value, NOW_MS), -1, value);
    }
  });
});
