import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { fixtureColumns } from './columns-fixture.ts';
import { noteRecovery, rampShare, recoveredAtMs } from './slow-start.ts';

const SLOT = 1;
/** A multiple of the cell's resolution, so that times are exact. */
const AT_MS = 64_000;

function shareAt(nowMs: number, slowStartMs = 10_000): number {
  const columns = fixtureColumns(2, 1);
  noteRecovery(columns, SLOT, AT_MS);
  return rampShare(columns, SLOT, nowMs, slowStartMs);
}

describe('Slow start', () => {
  test('grows evenly from a tenth to all', () => {
    assert.equal(shareAt(AT_MS), 0.1);
    assert.equal(shareAt(AT_MS + 500), 0.1);
    assert.equal(shareAt(AT_MS + 5_000), 0.5);
    assert.equal(shareAt(AT_MS + 9_999), 0.9999);
    assert.equal(shareAt(AT_MS + 10_000), 1);
    assert.equal(shareAt(AT_MS + 1e9), 1);
  });

  test('has not begun while the recovery lies ahead', () => {
    assert.equal(shareAt(AT_MS - 5_000), 0.1);
  });

  test('is nothing to one that never recovered, nor when it is off', () => {
    const columns = fixtureColumns(2, 1);
    assert.equal(rampShare(columns, SLOT, 5, 10_000), 1);
    assert.equal(shareAt(AT_MS, 0), 1);
  });

  test('remembers the last recovery, also on a machine that has been up for years', () => {
    const columns = fixtureColumns(2, 1);
    const yearsMs = 64 * Math.floor((4 * 365 * 86_400_000) / 64);
    noteRecovery(columns, SLOT, AT_MS);
    noteRecovery(columns, SLOT, yearsMs);
    assert.equal(recoveredAtMs(columns, SLOT), yearsMs);
    assert.equal(recoveredAtMs(columns, 0), 0);
  });
});
