/** Sums over workers: how the control plane reads what the data plane wrote. */
import type { Columns, WorkerColumns } from '../core/columns.ts';

/** A column of WorkerColumns that makes sense as a sum. */
export type SummedColumn = {
  [K in keyof WorkerColumns]: K extends `${string}Ms` | Unsummable ? never : K;
}[keyof WorkerColumns];

type Unsummable = 'streak' | 'ejections' | 'failureCode' | `counted${string}` | `earlier${string}`;

/** The value of `column` for `slot`, summed over all workers. */
export function sumOf(columns: Columns, column: SummedColumn, slot: number): number {
  let sum = 0;
  for (const worker of columns.workers) sum += worker[column][slot]!;
  return sum;
}

/** One number of state/totals, summed over all workers. */
export function totalOf(totals: readonly Float64Array[], index: number): number {
  let sum = 0;
  for (const row of totals) sum += row[index]!;
  return sum;
}
