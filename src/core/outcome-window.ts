// HOT PATH
/**
 * How many attempts went well and how many failed in the last while, for the ejector's success
 * ratio. Each worker counts its own in two periods of half a window, the present one and the one
 * before; readers sum over workers. So the window reaches back between half and all of its length.
 *
 * Invariant: a worker writes only its own cells. Nothing is swept: counts of a period that is over
 * are moved or dropped when the next one is counted, and readers leave out what is too old.
 *
 * bench: bench/pick.ts
 */
import type { Columns, WorkerColumns } from './columns.ts';

export interface RatioRules {
  /** Below this share of attempts that went well, an endpoint is failing; 0 = nobody asks. */
  readonly successRatio: number;
  readonly windowMs: number;
  /** Fewer attempts than this in the window prove nothing. */
  readonly minRequests: number;
}

/** Number of the period that `nowMs` is in. */
export function periodOf(nowMs: number, windowMs: number): number {
  return Math.floor((2 * nowMs) / windowMs);
}

export function countOk(own: WorkerColumns, slot: number, period: number): void {
  if (own.countedPeriod[slot] !== period) turn(own, slot, period);
  own.countedOk[slot] = own.countedOk[slot]! + 1;
}

export function countFailed(own: WorkerColumns, slot: number, period: number): void {
  if (own.countedPeriod[slot] !== period) turn(own, slot, period);
  own.countedFailed[slot] = own.countedFailed[slot]! + 1;
}

/**
 * Whether too few attempts went well. Periods that began before `sinceMs` do not count: what was
 * before an ejection has been atoned for.
 */
export function isBelowRatio(
  columns: Columns,
  slot: number,
  nowMs: number,
  rules: RatioRules & { readonly sinceMs: number },
): boolean {
  const { windowMs, sinceMs } = rules;
  const period = periodOf(nowMs, windowMs);
  const now = (period * windowMs) / 2 >= sinceMs;
  const before = ((period - 1) * windowMs) / 2 >= sinceMs;
  let ok = 0;
  let failed = 0;
  for (let worker = 0; worker < columns.workers.length; worker++) {
    const cells = columns.workers[worker]!;
    const age = period - cells.countedPeriod[slot]!;
    // A worker whose clock reading is newer may be a period ahead; what is further ahead was
    // counted in periods of another length, before a reload.
    if (age < -1) continue;
    if (age <= 0 ? now : age === 1 && before) {
      ok += cells.countedOk[slot]!;
      failed += cells.countedFailed[slot]!;
    }
    if (age <= 0 && before) {
      ok += cells.earlierOk[slot]!;
      failed += cells.earlierFailed[slot]!;
    }
  }
  const all = ok + failed;
  return all >= rules.minRequests && ok < rules.successRatio * all;
}

function turn(own: WorkerColumns, slot: number, period: number): void {
  const next = own.countedPeriod[slot] === period - 1;
  own.earlierOk[slot] = next ? own.countedOk[slot]! : 0;
  own.earlierFailed[slot] = next ? own.countedFailed[slot]! : 0;
  own.countedOk[slot] = 0;
  own.countedFailed[slot] = 0;
  own.countedPeriod[slot] = period;
}
