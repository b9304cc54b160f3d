/** What scenarios compute from one load result: cost per unit, shares of a core, trust in it. */
import type { LoadResult } from '../load/job.ts';
import type { Column } from './columns.ts';

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

/** Who used how much of the machine, in percent of one core; null where there is no process. */
export function shares(result: LoadResult): Record<string, number | null> {
  const percent = (us: number | undefined): number | null =>
    us === undefined ? null : us / (result.elapsedMs * 10);
  return {
    proxyShare: percent(result.cpu.proxy?.totalUs),
    backendShare: percent(result.cpu.backend?.totalUs),
    loadShare: percent(result.cpu.load?.totalUs),
    othersShare: percent(result.othersUs),
    stolenShare: percent(result.stolenUs),
  };
}

/** Figures of a run with errors would compare different work, so there are none. */
export function requireClean(result: LoadResult): void {
  if (result.errors > 0) throw new Error(`${result.errors} errors, first: ${result.firstError}`);
  if (result.units === 0) throw new Error('nothing was answered');
}

/** The last columns of a table of costs: whether its figures can be trusted. */
export const SHARE_COLUMNS: readonly Column[] = [
  { heading: 'proxy %', figure: 'proxyShare', digits: 0 },
  { heading: 'backend %', figure: 'backendShare', digits: 0 },
  { heading: 'load %', figure: 'loadShare', digits: 0 },
  { heading: 'others %', figure: 'othersShare', digits: 0 },
];

export const SHARE_NOTE =
  'proxy, backend, load, others: CPU in percent of one core; others is everything else that ran ' +
  'on the machine meanwhile, which blurs latencies first and CPU costs next.';
