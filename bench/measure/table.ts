/** Plain text tables: first column left, figures right, so they read in a terminal and in docs. */
import type { Spread } from './stats.ts';

export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly notes: readonly string[];
}

export function formatTable(table: Table): string {
  const lines = [table.columns, ...table.rows];
  const widths = table.columns.map((_, column) =>
    Math.max(...lines.map((cells) => (cells[column] ?? '').length)),
  );
  const formatted = lines.map((cells) => `| ${padded(cells, widths).join(' | ')} |`);
  const rule = widths.map((width, column) => (column === 0 ? '-' : '-:').padStart(width, '-'));
  formatted.splice(1, 0, `| ${rule.join(' | ')} |`);
  return [table.title, '', ...formatted, '', ...table.notes].join('\n');
}

/** `median (min–max)`; a single round or an exact repeat shows the median alone. */
export function formatSpread(spread: Spread | null, digits: number): string {
  if (spread === null) return '–';
  const median = spread.median.toFixed(digits);
  const min = spread.min.toFixed(digits);
  const max = spread.max.toFixed(digits);
  return min === max ? median : `${median} (${min}–${max})`;
}

function padded(cells: readonly string[], widths: readonly number[]): string[] {
  return widths.map((width, column) => {
    const cell = cells[column] ?? '';
    return column === 0 ? cell.padEnd(width) : cell.padStart(width);
  });
}
