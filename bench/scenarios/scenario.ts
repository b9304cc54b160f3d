/** One part of the bench: what load one target gets in one round, and how rounds become tables. */
import type { Job, LoadResult } from '../load/job.ts';
import type { Memory } from '../measure/memory.ts';
import type { Table } from '../measure/table.ts';
import type { Options } from '../options.ts';
import type { Shape } from '../targets/target.ts';

/** A running target. */
export interface Seat {
  /** CPU of `proxy` (absent for direct), `backend` and `load` is in the results. */
  load(job: JobOf<Job>): Promise<LoadResult>;
}

/** A target that was started for one measurement, with a backend of its own. */
export interface FreshSeat extends Seat {
  /** Of the proxy; zero for direct. */
  memory(): Memory;
  /** What the proxy has printed so far. */
  output(): string;
}

/** How a fresh target and its backend are started; what is left out is as usual. */
export interface Order extends Partial<Shape> {
  readonly eventsPerSecond?: number;
  /** False: all processes run on whatever core is free. */
  readonly pinned?: boolean;
}

/** What a scenario gets: the target that stays up over the rounds, and fresh ones at will. */
export interface Run extends Seat {
  readonly target: string;
  /** Starts a target of its own, passes it on, and ends it whatever happened. */
  withFresh<T>(order: Order, use: (seat: FreshSeat) => Promise<T>): Promise<T>;
  /** Runs a small program of the bench on the proxy's core; resolves with what it printed. */
  program(name: string, nodeFlags: readonly string[]): Promise<string>;
}

type JobOf<J> = J extends Job ? Omit<J, 'port' | 'watch'> : never;

/** Figures of one target in one round; null where a figure does not apply. */
export type Figures = Readonly<Record<string, number | null>>;

export interface Scenario {
  readonly name: string;
  /** Targets it says something about. */
  readonly targets: readonly string[];
  /** Rounds at most: costly scenarios take fewer than asked for. */
  readonly maxRounds: number;
  measure(run: Run, options: Options): Promise<Figures>;
  tabulate(rounds: RoundsByTarget, options: Options): Table[];
}

/** Every target in the order of the table, with one set of figures a round. */
export type RoundsByTarget = ReadonlyMap<string, readonly Figures[]>;
