import assert from 'node:assert/strict';
import { test } from 'node:test';
import { age, bytes, count, duration, percent, rate } from './format.ts';
import { en } from './text/en.ts';
import { zh } from './text/zh.ts';

test('what is unknown is a dash, never 0 or NaN', () => {
  for (const show of [
    (ms?: number | null) => age(ms, en.units),
    bytes,
    count,
    duration,
    percent,
    rate,
  ]) {
    assert.deepEqual([show(null), show(undefined), show(Number.NaN)], ['—', '—', '—']);
  }
});

test('counts have three digits that count', () => {
  assert.deepEqual([0, 7, 1234, 12_345, 4_560_000].map(count), [
    '0',
    '7',
    '1,234',
    '12.3k',
    '4.56M',
  ]);
});

test('durations choose their unit', () => {
  const shown = [0, 0.042, 9.5, 840, 1840, 192_000].map(duration);
  assert.deepEqual(shown, ['0 ms', '0.04 ms', '9.5 ms', '840 ms', '1.84 s', '3.2 min']);
});

test('ages have two units at most', () => {
  const ages = [-5, 12_000, 200_000, 18_120_000, 273_600_000];
  const shown = ages.map((ms) => age(ms, en.units));
  assert.deepEqual(shown, ['0 s', '12 s', '3 min 20 s', '5 h 2 min', '3 d 4 h']);
  const chinese = ages.map((ms) => age(ms, zh.units));
  assert.deepEqual(chinese, ['0 秒', '12 秒', '3 分 20 秒', '5 小时 2 分', '3 天 4 小时']);
});

test('percentages and sizes', () => {
  assert.deepEqual([0, 0.0123, 0.5, 1].map(percent), ['0 %', '1.23 %', '50.0 %', '100.0 %']);
  assert.deepEqual([500, 2048, 3_500_000].map(bytes), ['500 B', '2 KB', '3.34 MB']);
});
