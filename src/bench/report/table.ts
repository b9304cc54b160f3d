/** Cells for people: columns, numbers of about four digits, what servers said of failures. */
import { printable } from '../../config/problem.ts';

const EXAMPLE_CHARS = 100;

/** What a server said of a failure, on one line of a terminal on which it cannot act. */
export function shownExample(text: string): string {
  return printable(text.replace(/\s+/g, ' '), EXAMPLE_CHARS);
}

/** Rows of words as lines of even columns; the first column is left-aligned, others right. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows.map((row) =>
    row
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!)))
      .join('  ')
      .trimEnd(),
  );
}

/** A measured number for people: about four digits, and a dash where there is none. */
export function shown(value: number | null | undefined): string {
  if (value === undefined || value === null || Number.isNaN(value)) return '-';
  const size = Math.abs(value);
  if (Number.isInteger(value) || size >= 10_000) return value.toFixed(0);
  if (size >= 100) return value.toFixed(1);
  return value.toFixed(size >= 1 ? 2 : 3);
}
