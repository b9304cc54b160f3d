// HOT PATH
/**
 * Watches a text/event-stream go by: where its last whole event ended, how many events there were,
 * and whether the stream has said that it is complete.
 *
 * Invariant: however the stream is cut into chunks, the same bytes give the same answers. A marker
 * counts when the blank line after its event has passed. Lines end in LF, CR or CRLF (HTML Living
 * Standard, "Interpreting an event stream").
 *
 * A span is copied to a shared scratch that ends in both line ends, so that the native searches
 * stop where the span stops and not somewhere in the stale bytes after it:
 *
 *     | tail of a line begun earlier | the span (at most PIECE_BYTES)   | CR | LF |
 *                                    ^ TAIL_BYTES                       ^ limit
 *
 * bench: bench/sse-scan.ts
 */
import { headEnds, jsonEnds, nameEnds } from './event-end.ts';
import { isSpace } from './json-bytes.ts';
import { startsWith } from './key-search.ts';
import type { Dialect } from './routes.ts';

const LF = 0x0a;
const CR = 0x0d;

const EVENT = Buffer.from('event:');
const DATA = Buffer.from('data:');

/** Of a line that spans chunks so many first bytes are kept: field, first key, first value. */
const HEAD_BYTES = 64;
/** And so many of its last bytes: more than any key with the value that makes it an end marker. */
const TAIL_BYTES = 64;
const PIECE_BYTES = 16384;

/** One scan at a time uses it, and nothing stays in it. */
const SCRATCH = Buffer.alloc(TAIL_BYTES + PIECE_BYTES + 2);

export class SseScanner {
  /** Events with data that are complete; comments and keep-alives are not counted. */
  events = 0;
  /** Nothing of an event is pending: here an event of our own may be put in. */
  atBoundary = true;
  /** The stream said it is complete, or is of a kind that never says so. */
  finished = false;

  #dialect: Dialect = 'openai';
  /** The event in progress has an end marker, data, a name. */
  #marked = false;
  #hasData = false;
  #hasName = false;
  /** A CR ended the last chunk: an LF at the start of the next one belongs to it. */
  #afterCr = false;
  /** A line is in progress whose bytes so far were in earlier chunks. */
  #inLine = false;
  readonly #head = Buffer.alloc(HEAD_BYTES);
  #headLength = 0;
  readonly #tail = Buffer.alloc(TAIL_BYTES);
  #tailLength = 0;

  /** Starts over; without `expectsEnd` the stream counts as finished wherever it ends. */
  reset(dialect: Dialect, expectsEnd: boolean): void {
    this.events = 0;
    this.atBoundary = true;
    this.finished = !expectsEnd;
    this.#dialect = dialect;
    this.#marked = false;
    this.#hasData = false;
    this.#hasName = false;
    this.#afterCr = false;
    this.#inLine = false;
    this.#headLength = 0;
    this.#tailLength = 0;
  }

  /**
   * Looks at the next bytes of the stream, `buf[start … end)`. Returns the offset in `buf` just
   * after the last blank line that ends here, or -1; of a CRLF that is cut in two both halves are
   * reported, as the first already ends the line.
   */
  scan(buf: Buffer, start: number, end: number): number {
    let boundary = -1;
    for (let at = start; at < end; at += PIECE_BYTES) {
      const stop = end - at < PIECE_BYTES ? end : at + PIECE_BYTES;
      buf.copy(SCRATCH, TAIL_BYTES, at, stop);
      const found = this.#scanPiece(TAIL_BYTES + stop - at);
      if (found !== -1) boundary = at + found - TAIL_BYTES;
    }
    return boundary;
  }

  #scanPiece(limit: number): number {
    SCRATCH[limit] = CR;
    SCRATCH[limit + 1] = LF;
    let boundary = -1;
    let i = TAIL_BYTES;
    if (this.#afterCr && SCRATCH[i] === LF) {
      i += 1;
      if (this.atBoundary) boundary = i;
    }
    this.#afterCr = false;
    if (this.#inLine) this.#tail.copy(SCRATCH, TAIL_BYTES - this.#tailLength, 0, this.#tailLength);
    let cr = -1;
    while (i < limit) {
      let stop = i;
      if (SCRATCH[i] !== LF && SCRATCH[i] !== CR) {
        if (cr < i) cr = SCRATCH.indexOf(CR, i);
        stop = SCRATCH.indexOf(LF, i);
        if (cr < stop) stop = cr;
      }
      if (stop >= limit) {
        this.#holdLine(i, limit);
        break;
      }
      let next = stop + 1;
      if (SCRATCH[stop] === CR) {
        if (next === limit) this.#afterCr = true;
        else if (SCRATCH[next] === LF) next += 1;
      }
      if (stop === i && !this.#inLine) {
        this.#endEvent();
        boundary = next;
      } else this.#endLine(i, stop);
      i = next;
    }
    return boundary;
  }

  #endEvent(): void {
    if (this.#hasData) this.events += 1;
    if (this.#marked) this.finished = true;
    this.#marked = false;
    this.#hasData = false;
    this.#hasName = false;
    this.atBoundary = true;
  }

  /** A line ends at `to`; its bytes in this piece start at `from`. */
  #endLine(from: number, to: number): void {
    this.atBoundary = false;
    if (!this.#inLine) {
      if (this.#readField(SCRATCH, from, to)) this.#search(from, to);
      return;
    }
    this.#extendHead(from, to);
    const isData = this.#readField(this.#head, 0, this.#headLength);
    if (isData) this.#search(TAIL_BYTES - this.#tailLength, to);
    this.#inLine = false;
    this.#headLength = 0;
    this.#tailLength = 0;
  }

  /** The piece ends within a line: keeps what the next one needs of it. */
  #holdLine(from: number, to: number): void {
    this.atBoundary = false;
    this.#extendHead(from, to);
    const start = this.#inLine ? TAIL_BYTES - this.#tailLength : from;
    if (startsWith(this.#head, 0, this.#headLength, DATA)) this.#search(start, to);
    this.#tailLength = SCRATCH.copy(this.#tail, 0, Math.max(start, to - TAIL_BYTES), to);
    this.#inLine = true;
  }

  #extendHead(from: number, to: number): void {
    if (this.#headLength === HEAD_BYTES) return;
    const stop = Math.min(to, from + HEAD_BYTES - this.#headLength);
    this.#headLength += SCRATCH.copy(this.#head, this.#headLength, from, stop);
  }

  /** Reads a line, or the first bytes of a long one; true when it is data. */
  #readField(buf: Buffer, from: number, to: number): boolean {
    if (startsWith(buf, from, to, DATA)) {
      this.#hasData = true;
      if (this.finished || this.#marked) return true;
      let value = from + DATA.length;
      while (value < to && isSpace(buf[value])) value += 1;
      this.#marked = headEnds(buf, value, to);
      return true;
    }
    if (startsWith(buf, from, to, EVENT)) {
      this.#hasName = true;
      let name = from + EVENT.length;
      while (name < to && isSpace(buf[name])) name += 1;
      if (nameEnds(this.#dialect, buf, name, to)) this.#marked = true;
    }
    return false;
  }

  #search(from: number, to: number): void {
    if (this.finished || this.#marked) return;
    // Where events have names the name decides, and the JSON may hold anything.
    if (this.#hasName && this.#dialect !== 'openai') return;
    this.#marked = jsonEnds(this.#dialect, SCRATCH, from, to);
  }
}
