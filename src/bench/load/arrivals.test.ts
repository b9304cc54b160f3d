import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Xorshift } from '../../core/random.ts';
import type { LoadSpec, Stage } from '../plan.ts';
import { Arrivals } from './arrivals.ts';

const stage = (rate: number, durationMs: number): Stage => {
  return { label: '', rate, durationMs, concurrency: 0 };
};
const LOAD: LoadSpec = {
  stages: [stage(100, 0)],
  requests: 0,
  burstiness: 1,
  ramp: 'none',
  rampStartRate: 0,
  rampEndRate: 0,
  byTrace: false,
  seed: 1,
};

function dueTimes(load: Partial<LoadSpec>, seed = 3): number[] {
  const arrivals = new Arrivals({ ...LOAD, ...load }, new Xorshift(seed));
  const times: number[] = [];
  while (arrivals.next()) times.push(arrivals.dueMs);
  return times;
}

/** Mean and squared coefficient of variation of the gaps. */
function gapsOf(times: readonly number[]): { mean: number; variation: number } {
  const gaps = times.slice(1).map((time, at) => time - times[at]!);
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  const variance = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length;
  return { mean, variation: variance / mean ** 2 };
}

test('constant gaps are exact', () => {
  assert.deepEqual(dueTimes({ requests: 4, burstiness: 0 }), [0, 10, 20, 30]);
});

test('gaps have the mean of the rate and the variation of their shape', () => {
  // 20,000 gaps: the mean is within 3 %, 1/shape within 12 %.
  for (const burstiness of [0.25, 0.5, 1, 4]) {
    const { mean, variation } = gapsOf(dueTimes({ requests: 20_000, burstiness }));
    assert.ok(Math.abs(mean - 10) < 0.3, `shape ${burstiness}: mean gap ${mean}`);
    assert.ok(Math.abs(variation * burstiness - 1) < 0.12, `shape ${burstiness}: ${variation}`);
  }
});

test('the same seed gives the same arrivals', () => {
  assert.deepEqual(dueTimes({ requests: 50 }), dueTimes({ requests: 50 }));
  assert.notDeepEqual(dueTimes({ requests: 50 }), dueTimes({ requests: 50 }, 4));
});

test('each stage has its own rate and time', () => {
  const load = { stages: [stage(10, 1000), stage(100, 1000)], burstiness: 0 };
  const times = dueTimes(load);
  assert.equal(times.filter((time) => time < 1000).length, 10);
  assert.equal(times.filter((time) => time >= 1000).length, 100);
  assert.ok(times.at(-1)! < 2000);
});

test('a linear ramp rises from the first rate to the last', () => {
  const ramp = { ramp: 'linear', rampStartRate: 10, rampEndRate: 100, burstiness: 0 } as const;
  const times = dueTimes({ ...ramp, requests: 100 });
  assert.ok(times[1]! - times[0]! > 80);
  assert.ok(Math.abs(times[99]! - times[98]! - 10) < 0.5);
  const byTime = dueTimes({ ...ramp, stages: [stage(10, 10_000)] });
  assert.ok(Math.abs(byTime.length - 550) < 20, `${byTime.length} in 10 s at 55/s on average`);
});

test('an exponential ramp multiplies', () => {
  const ramp = { ramp: 'exponential', rampStartRate: 1, rampEndRate: 100, burstiness: 0 } as const;
  const times = dueTimes({ ...ramp, requests: 101 });
  assert.ok(Math.abs(times[51]! - times[50]! - 1000 / 10 ** 1.02) < 1);
});
