import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { Xorshift } from '../random.ts';
import { Least } from './least.ts';
import type { Gate } from './picker.ts';
import { poolOf } from './pool-fixture.ts';

const ALL: Gate = { admits: () => true };

function picks(loads: readonly number[], weights: readonly number[], gate = ALL): number[] {
  const picker = new Least({ of: (slot) => loads[slot]! });
  const pool = poolOf([...weights]);
  const random = new Xorshift(3);
  const counts = weights.map(() => 0);
  for (let pick = 0; pick < 20_000; pick++) counts[picker.pick(pool, gate, random)]!++;
  return counts.map((count) => count / 20_000);
}

describe('Least', () => {
  test('takes the least loaded of all, not of two', () => {
    const loads = [5, 4, 9, 1, 7, 6, 8, 3];
    assert.equal(picks(loads, new Array(8).fill(1))[3], 1);
    const gate: Gate = { admits: (member) => member !== 3 };
    assert.equal(picks(loads, new Array(8).fill(1), gate)[7], 1);
  });

  test('is fair among equals', () => {
    // N = 20,000: the standard deviation of a third is 0.0033.
    for (const share of picks([9, 2, 2, 2, 7], new Array(5).fill(1)).slice(1, 4)) {
      assert.ok(Math.abs(share - 1 / 3) < 0.017, `share ${share}`);
    }
  });

  test('shares an idle pool by weight', () => {
    for (const [at, share] of picks([0, 0, 0], [1, 2, 5]).entries()) {
      assert.ok(Math.abs(share - [1, 2, 5][at]! / 8) < 0.017, `share ${share}`);
    }
  });

  test('compares loads per weight', () => {
    assert.equal(picks([10, 20], [1, 3])[1], 1);
  });

  test('answers -1 when none is admitted or the pool is empty', () => {
    const picker = new Least({ of: () => 0 });
    const none: Gate = { admits: () => false };
    assert.equal(picker.pick(poolOf([1, 2]), none, new Xorshift(1)), -1);
    assert.equal(picker.pick(poolOf([]), ALL, new Xorshift(1)), -1);
  });

  test('draws two of a pool that is too large to be looked at', () => {
    let asked = 0;
    const picker = new Least({ of: () => ++asked });
    picker.pick(poolOf(new Array(65).fill(1)), ALL, new Xorshift(1));
    assert.equal(asked, 2);
  });
});
