/** One line for each run and each stage, one column for each number (RFC 4180). */
import type { BenchResult } from '../result.ts';

export function csvText(result: BenchResult): string {
  const rows = result.runs.flatMap(({ label, numbers, stages }) => [{ label, numbers }, ...stages]);
  const keys = [...new Set(rows.flatMap(({ numbers }) => Object.keys(numbers)))];
  const lines = rows.map(({ label, numbers }) =>
    [label, ...keys.map((key) => numberCell(numbers[key]))].map(quoted).join(','),
  );
  return [['label', ...keys].join(','), ...lines, ''].join('\r\n');
}

function numberCell(value: number | undefined): string {
  return value === undefined || Number.isNaN(value) ? '' : String(value);
}

function quoted(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
