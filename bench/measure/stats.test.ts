import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearestRank, pairwise, Sample, spreadOf } from './stats.ts';

test('a percentile is the smallest value that covers the fraction', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => index + 1);
  assert.equal(nearestRank(hundred, 0.5), 50);
  assert.equal(nearestRank(hundred, 0.99), 99);
  assert.equal(nearestRank(hundred, 1), 100);
  assert.equal(nearestRank([7], 0.99), 7);
  assert.throws(() => nearestRank([], 0.5), RangeError);
});

test('a sample keeps every value beyond its first capacity', () => {
  const sample = new Sample();
  for (let value = 10_000; value > 0; value--) sample.add(value);
  assert.deepEqual(sample.percentiles(), {
    count: 10_000,
    mean: 5000.5,
    p50: 5000,
    p99: 9900,
    max: 10_000,
  });
});

test('a cleared sample forgets what it saw', () => {
  const sample = new Sample();
  sample.add(1);
  sample.clear();
  assert.equal(sample.count, 0);
  assert.equal(sample.percentiles().count, 0);
});

test('the spread of an even number of rounds takes the middle of the two middle ones', () => {
  assert.deepEqual(spreadOf([4, 1, 3, 2]), { median: 2.5, min: 1, max: 4 });
  assert.deepEqual(spreadOf([10, 9, 11]), { median: 10, min: 9, max: 11 });
});

test('rounds without a figure are left out of the spread', () => {
  assert.deepEqual(spreadOf([null, 5, Number.NaN]), { median: 5, min: 5, max: 5 });
  assert.equal(spreadOf([null]), null);
});

test('pairs are formed round by round and stay empty where one side is missing', () => {
  assert.deepEqual(
    pairwise([10, null, 30], [5, 6], (left, right) => left / right),
    [2, null, null],
  );
});
