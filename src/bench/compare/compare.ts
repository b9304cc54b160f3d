/**
 * Two measurements beside each other: `before` and `after` are results of this tool (or of vLLM's
 * bench), each from one file or several. Runs of one load are repetitions of each other; with two
 * or more on both sides a difference is called one only when chance does not explain it.
 */
import { shown, table } from '../report/table.ts';
import { differenceOf, type Interval, intervalOf } from './interval.ts';

type Numbers = { readonly [key: string]: unknown };

interface SavedResult extends Numbers {
  readonly runs?: readonly { readonly label: string; readonly numbers: Numbers }[];
}

/** Values of one load, by metric. */
export type Loads = ReadonlyMap<string, readonly Numbers[]>;

const METRICS: readonly (readonly [key: string, title: string, moreIsBetter: boolean])[] = [
  ['request_throughput', 'Requests per second', true],
  ['output_throughput', 'Output tokens per second', true],
  ['error_rate', 'Error rate', false],
  ['median_ttft_ms', 'TTFT median ms', false],
  ['p99_ttft_ms', 'TTFT p99 ms', false],
  ['median_tpot_ms', 'TPOT median ms', false],
  ['p99_tpot_ms', 'TPOT p99 ms', false],
  ['median_itl_ms', 'ITL median ms', false],
  ['p99_itl_ms', 'ITL p99 ms', false],
  ['median_e2el_ms', 'E2E median ms', false],
  ['p99_e2el_ms', 'E2E p99 ms', false],
];

/** Sorts the runs of some results by load; `1 of 5`, `2 of 5` … are the same load. */
export function loadsOf(results: readonly unknown[]): Loads {
  const loads = new Map<string, Numbers[]>();
  for (const result of results as readonly SavedResult[]) {
    const runs = result.runs ?? [{ label: '', numbers: result }];
    for (const { label, numbers } of runs) {
      const name = label.replace(/ ?\d+ of \d+$/, '');
      loads.set(name, [...(loads.get(name) ?? []), numbers]);
    }
  }
  return loads;
}

/** The comparison as text. */
export function compareText(before: Loads, after: Loads): string {
  const shared = [...before.keys()].filter((label) => after.has(label));
  if (shared.length === 0) {
    const names = (loads: Loads) => [...loads.keys()].map((name) => name || 'one load').join(', ');
    return `Nothing to compare: ${names(before)} against ${names(after)}.\n`;
  }
  return shared.map((label) => loadText(label, before.get(label)!, after.get(label)!)).join('\n');
}

function loadText(label: string, before: readonly Numbers[], after: readonly Numbers[]): string {
  const rows = METRICS.flatMap(([key, title, moreIsBetter]) => {
    const [a, b] = [valuesOf(before, key), valuesOf(after, key)];
    return a.length === 0 || b.length === 0 ? [] : [row(title, a, b, moreIsBetter)];
  });
  const several = before.length > 1 && after.length > 1;
  const head = ['', 'before', 'after', 'change', several ? '95 % interval' : '', ''];
  const runs = `${before.length} against ${after.length} ${after.length > 1 ? 'runs' : 'run'}`;
  const title = label === '' ? `${runs}:` : `${label}, ${runs}:`;
  const hint = several
    ? []
    : ['One run cannot tell chance from change: measure with -repeat 5 on both sides.'];
  return [title, ...table([head, ...rows]), ...hint, ''].join('\n');
}

function valuesOf(runs: readonly Numbers[], key: string): number[] {
  const values = runs.map((numbers) => numbers[key]);
  return values.filter((value): value is number => typeof value === 'number');
}

function row(
  title: string,
  before: readonly number[],
  after: readonly number[],
  moreIsBetter: boolean,
): string[] {
  const a = intervalOf(before);
  const b = intervalOf(after);
  const difference = differenceOf(before, after);
  return [
    title,
    intervalText(a),
    intervalText(b),
    relative(difference.mean, a.mean),
    Number.isNaN(difference.halfWidth)
      ? ''
      : `${relative(difference.mean - difference.halfWidth, a.mean)} … ` +
        relative(difference.mean + difference.halfWidth, a.mean),
    verdict(difference, moreIsBetter),
  ];
}

function intervalText({ mean, halfWidth }: Interval): string {
  return Number.isNaN(halfWidth) ? shown(mean) : `${shown(mean)} ± ${shown(halfWidth)}`;
}

function relative(change: number, base: number): string {
  if (base === 0) return change === 0 ? '0 %' : shown(change);
  const percent = (change / base) * 100;
  return `${percent > 0 ? '+' : ''}${percent.toFixed(1)} %`;
}

function verdict({ mean, halfWidth }: Interval, moreIsBetter: boolean): string {
  if (Number.isNaN(halfWidth)) return '';
  if (Math.abs(mean) <= halfWidth) return 'no difference';
  return mean > 0 === moreIsBetter ? 'better' : 'worse';
}
