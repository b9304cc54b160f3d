import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import fc from 'fast-check';
import type { Columns } from './columns.ts';
import { fixtureColumns } from './columns-fixture.ts';
import { Ejector } from './ejection.ts';
import {
  EJECTION_NONE,
  EJECTION_PROBE_DUE,
  EJECTION_PROBING,
  EJECTION_RUNNING,
  ejectionOf,
  PROBE_PATIENCE_MS,
} from './ejection-state.ts';
import type { Random } from './random.ts';
import { atNextSwap } from './rival-fixture.ts';

/** In the middle of every range: no jitter. */
const EVEN: Random = { next: () => 0.5, below: (bound) => bound >>> 1 };
const BASE_MS = 5_000;
const SLOT = 1;

function fleet(workers: number, failureThreshold = 3): { columns: Columns; ejectors: Ejector[] } {
  const columns = fixtureColumns(2, workers);
  const options = { failureThreshold, baseEjectionMs: BASE_MS, maxEjectionMs: 20_000 };
  const ejectors = columns.workers.map((_, index) => new Ejector(columns, index, options, EVEN));
  return { columns, ejectors };
}

describe('Ejector', () => {
  test('ejects for all workers when a connection is refused', () => {
    const { columns, ejectors } = fleet(3);
    assert.equal(ejectors[2]!.failure(SLOT, 1_000, true), true);
    assert.equal(ejectionOf(columns, SLOT, 1_001), EJECTION_RUNNING);
    assert.equal(ejectionOf(columns, 0, 1_001), EJECTION_NONE);
    assert.equal(ejectionOf(columns, SLOT, 1_000 + BASE_MS), EJECTION_PROBE_DUE);
  });

  test('counts failures in a row over all workers', () => {
    const { columns, ejectors } = fleet(3);
    assert.equal(ejectors[0]!.failure(SLOT, 1, false), false);
    assert.equal(ejectors[1]!.failure(SLOT, 2, false), false);
    assert.equal(ejectionOf(columns, SLOT, 2), EJECTION_NONE);
    assert.equal(ejectors[2]!.failure(SLOT, 3, false), true);
  });

  test('forgets failures of every worker at a success of any', () => {
    const { ejectors } = fleet(2);
    ejectors[0]!.failure(SLOT, 1, false);
    ejectors[0]!.failure(SLOT, 2, false);
    ejectors[1]!.success(SLOT, 3);
    assert.equal(ejectors[0]!.failure(SLOT, 4, false), false);
    assert.equal(ejectors[1]!.failure(SLOT, 5, false), false);
    assert.equal(ejectors[0]!.failure(SLOT, 6, false), true);
  });

  test('keeps the order of a success and a failure in the same instant of one worker', () => {
    const { ejectors } = fleet(1, 2);
    ejectors[0]!.success(SLOT, 5);
    assert.equal(ejectors[0]!.failure(SLOT, 5, false), false);
    assert.equal(ejectors[0]!.failure(SLOT, 5, false), true);
  });

  test('does not prolong an ejection for failures that were under way', () => {
    const { columns, ejectors } = fleet(2);
    ejectors[0]!.failure(SLOT, 1_000, true);
    assert.equal(ejectors[0]!.failure(SLOT, 3_000, true), false);
    assert.equal(ejectors[1]!.failure(SLOT, 4_000, true), false);
    assert.equal(ejectionOf(columns, SLOT, 1_000 + BASE_MS), EJECTION_PROBE_DUE);
  });

  test('does not reopen before the deadline for a success that was under way', () => {
    const { columns, ejectors } = fleet(2);
    ejectors[0]!.failure(SLOT, 1_000, true);
    ejectors[1]!.success(SLOT, 2_000);
    assert.equal(ejectionOf(columns, SLOT, 2_000), EJECTION_RUNNING);
  });

  test('gives the probe to one worker and reopens when it succeeds', () => {
    const { columns, ejectors } = fleet(2);
    ejectors[0]!.failure(SLOT, 1_000, true);
    assert.equal(ejectors[1]!.claimProbe(SLOT, 5_999), false);
    assert.equal(ejectors[1]!.claimProbe(SLOT, 6_000), true);
    assert.equal(ejectors[0]!.claimProbe(SLOT, 6_000), false);
    assert.equal(ejectors[1]!.claimProbe(SLOT, 6_000), false);
    assert.equal(ejectionOf(columns, SLOT, 6_000), EJECTION_PROBING);
    ejectors[1]!.success(SLOT, 6_100);
    assert.equal(ejectionOf(columns, SLOT, 6_100), EJECTION_NONE);
    assert.equal(columns.shared.probing[SLOT], 0);
  });

  test('ejects for longer each time in a row, up to the maximum', () => {
    const { columns, ejectors } = fleet(2);
    let nowMs = 1_000;
    for (const lastsMs of [5_000, 10_000, 15_000, 20_000, 20_000]) {
      const ejector = ejectors[lastsMs % 2]!;
      assert.equal(ejector.failure(SLOT, nowMs, true), true);
      assert.equal(columns.shared.probing[SLOT], 0);
      assert.equal(ejectionOf(columns, SLOT, nowMs + lastsMs - 1), EJECTION_RUNNING);
      nowMs += lastsMs;
      assert.equal(ejectionOf(columns, SLOT, nowMs), EJECTION_PROBE_DUE);
      assert.equal(ejector.claimProbe(SLOT, nowMs), true);
    }
  });

  test('forgives one ejection in a row for each minute of health', () => {
    const { columns, ejectors } = fleet(1);
    const ejector = ejectors[0]!;
    ejector.failure(SLOT, 1_000, true);
    ejector.failure(SLOT, 6_000, true);
    ejector.failure(SLOT, 16_000, true); // third in a row, until 31,000
    ejector.success(SLOT, 31_000);
    ejector.failure(SLOT, 31_000 + 125_000, true); // two minutes: one left, so the second
    assert.equal(ejectionOf(columns, SLOT, 156_000 + 9_999), EJECTION_RUNNING);
    assert.equal(ejectionOf(columns, SLOT, 156_000 + 10_000), EJECTION_PROBE_DUE);
  });

  test('spreads the ejection time by a tenth either way', () => {
    for (const [drawn, lastsMs] of [
      [0, 4_500],
      [0.999_999_999, 5_500],
    ] as const) {
      const columns = fixtureColumns(2, 1);
      const random: Random = { next: () => drawn, below: () => 0 };
      const ejector = new Ejector(columns, 0, { failureThreshold: 1 }, random);
      ejector.failure(SLOT, 1_000, false);
      assert.ok(Math.abs(columns.workers[0]!.ejectedUntilMs[SLOT]! - 1_000 - lastsMs) < 0.01);
    }
  });

  test('offers the probe again after it was given back', () => {
    const { columns, ejectors } = fleet(2);
    ejectors[0]!.failure(SLOT, 1_000, true);
    assert.equal(ejectors[0]!.claimProbe(SLOT, 6_000), true);
    ejectors[0]!.releaseProbe(SLOT);
    assert.equal(ejectionOf(columns, SLOT, 6_000), EJECTION_PROBE_DUE);
    assert.equal(ejectors[1]!.claimProbe(SLOT, 6_000), true);
    ejectors[0]!.releaseProbe(SLOT); // no longer its own
    assert.equal(ejectionOf(columns, SLOT, 6_000), EJECTION_PROBING);
  });

  test('frees the probe of a worker that crashed when it is started again', () => {
    const { columns, ejectors } = fleet(2);
    ejectors[0]!.failure(SLOT, 1_000, true);
    assert.equal(ejectors[1]!.claimProbe(SLOT, 6_000), true);
    new Ejector(columns, 0, { failureThreshold: 3 }, EVEN);
    assert.equal(ejectionOf(columns, SLOT, 6_001), EJECTION_PROBING);
    new Ejector(columns, 1, { failureThreshold: 3 }, EVEN);
    assert.equal(ejectionOf(columns, SLOT, 6_001), EJECTION_PROBE_DUE);
  });

  test('gives the probe to one of two workers that saw it due', () => {
    const { columns, ejectors } = fleet(2);
    ejectors[0]!.failure(SLOT, 1_000, true);
    let rival = false;
    atNextSwap(() => {
      rival = ejectors[1]!.claimProbe(SLOT, 6_000);
    });
    assert.equal(ejectors[0]!.claimProbe(SLOT, 6_000), false);
    assert.equal(rival, true);
    assert.equal(ejectionOf(columns, SLOT, 6_000), EJECTION_PROBING);
  });

  test('gives no probe when the endpoint is ejected again meanwhile', () => {
    const { columns, ejectors } = fleet(2);
    ejectors[0]!.failure(SLOT, 1_000, true);
    atNextSwap(() => ejectors[1]!.failure(SLOT, 6_000, false));
    assert.equal(ejectors[0]!.claimProbe(SLOT, 6_000), false);
    assert.equal(columns.shared.probing[SLOT], 0);
    assert.equal(ejectionOf(columns, SLOT, 6_001), EJECTION_RUNNING);
  });

  test('reopens when the probe has lasted, and closes again at the first failure', () => {
    const { columns, ejectors } = fleet(2);
    for (const at of [1, 2, 3]) ejectors[0]!.failure(SLOT, at, false);
    assert.equal(ejectors[0]!.claimProbe(SLOT, 6_000), true);
    assert.equal(ejectionOf(columns, SLOT, 5_999 + PROBE_PATIENCE_MS), EJECTION_PROBING);
    const laterMs = 6_000 + PROBE_PATIENCE_MS;
    assert.equal(ejectionOf(columns, SLOT, laterMs), EJECTION_NONE);
    assert.equal(ejectors[1]!.claimProbe(SLOT, laterMs), false);
    assert.equal(ejectors[1]!.failure(SLOT, laterMs + 1, false), true);
  });

  test('offers a probe after any idle time', () => {
    const { columns, ejectors } = fleet(2);
    ejectors[0]!.failure(SLOT, 1_000, true);
    const dayMs = 86_400_000;
    for (const afterMs of [dayMs / 2, 2 * dayMs, 3.2 * dayMs, 40 * dayMs]) {
      const twin = fleet(2);
      twin.ejectors[0]!.failure(SLOT, 1_000, true);
      assert.equal(twin.ejectors[0]!.claimProbe(SLOT, afterMs), true);
      assert.equal(twin.ejectors[1]!.claimProbe(SLOT, afterMs + 20), false);
    }
    assert.equal(ejectionOf(columns, SLOT, 40 * dayMs), EJECTION_PROBE_DUE);
  });
});

