/** The live panel in a terminal: drawn over itself once a second, left standing at the end. */
import type { RunBegin, Screen, View } from '../screen.ts';
import { renderLine } from './ink.ts';
import { type PanelHead, panelLines } from './panel.ts';

/** What it needs of a terminal. */
export interface Terminal {
  readonly columns: number;
  readonly rows: number;
  write(text: string): unknown;
}

// The terminal shows the frame at once, not half of it (synchronized output, mode 2026).
const FRAME_START = '\x1b[?2026h\x1b[?25l';
const FRAME_END = '\x1b[?2026l';
const SHOW_CURSOR = '\x1b[?25h';

export class PanelScreen implements Screen {
  readonly #terminal: Terminal;
  readonly #colours: boolean;
  #head: PanelHead | undefined;
  #drawn = 0;

  constructor(terminal: Terminal, colours: boolean) {
    this.#terminal = terminal;
    this.#colours = colours;
  }

  begin({ url, model, label, load }: RunBegin): void {
    this.#leave();
    this.#head = { url, model, label, load };
  }

  show(view: View): void {
    const { columns, rows } = this.#terminal;
    const lines = panelLines(this.#head!, view, { columns, rows });
    const text = lines.map((line) => `${renderLine(line, columns - 1, this.#colours)}\x1b[K\n`);
    const up = this.#drawn === 0 ? '' : `\x1b[${this.#drawn}A`;
    this.#terminal.write(`${FRAME_START}${up}\r${text.join('')}\x1b[J${FRAME_END}`);
    this.#drawn = lines.length;
  }

  note(text: string): void {
    this.#leave();
    this.#terminal.write(`bench: ${text}\n`);
  }

  end(): void {
    this.#leave();
    this.#terminal.write(SHOW_CURSOR);
  }

  /** What was drawn stays; the next frame comes below. */
  #leave(): void {
    this.#drawn = 0;
  }
}
