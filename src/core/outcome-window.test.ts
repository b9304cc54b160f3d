import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import fc from 'fast-check';
import { fixtureColumns } from './columns-fixture.ts';
import { countFailed, countOk, isBelowRatio, periodOf } from './outcome-window.ts';

const WORKERS = 3;
const SLOT = 1;
const WINDOW_MS = 1_000;
const RULES = { successRatio: 0.5, windowMs: WINDOW_MS, minRequests: 10, sinceMs: 0 };

interface Outcome {
  readonly atMs: number;
  readonly ok: boolean;
}

/** The same said plainly, from a list of all that happened: the oracle. */
function oracle(outcomes: readonly Outcome[], nowMs: number, sinceMs: number): boolean {
  const half = WINDOW_MS / 2;
  const period = Math.floor(nowMs / half);
  const seen = outcomes.filter(({ atMs }) => {
    const its = Math.floor(atMs / half);
    return its >= period - 1 && its * half >= sinceMs;
  });
  const ok = seen.filter((outcome) => outcome.ok).length;
  return seen.length >= RULES.minRequests && ok < RULES.successRatio * seen.length;
}

const step = fc.record({
  afterMs: fc.oneof(fc.nat(20), fc.nat(20), fc.nat(700)),
  worker: fc.nat(WORKERS - 1),
  ok: fc.boolean(),
});

describe('The outcome window', () => {
  test('knows what all workers counted in the present and the last half window', () => {
    const property = fc.property(
      fc.array(step, { maxLength: 120, size: 'max' }),
      fc.nat(2_000),
      (steps, sinceMs) => {
        const columns = fixtureColumns(2, WORKERS);
        const outcomes: Outcome[] = [];
        let nowMs = 1_000;
        for (const { afterMs, worker, ok } of steps) {
          nowMs += afterMs;
          const count = ok ? countOk : countFailed;
          count(columns.workers[worker]!, SLOT, periodOf(nowMs, WINDOW_MS));
          outcomes.push({ atMs: nowMs, ok });
          const seen = isBelowRatio(columns, SLOT, nowMs, { ...RULES, sinceMs });
          assert.equal(seen, oracle(outcomes, nowMs, sinceMs));
        }
      },
    );
    fc.assert(property, { seed: 20_261_122, numRuns: 500 });
  });

  test('counts what a worker whose clock is ahead has seen in the period to come', () => {
    const columns = fixtureColumns(2, 2);
    for (let i = 0; i < 10; i++) countFailed(columns.workers[1]!, SLOT, 4);
    assert.equal(isBelowRatio(columns, SLOT, 1_999, RULES), true);
    assert.equal(isBelowRatio(columns, 0, 1_999, RULES), false, 'another slot');
  });

  test('leaves out what an idle worker counted while the window had another length', () => {
    const columns = fixtureColumns(2, 2);
    for (let i = 0; i < 10; i++) countFailed(columns.workers[1]!, SLOT, periodOf(90_000, 100));
    assert.equal(isBelowRatio(columns, SLOT, 90_000, RULES), false);
  });

  test('needs enough requests, and a share that is really below', () => {
    const columns = fixtureColumns(2, 1);
    const own = columns.workers[0]!;
    for (let i = 0; i < 5; i++) countFailed(own, SLOT, 2);
    assert.equal(isBelowRatio(columns, SLOT, 1_000, RULES), false, 'five prove nothing');
    for (let i = 0; i < 5; i++) countOk(own, SLOT, 2);
    assert.equal(isBelowRatio(columns, SLOT, 1_000, RULES), false, 'half is enough');
    countFailed(own, SLOT, 2);
    assert.equal(isBelowRatio(columns, SLOT, 1_000, RULES), true);
  });
});
