/** A fleet of two slots with an ejector per worker, for tests: no jitter, short times. */
import type { Columns } from './columns.ts';
import { fixtureColumns } from './columns-fixture.ts';
import { Ejector } from './ejection.ts';
import type { RatioRules } from './outcome-window.ts';
import type { Random } from './random.ts';

/** For tests: in the middle of every range, so no jitter. */
export const EVEN: Random = { next: () => 0.5, below: (bound) => bound >>> 1 };
/** For tests. */
export const BASE_MS = 5_000;
/** For tests. */
export const SLOT = 1;
/** For tests. */
export const WINDOW_MS = 10_000;

/** For tests. */
export function fleet(
  workers: number,
  failureThreshold = 3,
  ratio: Partial<RatioRules> = {},
): { columns: Columns; ejectors: Ejector[] } {
  const columns = fixtureColumns(2, workers);
  const times = { baseEjectionMs: BASE_MS, maxEjectionMs: 20_000 };
  const options = { failureThreshold, ...times, windowMs: WINDOW_MS, ...ratio };
  const ejectors = columns.workers.map((_, index) => new Ejector(columns, index, options, EVEN));
  return { columns, ejectors };
}
