/** Rows in columns, as wide as a terminal shows them. */
import { harmless } from '../faces/harmless.ts';
import { widthOf } from '../faces/tui/text-width.ts';

/** Two blanks between columns; those in `right` (numbers) are aligned to the right. */
export function tableLines(
  rows: readonly (readonly string[])[],
  right: ReadonlySet<number> = new Set(),
): string[] {
  const clean = rows.map((row) => row.map((cell) => harmless(cell)));
  const columns = Math.max(0, ...clean.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, at) =>
    Math.max(...clean.map((row) => widthOf(row[at] ?? ''))),
  );
  return clean.map((row) => {
    const cells = row.map((cell, at) => {
      const blanks = ' '.repeat(widths[at]! - widthOf(cell));
      return right.has(at) ? blanks + cell : cell + blanks;
    });
    return cells.join('  ').trimEnd();
  });
}
