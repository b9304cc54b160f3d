/** What scenarios compute from one load result: cost per unit, shares of a core, and trust in it. */
import type { LoadResult } from '../load/job.ts';

export interface UnitCost {
  readonly [figure: string]: number | null;
  readonly userUs: number | null;
  readonly systemUs: number | null;
  readonly cpuUs: number | null;
}

/** CPU of one role per request or event; nulls where the role has no process. */
export function perUnitUs(result: LoadResult, role: string): UnitCost {
  const cpu = result.cpu[role];
  if (cpu === undefined) return { userUs: null, systemUs: null, cpuUs: null };
  return {
    userUs: cpu.userUs / result.units,
    systemUs: cpu.systemUs / result.units,
    cpuUs: cpu.totalUs / result.units,
  };
}

/** Percent of one core; null where the role has no process. */
export function shareOfCore(result: LoadResult, role: string): number | null {
  const cpu = result.cpu[role];
  return cpu === undefined ? null : (cpu.totalUs / (result.elapsedMs * 1000)) * 100;
}

/** Figures of a run with errors would compare different work, so there are none. */
export function requireClean(result: LoadResult): void {
  if (result.errors > 0) throw new Error(`${result.errors} errors, first: ${result.firstError}`);
  if (result.units === 0) throw new Error('nothing was answered');
}
