/** Lines of styled pieces, cut to the width of the terminal before they are coloured. */

export type Style = 'plain' | 'bold' | 'dim' | 'good' | 'bad' | 'accent';
export type Piece = readonly [text: string, style: Style];
export type Line = readonly Piece[];

const CODES: Readonly<Record<Style, string>> = {
  plain: '',
  bold: '\x1b[1m',
  dim: '\x1b[2m',
  good: '\x1b[32m',
  bad: '\x1b[31m',
  accent: '\x1b[36m',
};
const RESET = '\x1b[0m';

export function renderLine(line: Line, width: number, colours: boolean): string {
  let left = width;
  let text = '';
  for (const [piece, style] of line) {
    const shown = piece.slice(0, left);
    left -= shown.length;
    const code = CODES[style];
    text += colours && code !== '' && shown !== '' ? code + shown + RESET : shown;
  }
  return text;
}

export function plain(text: string): Piece {
  return [text, 'plain'];
}

export function dim(text: string): Piece {
  return [text, 'dim'];
}
