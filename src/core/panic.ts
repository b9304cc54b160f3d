// HOT PATH
/**
 * The panic threshold: when too few endpoints of a cluster are available, health is ignored and
 * all take traffic again, rather than that the few that are left break down under all of it.
 *
 * The share is taken of those that could serve: what the operator took out, and what has never
 * answered a probe, is no part of it. Counting a large cluster costs, so an answer holds for
 * LOOK_MS; without a threshold nothing is counted. Source: Envoy's panic threshold.
 *
 * bench: bench/pick.ts
 */
import { ADMITTING, availabilityOf, BUSY, DRAINING, UNCHECKED } from './availability.ts';
import type { Columns } from './columns.ts';
import type { Pool } from './pickers/picker.ts';

const LOOK_MS = 100;

interface Look {
  atMs: number;
  panics: boolean;
}

export class PanicWatch {
  readonly #columns: Columns;
  readonly #looks = new WeakMap<Pool, Look>();

  constructor(columns: Columns) {
    this.#columns = columns;
  }

  /** Whether health of this cluster is to be ignored; `threshold` 0 = never. */
  panics(pool: Pool, threshold: number, nowMs: number): boolean {
    if (threshold === 0) return false;
    let look = this.#looks.get(pool);
    if (look === undefined) {
      look = { atMs: Number.NEGATIVE_INFINITY, panics: false };
      this.#looks.set(pool, look);
    }
    if (nowMs - look.atMs >= LOOK_MS) {
      look.atMs = nowMs;
      look.panics = this.#isBelow(pool, threshold, nowMs);
    }
    return look.panics;
  }

  #isBelow(pool: Pool, threshold: number, nowMs: number): boolean {
    let able = 0;
    let available = 0;
    for (let index = 0; index < pool.size; index++) {
      const state = availabilityOf(this.#columns, pool.slots[index]!, nowMs);
      if (state === DRAINING || state === UNCHECKED) continue;
      able++;
      if (state === ADMITTING || state === BUSY) available++;
    }
    return available < threshold * able;
  }
}
