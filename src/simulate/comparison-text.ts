/** The comparison as a table for people. */
import type { ComparedStrategy, Estimate } from './comparison.ts';

const HEADINGS = ['strategy', 'mean TTFT s', 'p50', 'p99 TTFT s', 'from cache %', 'max/mean'];

export function comparisonText(rows: readonly ComparedStrategy[]): string {
  const cells = rows.map((row) => [
    row.strategy,
    shown(row.meanTtftMs, 1000),
    (row.p50TtftMs.mean / 1000).toFixed(2),
    shown(row.p99TtftMs, 1000),
    shown(row.hitRatio, 0.01),
    row.maxOverMean.mean.toFixed(2),
  ]);
  const widths = HEADINGS.map((heading, column) =>
    Math.max(heading.length, ...cells.map((row) => row[column]!.length)),
  );
  const line = (row: readonly string[]) =>
    row
      .map((text, column) =>
        column === 0 ? text.padEnd(widths[column]!) : text.padStart(widths[column]!),
      )
      .join('  ');
  return [HEADINGS, ...cells].map((row) => `${line(row)}\n`).join('');
}

function shown({ mean, plusMinus }: Estimate, unit: number): string {
  const digits = unit === 1000 ? 2 : 1;
  const value = (mean / unit).toFixed(digits);
  return plusMinus === 0 ? value : `${value} ± ${(plusMinus / unit).toFixed(digits)}`;
}
