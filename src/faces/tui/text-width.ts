/**
 * Texts as a terminal shows them: a Chinese character takes two cells, a combining mark none.
 * Source: Unicode UAX #11 (East Asian Width), by script instead of by table, since model names are
 * what stands here.
 */
import { harmless } from '../harmless.ts';

const WIDE_SCRIPT =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}]/u;
/** Punctuation of those scripts, and the wide forms of Latin ones. */
const WIDE_SIGN = /[\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]/;
const NOTHING = /^[\p{Mn}\p{Me}\p{Cf}\p{Cc}]$/u;

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** Cells of a terminal. */
export function widthOf(text: string): number {
  let cells = 0;
  for (const { segment } of graphemes.segment(text)) cells += cellsOf(segment);
  return cells;
}

/** The text in exactly so many cells: filled with blanks, or cut with an ellipsis. */
export function fitted(text: string, cells: number, side: 'left' | 'right' = 'left'): string {
  const clean = harmless(text);
  const width = widthOf(clean);
  if (width <= cells) {
    const blanks = ' '.repeat(cells - width);
    return side === 'left' ? clean + blanks : blanks + clean;
  }
  if (cells <= 0) return '';
  let cut = '';
  let used = 0;
  for (const { segment } of graphemes.segment(clean)) {
    const more = cellsOf(segment);
    if (used + more > cells - 1) break;
    cut += segment;
    used += more;
  }
  return `${cut}…${' '.repeat(cells - 1 - used)}`;
}

/** Lines of at most so many cells, broken between words; a word that is longer is left whole. */
export function wrapped(text: string, cells: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of harmless(text).split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && widthOf(longer) > cells) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return [...lines, line];
}

function cellsOf(segment: string): number {
  if (NOTHING.test(segment)) return 0;
  return WIDE_SCRIPT.test(segment) || WIDE_SIGN.test(segment) ? 2 : 1;
}
