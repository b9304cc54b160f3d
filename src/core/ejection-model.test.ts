import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import fc from 'fast-check';
import type { Columns } from './columns.ts';
import type { Ejector } from './ejection.ts';
import { BASE_MS, fleet, SLOT, WINDOW_MS } from './ejection-fixture.ts';
import {
  EJECTION_NONE,
  EJECTION_PROBE_DUE,
  EJECTION_PROBING,
  EJECTION_RUNNING,
  ejectionOf,
  PROBE_PATIENCE_MS,
} from './ejection-state.ts';

const RATIO = 0.7;
const MIN_REQUESTS = 6;
const RATIO_RULES = { successRatio: RATIO, minRequests: MIN_REQUESTS };

/** The ejector as one would write it for a single thread that sees everything. */
class Oracle {
  streak = 0;
  untilMs = 0;
  reopened = true;
  inARow = 0;
  forgivenMs = 0;
  probeAtMs = -1;
  readonly #outcomes: { readonly atMs: number; readonly ok: boolean }[] = [];

  state(nowMs: number): number {
    if (this.reopened) return EJECTION_NONE;
    if (nowMs < this.untilMs) return EJECTION_RUNNING;
    if (this.probeAtMs < 0) return EJECTION_PROBE_DUE;
    return nowMs - this.probeAtMs >= PROBE_PATIENCE_MS ? EJECTION_NONE : EJECTION_PROBING;
  }

  success(nowMs: number): void {
    this.#outcomes.push({ atMs: nowMs, ok: true });
    this.streak = 0;
    if (nowMs >= this.untilMs) {
      this.reopened = true;
      this.probeAtMs = -1;
    }
  }

  failure(nowMs: number, atOnce: boolean, threshold: number): boolean {
    const state = this.state(nowMs);
    this.#outcomes.push({ atMs: nowMs, ok: false });
    this.streak++;
    if (state === EJECTION_RUNNING) return false;
    if (state === EJECTION_NONE) {
      if (!atOnce && this.streak < threshold && !this.#isBelowRatio(nowMs)) return false;
      this.inARow = Math.max(
        0,
        this.inARow - Math.floor(Math.max(0, nowMs - this.untilMs) / 60_000),
      );
    }
    this.inARow = Math.min(4, this.inARow + 1);
    this.untilMs = nowMs + BASE_MS * this.inARow;
    this.reopened = false;
    this.probeAtMs = -1;
    return true;
  }

  forgive(nowMs: number): void {
    this.reopened = true;
    this.probeAtMs = -1;
    this.streak = 0;
    this.inARow = 0;
    this.forgivenMs = nowMs;
  }

  #isBelowRatio(nowMs: number): boolean {
    const half = WINDOW_MS / 2;
    const sinceMs = Math.max(this.untilMs, this.forgivenMs);
    const seen = this.#outcomes.filter(({ atMs }) => {
      const period = Math.floor(atMs / half);
      return period >= Math.floor(nowMs / half) - 1 && period * half >= sinceMs;
    });
    const ok = seen.filter((outcome) => outcome.ok).length;
    return seen.length >= MIN_REQUESTS && ok < RATIO * seen.length;
  }
}

const WORKERS = 3;
const step = fc.record({
  // Multiples of the claim's resolution, so that ages are exact.
  ticks: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 2_000 })),
  worker: fc.nat(WORKERS - 1),
  act: fc.constantFrom(
    'success',
    'success',
    'failure',
    'failure',
    'refused',
    'probe',
    'probe',
    'release',
    'forgive',
  ),
});

describe('Ejectors of three workers', () => {
  test('act as one ejector that sees everything', () => {
    const property = fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      const { columns, ejectors } = fleet(WORKERS, 3, RATIO_RULES);
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
        } else if (act === 'forgive') {
          columns.control.forgivenMs[SLOT] = nowMs;
          oracle.forgive(nowMs);
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
