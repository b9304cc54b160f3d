import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Xorshift } from '../../core/random.ts';
import { compareText, loadsOf } from './compare.ts';
import { differenceOf, intervalOf, tQuantile } from './interval.ts';

const result = (label: string, throughputs: readonly number[]) => ({
  runs: throughputs.map((request_throughput, at) => ({
    label: `${label}${at + 1} of ${throughputs.length}`,
    numbers: { request_throughput, p99_ttft_ms: 1000 / request_throughput },
  })),
});

test('quantiles of the t distribution are those of the tables', () => {
  assert.equal(tQuantile(1), 12.706);
  assert.ok(Math.abs(tQuantile(25) - 2.06) < 0.002);
  assert.ok(Math.abs(tQuantile(90) - 1.987) < 0.002);
  assert.equal(tQuantile(Number.POSITIVE_INFINITY), 1.96);
});

test('an interval of known numbers', () => {
  // Mean 5, standard deviation 2, n = 8: 2.365 × 2.138 / √8.
  const { mean, halfWidth } = intervalOf([2, 4, 4, 4, 5, 5, 7, 9]);
  assert.equal(mean, 5);
  assert.ok(Math.abs(halfWidth - 1.788) < 0.002);
  assert.ok(Number.isNaN(intervalOf([3]).halfWidth));
});

test('of equal measurements nineteen in twenty show no difference', () => {
  // 2,000 pairs of 5 runs each: 5 % ± 1.5 % may look different.
  const random = new Xorshift(5);
  const runs = () =>
    Array.from({ length: 5 }, () => 100 + random.next() + random.next() + random.next());
  let different = 0;
  for (let i = 0; i < 2000; i++) {
    const { mean, halfWidth } = differenceOf(runs(), runs());
    if (Math.abs(mean) > halfWidth) different++;
  }
  assert.ok(Math.abs(different / 2000 - 0.05) < 0.015, String(different));
});

test('says what is better, worse and no difference', () => {
  const before = loadsOf([result('', [100, 101, 99])]);
  const text = compareText(before, loadsOf([result('', [120, 121, 119])]));
  assert.match(text, /3 against 3 runs/);
  assert.match(text, /Requests per second +100 ± 2\.48 +120 ± 2\.48 +\+20\.0 % .*better/);
  assert.match(text, /TTFT p99 ms .*-16\.7 % .*better/);
  assert.match(compareText(before, before), /no difference/);
});

test('compares loads of the same name, and says when there are none', () => {
  const before = loadsOf([result('rate=10 ', [9, 10]), result('rate=20 ', [19, 20])]);
  const text = compareText(before, loadsOf([result('rate=20 ', [21, 20])]));
  assert.match(text, /^rate=20, 2 against 2 runs/);
  assert.doesNotMatch(text, /rate=10/);
  assert.match(compareText(before, loadsOf([result('c=1 ', [1])])), /Nothing to compare/);
});

test("reads a result of vLLM's bench, and that one run tells nothing of chance", () => {
  const saved = loadsOf([{ request_throughput: 5, mean_ttft_ms: 3 }]);
  assert.match(compareText(saved, saved), /1 against 1 runs?:[\s\S]*-repeat 5/);
});