/** The ejector as one would write it for a single thread that sees everything. */
class Oracle {
  streak = 0;
  untilMs = 0;
  reopened = true;
  inARow = 0;
  probeAtMs = -1;

  state(nowMs: number): number {
    if (this.reopened) return EJECTION_NONE;
    if (nowMs < this.untilMs) return EJECTION_RUNNING;
    if (this.probeAtMs < 0) return EJECTION_PROBE_DUE;
    return nowMs - this.probeAtMs >= PROBE_PATIENCE_MS ? EJECTION_NONE : EJECTION_PROBING;
  }

  success(nowMs: number): void {
    this.streak = 0;
    if (nowMs >= this.untilMs) {
      this.reopened = true;
      this.probeAtMs = -1;
    }
  }

  failure(nowMs: number, atOnce: boolean, threshold: number): boolean {
    const state = this.state(nowMs);
    this.streak++;
    if (state === EJECTION_RUNNING) return false;
    if (state === EJECTION_NONE) {
      if (!atOnce && this.streak < threshold) return false;
      this.inARow = Math.max(0, this.inARow - Math.floor((nowMs - this.untilMs) / 60_000));
    }
    this.inARow = Math.min(4, this.inARow + 1);
    this.untilMs = nowMs + BASE_MS * this.inARow;
    this.reopened = false;
    this.probeAtMs = -1;
    return true;
  }
}

