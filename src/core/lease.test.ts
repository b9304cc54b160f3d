import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import fc from 'fast-check';
import type { WorkerColumns } from './columns.ts';
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
import {
  LEASE_BUSY,
  LEASE_FAILED_CONNECT,
  LEASE_FAILED_REFUSED,
  LEASE_FAILED_STATUS,
  LEASE_FAILED_STREAM,
  LEASE_FAILED_TIMEOUT,
  LEASE_IGNORED,
  LEASE_OK,
  Lease,
} from './lease.ts';
import { Xorshift } from './random.ts';

const SLOTS = 3;
const SLOT = 1;

function worker(failureThreshold = 3) {
  const columns = fixtureColumns(SLOTS, 2);
  const random = new Xorshift(1);
  const ejector = new Ejector(columns, 0, { failureThreshold, maxEjectionMs: 5_000 }, random);
  return { columns, own: columns.workers[0]!, ejector, lease: new Lease(columns, 0, ejector) };
}

const COUNTERS: readonly (readonly [number, keyof WorkerColumns])[] = [
  [LEASE_OK, 'ok'],
  [LEASE_FAILED_REFUSED, 'failedConnect'],
  [LEASE_FAILED_CONNECT, 'failedConnect'],
  [LEASE_FAILED_STATUS, 'failedStatus'],
  [LEASE_FAILED_STREAM, 'failedStream'],
  [LEASE_FAILED_TIMEOUT, 'failedTimeout'],
  [LEASE_BUSY, 'busy'],
  [LEASE_IGNORED, 'ignored'],
];

describe('A lease', () => {
  test('is in flight until it ends and pending until it is answered', () => {
    const { own, lease } = worker();
    lease.take(SLOT, 10);
    assert.deepEqual([own.inFlight[SLOT], own.pending[SLOT], lease.slot], [1, 1, SLOT]);
    lease.answered();
    lease.answered();
    assert.deepEqual([own.inFlight[SLOT], own.pending[SLOT]], [1, 0]);
    lease.end(LEASE_OK, 20);
    assert.deepEqual([own.inFlight[SLOT], own.pending[SLOT], lease.slot], [0, 0, -1]);
  });

  test('counts each outcome in its own column', () => {
    for (const [outcome, column] of COUNTERS) {
      const { own, lease } = worker();
      lease.take(SLOT, 10);
      lease.end(outcome, 20);
      const sum = new Set(COUNTERS.map(([, name]) => name));
      for (const name of sum) assert.equal(own[name][SLOT], name === column ? 1 : 0, name);
    }
  });

  test('throws when it is taken twice, ended twice or ended in an unknown way', () => {
    const { lease } = worker();
    assert.throws(() => lease.end(LEASE_OK, 1), /ended twice/);
    lease.take(SLOT, 1);
    assert.throws(() => lease.take(2, 1), /taken again/);
    lease.end(LEASE_OK, 2);
    assert.throws(() => lease.end(LEASE_OK, 2), /ended twice/);
    lease.take(SLOT, 3);
    assert.throws(() => lease.end(99, 4), RangeError);
  });

  test('ejects at once when refused, after the threshold when failed, never when busy', () => {
    for (const [outcome, ejectedAfter] of [
      [LEASE_FAILED_REFUSED, 1],
      [LEASE_FAILED_CONNECT, 3],
      [LEASE_FAILED_STATUS, 3],
      [LEASE_FAILED_STREAM, 3],
      [LEASE_FAILED_TIMEOUT, 3],
      [LEASE_BUSY, 0],
      [LEASE_IGNORED, 0],
      [LEASE_OK, 0],
    ] as const) {
      const { columns, lease } = worker();
      let ejectedAt = 0;
      for (let count = 1; count <= 5; count++) {
        lease.take(SLOT, count * 10);
        if (lease.end(outcome, count * 10 + 1)) ejectedAt = count;
      }
      assert.equal(ejectedAt, ejectedAfter, `outcome ${outcome}`);
      const state = ejectedAfter > 0 ? EJECTION_RUNNING : EJECTION_NONE;
      assert.equal(ejectionOf(columns, SLOT, 52), state);
    }
  });
});

