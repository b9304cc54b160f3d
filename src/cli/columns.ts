/**
 * Texts in columns as a terminal shows them: a Chinese character takes two cells, a combining mark
 * none. Source: Unicode UAX #11 (East Asian Width), by script instead of by table, since model
 * names are what stands here.
 */

const WIDE_SCRIPT =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}]/u;
/** Punctuation of those scripts, and the wide forms of Latin ones. */
const WIDE_SIGN = /[\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]/;
const NOTHING = /^[\p{Mn}\p{Me}\p{Cf}\p{Cc}]$/u;
/** What must not act on the terminal. */
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** Cells of a terminal; exported for tests. */
export function widthOf(text: string): number {
  let cells = 0;
  for (const { segment } of graphemes.segment(text)) {
    if (NOTHING.test(segment)) continue;
    cells += WIDE_SCRIPT.test(segment) || WIDE_SIGN.test(segment) ? 2 : 1;
  }
  return cells;
}

/** Two blanks between columns; those in `right` (numbers) are aligned to the right. */
export function tableLines(
  rows: readonly (readonly string[])[],
  right: ReadonlySet<number> = new Set(),
): string[] {
  const clean = rows.map((row) => row.map((cell) => cell.replace(UNSAFE, ' ')));
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
