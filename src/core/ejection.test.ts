import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { fixtureColumns } from './columns-fixture.ts';
import { Ejector } from './ejection.ts';
import { BASE_MS, EVEN, fleet, SLOT } from './ejection-fixture.ts';
import {
  EJECTION_NONE,
  EJECTION_PROBE_DUE,
  EJECTION_PROBING,
  EJECTION_RUNNING,
  ejectingWorker,
  ejectionOf,
  PROBE_PATIENCE_MS,
} from './ejection-state.ts';
import type { Random } from './random.ts';
import { atNextSwap } from './rival-fixture.ts';
import { recoveredAtMs } from './slow-start.ts';

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

  test('never ejects for longer than the maximum, whatever chance adds', () => {
    for (const drawn of [0, 0.5, 0.999_999]) {
      const columns = fixtureColumns(2, 1);
      const random: Random = { next: () => drawn, below: () => 0 };
      const options = { failureThreshold: 1, baseEjectionMs: 5_000, maxEjectionMs: 10_000 };
      const ejector = new Ejector(columns, 0, options, random);
      let nowMs = 1_000;
      for (let ejection = 1; ejection <= 5; ejection++) {
        ejector.failure(SLOT, nowMs, false);
        const lastsMs = columns.workers[0]!.ejectedUntilMs[SLOT]! - nowMs;
        assert.ok(lastsMs <= 10_000, `${lastsMs} ms`);
        if (ejection > 2) assert.ok(lastsMs >= 9_000, `${lastsMs} ms`);
        nowMs += lastsMs;
      }
    }
  });

  test('ejects an endpoint that fails every other time, when enough has been counted', () => {
    const { columns, ejectors } = fleet(2, 3, { successRatio: 0.6, minRequests: 10 });
    const ejectedAt: number[] = [];
    for (let at = 1; at <= 14; at++) {
      const ejector = ejectors[at % 2]!;
      if (at % 2 === 0) ejector.success(SLOT, at);
      else if (ejector.failure(SLOT, at, false)) ejectedAt.push(at);
    }
    assert.deepEqual(ejectedAt, [11], 'six of eleven failed');
    assert.equal(ejectionOf(columns, SLOT, 20), EJECTION_RUNNING);
    assert.equal(ejectionOf(columns, 0, 20), EJECTION_NONE);
  });

  test('counts nothing twice: what led to an ejection leads to no other one', () => {
    const { columns, ejectors } = fleet(1, 3, { successRatio: 0.9, minRequests: 2 });
    const ejector = ejectors[0]!;
    ejector.success(SLOT, 1_000);
    assert.equal(ejector.failure(SLOT, 1_001, false), true);
    ejector.success(SLOT, 6_001);
    assert.equal(ejectionOf(columns, SLOT, 6_001), EJECTION_NONE);
    assert.equal(ejector.failure(SLOT, 6_002, false), false);
  });

  test('tells who ejected an endpoint, when, and for which error', () => {
    const { columns, ejectors } = fleet(3);
    ejectors[2]!.failure(SLOT, 1_000, true, 7);
    ejectors[0]!.failure(SLOT, 1_500, true, 8);
    assert.equal(ejectingWorker(columns, SLOT), 2);
    assert.equal(ejectingWorker(columns, 0), -1);
    const { ejectedAtMs, failureCode } = columns.workers[2]!;
    assert.deepEqual([ejectedAtMs[SLOT], failureCode[SLOT]], [1_000, 7]);
    assert.equal(columns.workers[0]!.failureCode[SLOT], 8);
  });

  test('forgets everything that an operator forgives', () => {
    const { columns, ejectors } = fleet(2, 3, { successRatio: 0.9, minRequests: 2 });
    for (const at of [1_000, 6_000, 16_000]) ejectors[0]!.failure(SLOT, at, true);
    columns.control.forgivenMs[SLOT] = 16_001;
    assert.equal(ejectionOf(columns, SLOT, 16_001), EJECTION_NONE);
    assert.equal(ejectors[1]!.claimProbe(SLOT, 40_000), false, 'there is nothing to prove');
    assert.equal(ejectors[0]!.failure(SLOT, 16_002, false), false, 'the first in a row');
    assert.equal(ejectors[1]!.failure(SLOT, 16_003, true), true);
    assert.equal(ejectionOf(columns, SLOT, 16_003 + BASE_MS - 1), EJECTION_RUNNING);
    assert.equal(ejectionOf(columns, SLOT, 16_003 + BASE_MS), EJECTION_PROBE_DUE, 'the first');
  });

  test('starts slowly from the moment at which something reopened the endpoint', () => {
    const { columns, ejectors } = fleet(2);
    const since = () => recoveredAtMs(columns, SLOT);
    ejectors[0]!.failure(SLOT, 1_000, true);
    ejectors[1]!.success(SLOT, 3_000);
    assert.equal(since(), 0, 'it was sent before the ejection');
    ejectors[1]!.success(SLOT, 6_400);
    assert.equal(since(), 6_400, 'one that lasted over the deadline');
    ejectors[1]!.success(SLOT, 12_800);
    assert.equal(since(), 6_400, 'it was open already');
    ejectors[0]!.failure(SLOT, 64_000, true);
    assert.equal(ejectors[1]!.claimProbe(SLOT, 76_800), true);
    assert.ok(since() > 76_800, 'not before the probe has lasted');
    ejectors[1]!.success(SLOT, 80_000);
    assert.equal(since(), 80_000);
    ejectors[0]!.failure(SLOT, 128_000, true);
    assert.equal(ejectors[0]!.claimProbe(SLOT, 192_000), true);
    ejectors[0]!.success(SLOT, 256_000);
    assert.ok(Math.abs(since() - 192_000 - PROBE_PATIENCE_MS) < 64, 'the probe lasted');
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