describe('A lease that is the probe', () => {
  const DUE_MS = 10_000;

  /** Slot 1 was refused long enough ago and this worker's lease took the probe. */
  function probing() {
    const parts = worker();
    parts.lease.take(SLOT, 100);
    parts.lease.end(LEASE_FAILED_REFUSED, 101);
    assert.equal(parts.ejector.claimProbe(SLOT, DUE_MS), true);
    parts.lease.take(SLOT, DUE_MS);
    return parts;
  }

  test('reopens the endpoint when it ends well', () => {
    const { columns, lease } = probing();
    lease.end(LEASE_OK, DUE_MS + 5);
    assert.equal(ejectionOf(columns, SLOT, DUE_MS + 5), EJECTION_NONE);
  });

  test('ejects again with the first failure', () => {
    const { columns, lease } = probing();
    assert.equal(lease.end(LEASE_FAILED_STATUS, DUE_MS + 5), true);
    assert.equal(ejectionOf(columns, SLOT, DUE_MS + 6), EJECTION_RUNNING);
  });

  test('lets the next request probe when it proved nothing', () => {
    for (const outcome of [LEASE_BUSY, LEASE_IGNORED]) {
      const { columns, lease } = probing();
      lease.end(outcome, DUE_MS + 5);
      assert.equal(ejectionOf(columns, SLOT, DUE_MS + 5), EJECTION_PROBE_DUE);
    }
  });

  test('leaves the endpoint open when it is ignored after it lasted', () => {
    const { columns, lease } = probing();
    lease.end(LEASE_IGNORED, DUE_MS + PROBE_PATIENCE_MS);
    assert.equal(ejectionOf(columns, SLOT, DUE_MS + PROBE_PATIENCE_MS), EJECTION_NONE);
  });

  test('is not ended by an older lease of the same worker', () => {
    const { columns, lease, ejector } = worker();
    const older = new Lease(columns, 0, ejector);
    older.take(SLOT, 50);
    lease.take(SLOT, 100);
    lease.end(LEASE_FAILED_REFUSED, 101);
    ejector.claimProbe(SLOT, DUE_MS);
    lease.take(SLOT, DUE_MS);
    older.end(LEASE_IGNORED, DUE_MS + 1);
    assert.equal(ejectionOf(columns, SLOT, DUE_MS + 1), EJECTION_PROBING);
  });
});

describe('All leases', () => {
  const step = fc.record({
    lease: fc.nat(5),
    slot: fc.nat(SLOTS - 1),
    outcome: fc.nat(LEASE_IGNORED),
    answered: fc.boolean(),
    gapMs: fc.nat(6_000),
  });

  test('leave nothing in flight and one outcome for each taken', () => {
    const property = fc.property(fc.array(step, { maxLength: 80, size: 'max' }), (steps) => {
      const { columns, own, ejector } = worker(2);
      const leases = Array.from({ length: 6 }, () => new Lease(columns, 0, ejector));
      let nowMs = 1;
      let taken = 0;
      for (const { lease: index, slot, outcome, answered, gapMs } of steps) {
        nowMs += gapMs;
        const lease = leases[index]!;
        if (answered) lease.answered();
        if (lease.slot >= 0) lease.end(outcome, nowMs);
        else {
          ejector.claimProbe(slot, nowMs);
          lease.take(slot, nowMs);
          taken++;
        }
        const held = leases.filter((one) => one.slot >= 0).length;
        assert.equal(total(own.inFlight), held);
        assert.ok(total(own.pending) <= held);
      }
      for (const lease of leases) if (lease.slot >= 0) lease.end(LEASE_IGNORED, nowMs);
      assert.deepEqual([...own.inFlight, ...own.pending], [0, 0, 0, 0, 0, 0]);
      const names = new Set(COUNTERS.map(([, name]) => name));
      const ended = [...names].reduce((sum, name) => sum + total(own[name]), 0);
      assert.equal(ended, taken);
    });
    fc.assert(property, { seed: 8, numRuns: 300 });
  });
});

function total(cells: Int32Array | Float64Array): number {
  let sum = 0;
  for (const cell of cells) sum += cell;
  return sum;
}
