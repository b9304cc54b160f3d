/**
 * Finds the end of a chunked body without keeping it, so that a large upload costs the backend
 * little. Framing is trusted as everywhere in the bench: sizes are read, line ends are not checked.
 */
const SIZE = 0;
const SIZE_LINE = 1;
const DATA = 2;
const DATA_END = 3;
const TRAILER = 4;
const TRAILER_LINE = 5;
const DONE = 6;
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;

export class ChunkedCounter {
  #state = SIZE;
  #size = 0;
  /** Where the last pushed bytes hold data of a chunk; empty when they hold none. */
  dataStart = 0;
  dataEnd = 0;

  get done(): boolean {
    return this.#state === DONE;
  }

  /**
   * Takes bytes from `start` on and returns where it stopped: behind one span of data, behind the
   * body (`done`), or at the end.
   */
  next(bytes: Buffer, start: number): number {
    this.dataStart = this.dataEnd = start;
    let at = start;
    while (at < bytes.length && this.#state !== DONE) {
      if (this.#state === DATA) {
        const here = Math.min(this.#size, bytes.length - at);
        this.#size -= here;
        if (this.#size === 0) this.#state = DATA_END;
        this.dataStart = at;
        this.dataEnd = at + here;
        return at + here;
      }
      this.#frame(bytes[at++]!);
    }
    return at;
  }

  #frame(byte: number): void {
    if (byte === LINE_FEED) this.#lineEnd();
    else if (this.#state === SIZE) {
      const digit = Number.parseInt(String.fromCharCode(byte), 16);
      if (Number.isNaN(digit)) this.#state = SIZE_LINE;
      else this.#size = this.#size * 16 + digit;
    } else if (this.#state === TRAILER && byte !== CARRIAGE_RETURN) this.#state = TRAILER_LINE;
  }

  #lineEnd(): void {
    if (this.#state === SIZE || this.#state === SIZE_LINE) {
      this.#state = this.#size === 0 ? TRAILER : DATA;
    } else if (this.#state === TRAILER) {
      this.#state = DONE;
    } else {
      this.#state = this.#state === TRAILER_LINE ? TRAILER : SIZE;
    }
  }
}
