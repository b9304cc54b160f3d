import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { Xorshift } from '../random.ts';
import type { Gate, Load, Picker } from './picker.ts';
import { poolOf } from './pool-fixture.ts';
import { PowerOfTwo } from './power-of-two.ts';
import { WeightedRandom } from './weighted-random.ts';

const ALL: Gate = { admits: () => true };
const NONE: Gate = { admits: () => false };
const IDLE: Load = { of: () => 0 };

function only(...indices: number[]): Gate {
  return { admits: (index) => indices.includes(index) };
}

/**
 * Share of the picks of each member. N = 40,000 picks: the standard deviation of a share is at
 * most 0.0025, so 0.012 is nearly five of them.
 */
const N = 40_000;
const TOLERANCE = 0.012;

function shares(picker: Picker, weights: number[], gate: Gate): number[] {
  const random = new Xorshift(42);
  const pool = poolOf(weights);
  const counts = weights.map(() => 0);
  for (let pick = 0; pick < N; pick++) {
    const index = picker.pick(pool, gate, random);
    counts[index] = counts[index]! + 1;
  }
  return counts.map((count) => count / N);
}

function assertShares(actual: number[], expected: number[]): void {
  for (const [index, share] of expected.entries()) {
    const miss = Math.abs(actual[index]! - share);
    assert.ok(miss < TOLERANCE, `member ${index} got ${actual[index]}, not ${share}`);
  }
}

for (const [name, make] of [
  ['WeightedRandom', () => new WeightedRandom()],
  ['PowerOfTwo of idle endpoints', () => new PowerOfTwo(IDLE)],
] as const) {
  describe(name, () => {
    test('shares by weight', () => {
      assertShares(shares(make(), [1, 3], ALL), [0.25, 0.75]);
      assertShares(shares(make(), [1, 2, 3, 4], ALL), [0.1, 0.2, 0.3, 0.4]);
      assertShares(shares(make(), [0.001, 0.003], ALL), [0.25, 0.75]);
    });

    test('shares by weight among the admitted when most are not', () => {
      const weights = [1, 50, 2, 50, 5, 50, 50, 50];
      assertShares(shares(make(), weights, only(0, 2, 4)), [1 / 8, 0, 2 / 8, 0, 5 / 8, 0, 0, 0]);
    });

    test('finds the only admitted one, whatever its weight', () => {
      const pool = poolOf([1e-6, 1e6, 1e6, 1e6]);
      for (let seed = 1; seed < 50; seed++) {
        assert.equal(make().pick(pool, only(0), new Xorshift(seed)), 0);
      }
    });

    test('answers -1 when none is admitted or the pool is empty', () => {
      assert.equal(make().pick(poolOf([1, 2, 3]), NONE, new Xorshift(1)), -1);
      assert.equal(make().pick(poolOf([1]), NONE, new Xorshift(1)), -1);
      assert.equal(make().pick(poolOf([]), ALL, new Xorshift(1)), -1);
    });

    test('asks the gate about few members when all are admitted', () => {
      let asked = 0;
      const gate: Gate = { admits: () => ++asked > 0 };
      make().pick(poolOf(new Array(1_000).fill(1)), gate, new Xorshift(9));
      assert.ok(asked <= 2, `asked ${asked} times`);
    });
  });
}

describe('PowerOfTwo', () => {
  test('takes the less loaded of two', () => {
    const picker = new PowerOfTwo({ of: (slot) => [4, 3][slot]! });
    for (let seed = 1; seed < 50; seed++) {
      assert.equal(picker.pick(poolOf([1, 1]), ALL, new Xorshift(seed)), 1);
    }
  });

  test('compares the load per weight', () => {
    const picker = new PowerOfTwo({ of: (slot) => [10, 20][slot]! });
    for (let seed = 1; seed < 50; seed++) {
      assert.equal(picker.pick(poolOf([1, 3]), ALL, new Xorshift(seed)), 1);
      assert.equal(picker.pick(poolOf([3, 1]), ALL, new Xorshift(seed)), 0);
    }
  });

  test('never takes the most loaded of an admitted pool', () => {
    const picker = new PowerOfTwo({ of: (slot) => slot });
    const random = new Xorshift(5);
    for (const gate of [ALL, only(0, 3, 7)]) {
      for (let pick = 0; pick < 2_000; pick++) {
        assert.notEqual(picker.pick(poolOf(new Array(8).fill(1)), gate, random), 7);
      }
    }
  });

  test('reads loads by slot, not by place in the pool', () => {
    const loads = new Map([
      [70, 9],
      [71, 0],
    ]);
    const picker = new PowerOfTwo({ of: (slot) => loads.get(slot)! });
    const pool = { ...poolOf([1, 1]), slots: Int32Array.of(71, 70) };
    for (let seed = 1; seed < 20; seed++) {
      assert.equal(picker.pick(pool, ALL, new Xorshift(seed)), 0);
    }
  });
});
