/**
 * What a strategy is made of: a Picker chooses among the members of a Pool those that a Gate
 * admits, and may compare them by a Load.
 *
 * Contract: `pick` allocates nothing and changes nothing but the random state. Source of the
 * split: finagle's distributor, node and load metric.
 */
import type { Random } from '../random.ts';

/** Candidates as parallel arrays; an index means the same member in all of them. */
export interface Pool {
  readonly size: number;
  /** Slot of each member in the shared columns. */
  readonly slots: Int32Array;
  /** > 0. */
  readonly weights: Float64Array;
  /** Prefix sums of `weights`; the last one is the total. */
  readonly cumulative: Float64Array;
  /** A hash of who each member is, the same in every process. */
  readonly identities: Int32Array;
}

/** Asked about indices of the pool, some of them twice, so the answer must have no side effect. */
export interface Gate {
  /** May this member take the request now? */
  admits(index: number): boolean;
}

export interface Picker {
  /** Index within the pool, or -1 when the gate admits none. */
  pick(pool: Pool, gate: Gate, random: Random): number;
}

export interface Load {
  /** How much the endpoint of this slot has to do; 0 = idle, lower is better. */
  of(slot: number): number;
}
