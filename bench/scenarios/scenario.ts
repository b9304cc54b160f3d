/** One part of the bench: what load one target gets in one round, and how rounds become tables. */
import type { Job, LoadResult } from '../load/job.ts';
import type { Table } from '../measure/table.ts';
import type { Options } from '../options.ts';

export interface Run {
  /** CPU of `proxy` (absent for direct), `backend` and `load` is in the results. */
  load(job: JobOf<Job>): Promise<LoadResult>;
}

type JobOf<J> = J extends Job ? Omit<J, 'port' | 'watch'> : never;

/** Figures of one target in one round; null where a figure does not apply. */
export type Figures = Readonly<Record<string, number | null>>;

export interface Scenario {
  readonly name: string;
  measure(run: Run, options: Options): Promise<Figures>;
  tabulate(rounds: RoundsByTarget, options: Options): Table[];
}

/** Every target in the order of the table, with one set of figures a round. */
export type RoundsByTarget = ReadonlyMap<string, readonly Figures[]>;
