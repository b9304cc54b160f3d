import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Histogram, HistogramScale } from './histogram.ts';
import { Xorshift } from './random.ts';

const SCALE = new HistogramScale(7, 36);
const SEED = { seed: 6, numRuns: 300 };

/** Nearest rank, from all samples. */
function exactQuantile(samples: readonly number[], q: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length, Math.max(1, Math.ceil(q * sorted.length))) - 1]!;
}

function histogramOf(samples: readonly number[], scale = SCALE): Histogram {
  const histogram = new Histogram(scale);
  for (const sample of samples) histogram.record(sample);
  return histogram;
}

/** As latencies come: a few orders of magnitude, thin tails. */
const latencies = fc.array(
  fc.oneof(
    fc.nat(300),
    fc.nat(1_000_000),
    fc.maxSafeNat().map((n) => n % 2 ** 36),
  ),
  { minLength: 1, maxLength: 200 },
);

test('buckets follow one another without gaps and hold just their values', () => {
  for (const scale of [SCALE, new HistogramScale(1, 20), new HistogramScale(5, 48)]) {
    for (let index = 0; index < scale.bucketCount; index++) {
      const lower = scale.lower(index);
      const upper = scale.upper(index);
      assert.equal(scale.indexOf(lower), index);
      assert.equal(scale.indexOf(upper - 1), index);
      assert.equal(scale.indexOf(upper - 0.5), index);
      assert.ok(upper - lower <= Math.max(1, lower / 2 ** scale.precisionBits), `bucket ${index}`);
    }
    assert.equal(scale.upper(scale.bucketCount - 1), scale.limit);
  }
});

test('quantiles are within half a percent of the exact ones', () => {
  fc.assert(
    fc.property(latencies, fc.double({ min: 0, max: 1, noNaN: true }), (samples, q) => {
      const exact = exactQuantile(samples, q);
      const said = histogramOf(samples).quantile(q);
      assert.ok(Math.abs(said - exact) <= exact * 0.005, `${said} instead of ${exact}`);
    }),
    SEED,
  );
});

test('percentiles of a million long-tailed samples are within one percent', () => {
  const random = new Xorshift(11);
  const samples: number[] = [];
  for (let i = 0; i < 1_000_000; i++) {
    samples.push(Math.round(200 * Math.exp(3 * -Math.log(1 - random.next()))) % 2 ** 35);
  }
  const histogram = histogramOf(samples);
  const sorted = Float64Array.from(samples).sort();
  for (const q of [0.5, 0.9, 0.95, 0.99, 0.999, 0.9999]) {
    const exact = sorted[Math.ceil(q * sorted.length) - 1]!;
    const error = Math.abs(histogram.quantile(q) - exact) / exact;
    assert.ok(error <= 0.01, `p${q * 100} is off by ${error}`);
  }
});

test('merging is the same as recording everything in one', () => {
  fc.assert(
    fc.property(latencies, latencies, (some, others) => {
      const merged = histogramOf(some);
      merged.merge(histogramOf(others));
      assert.deepEqual(merged.cells, histogramOf([...some, ...others]).cells);
    }),
    SEED,
  );
});

test('merging an empty histogram changes nothing, and into one copies', () => {
  const some = histogramOf([3, 5_000]);
  some.merge(new Histogram(SCALE));
  assert.equal(some.min(), 3);
  const empty = new Histogram(SCALE);
  empty.merge(some);
  assert.deepEqual(empty.cells, some.cells);
  assert.throws(() => some.merge(new Histogram(new HistogramScale(3, 20))), RangeError);
});

test('count, sum, mean, minimum and maximum are exact', () => {
  const histogram = histogramOf([1_000_003, 17, 170_001]);
  assert.equal(histogram.count(), 3);
  assert.equal(histogram.sum(), 1_170_021);
  assert.equal(histogram.mean(), 390_007);
  assert.equal(histogram.min(), 17);
  assert.equal(histogram.max(), 1_000_003);
  assert.equal(histogram.quantile(0), 17);
  assert.equal(histogram.quantile(1), 1_000_003);
});

test('the deviation is close to the exact one', () => {
  const histogram = histogramOf([2_000, 4_000, 4_000, 4_000, 5_000, 5_000, 7_000, 9_000]);
  assert.ok(Math.abs(histogram.deviation() - 2_000) < 20, String(histogram.deviation()));
});

test('an empty histogram has no quantiles', () => {
  const histogram = histogramOf([]);
  assert.ok(Number.isNaN(histogram.quantile(0.5)));
  assert.ok(Number.isNaN(histogram.mean()));
  assert.ok(Number.isNaN(histogram.max()));
});

test('odd values count, at the edges', () => {
  const histogram = histogramOf([-1, Number.NaN, 0.9, 2 ** 50]);
  assert.equal(histogram.count(), 4);
  assert.equal(histogram.at(0), 3);
  assert.equal(histogram.at(SCALE.bucketCount - 1), 1);
  assert.equal(histogram.max(), 2 ** 50);
});

test('an interval has just what was recorded in it', () => {
  const before = histogramOf([10, 20, 30, 90_000]);
  const after = histogramOf([10, 20, 30, 90_000, 1_000, 1_001]);
  const interval = after.since(before);
  assert.equal(interval.count(), 2);
  assert.equal(interval.sum(), 2_001);
  assert.ok(Math.abs(interval.quantile(0.5) - 1_000) <= 5);
  assert.ok(Math.abs(interval.max() - 1_001) <= 5, String(interval.max()));
  assert.ok(Math.abs(interval.min() - 1_000) <= 5, String(interval.min()));
  assert.ok(Number.isNaN(before.since(before).quantile(0.5)));
});

test('clearing makes it empty', () => {
  const histogram = histogramOf([5, 6]);
  histogram.clear();
  assert.deepEqual(histogram.cells, new Histogram(SCALE).cells);
});

test('two views of the same shared memory are the same histogram', () => {
  const bytes = SCALE.cellCount * Float64Array.BYTES_PER_ELEMENT;
  const memory = new SharedArrayBuffer(2 * bytes);
  const writer = new Histogram(SCALE, new Float64Array(memory, bytes, SCALE.cellCount));
  const reader = new Histogram(SCALE, new Float64Array(memory, bytes, SCALE.cellCount));
  writer.recordTimes(250, 3);
  assert.equal(reader.count(), 3);
  assert.equal(reader.quantile(0.5), 250);
  assert.throws(() => new Histogram(SCALE, new Float64Array(memory)), RangeError);
});

test('a scale that cannot be is refused', () => {
  assert.throws(() => new HistogramScale(0, 20), RangeError);
  assert.throws(() => new HistogramScale(13, 20), RangeError);
  assert.throws(() => new HistogramScale(7, 49), RangeError);
});