const WORKERS = 3;
const step = fc.record({
  // Multiples of the claim's resolution, so that ages are exact.
  ticks: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 2_000 })),
  worker: fc.nat(WORKERS - 1),
  act: fc.constantFrom('success', 'failure', 'failure', 'refused', 'probe', 'probe', 'release'),
});

describe('Ejectors of three workers', () => {
  test('act as one ejector that sees everything', () => {
    const property = fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      const { columns, ejectors } = fleet(WORKERS);
      const oracle = new Oracle();
      let holder = -1;
      let nowMs = 16;
      for (const { ticks, worker, act } of steps) {
        nowMs += ticks * 16;
        const ejector = ejectors[worker]!;
        if (act === 'success') {
          ejector.success(SLOT, nowMs);
          oracle.success(nowMs);
        } else if (act === 'probe') {
          const due = oracle.state(nowMs) === EJECTION_PROBE_DUE;
          assert.equal(ejector.claimProbe(SLOT, nowMs), due, 'one probe at a time, when due');
          if (due) {
            oracle.probeAtMs = nowMs;
            holder = worker;
          }
        } else if (act === 'release') {
          ejector.releaseProbe(SLOT);
          if (holder === worker) {
            oracle.probeAtMs = -1;
            holder = -1;
          }
        } else {
          const ejected = oracle.failure(nowMs, act === 'refused', 3);
          assert.equal(ejector.failure(SLOT, nowMs, act === 'refused'), ejected);
        }
        if (oracle.probeAtMs < 0) holder = -1;
        assert.equal(ejectionOf(columns, SLOT, nowMs), oracle.state(nowMs));
        if (act === 'refused') assert.notEqual(oracle.state(nowMs), EJECTION_NONE);
      }
      readmits(columns, ejectors, nowMs);
    });
    fc.assert(property, { seed: 20_240_501, numRuns: 1_000 });
  });
});

/** Whatever happened: an endpoint that serves from now on is open after the longest ejection. */
function readmits(columns: Columns, ejectors: Ejector[], fromMs: number): void {
  const nowMs = fromMs + 20_000 + PROBE_PATIENCE_MS;
  if (ejectionOf(columns, SLOT, nowMs) !== EJECTION_NONE) {
    assert.equal(ejectors[0]!.claimProbe(SLOT, nowMs), true);
    ejectors[0]!.success(SLOT, nowMs + 1);
  }
  assert.equal(ejectionOf(columns, SLOT, nowMs + 1), EJECTION_NONE);
}
