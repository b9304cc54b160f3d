/**
 * Splits one keep-alive connection into requests: just enough HTTP/1.1 for proxies that are
 * trusted to frame correctly. The first bytes of a body are kept to look for `"stream":true` in
 * them; the rest is only counted, so that a 30 MB upload costs the backend almost nothing.
 */
import { ChunkedCounter } from './chunked-counter.ts';

export interface RequestSink {
  onRequest(method: string, path: string, streamWanted: boolean): void;
}

const HEAD_END = Buffer.from('\r\n\r\n');
const STREAM_WANTED = Buffer.from('"stream":true');
const SCANNED_BODY_BYTES = 16 * 1024;
const NOTHING: Buffer = Buffer.alloc(0);

export class RequestReader {
  readonly #sink: RequestSink;
  #held: Buffer = NOTHING;
  #method = '';
  #path = '';
  /** Bytes of a body of known length still to come; 0 between requests. */
  #missing = 0;
  #chunks: ChunkedCounter | null = null;
  /** The beginning of the body, as far as it is scanned. */
  #beginning: Buffer = NOTHING;

  constructor(sink: RequestSink) {
    this.#sink = sink;
  }

  push(bytes: Buffer): void {
    const all = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    this.#held = NOTHING;
    let at = 0;
    while (at < all.length) {
      if (this.#chunks !== null) at = this.#readChunked(this.#chunks, all, at);
      else if (this.#missing > 0) at = this.#readCounted(all, at);
      else at = this.#readHead(all, at);
    }
  }

  /** Returns where the head ends, or the end after keeping an incomplete one for later. */
  #readHead(bytes: Buffer, start: number): number {
    const end = bytes.indexOf(HEAD_END, start);
    if (end < 0) {
      this.#held = bytes.subarray(start);
      return bytes.length;
    }
    const head = bytes.toString('latin1', start, end);
    const methodEnd = head.indexOf(' ');
    this.#method = head.slice(0, methodEnd);
    this.#path = head.slice(methodEnd + 1, head.indexOf(' ', methodEnd + 1));
    const length = /\r\ncontent-length:[ \t]*(\d+)/i.exec(head)?.[1];
    if (length !== undefined) this.#missing = Number(length);
    else if (/\r\ntransfer-encoding:[ \t]*chunked/i.test(head)) this.#chunks = new ChunkedCounter();
    if (this.#missing === 0 && this.#chunks === null) this.#finish();
    return end + HEAD_END.length;
  }

  #readCounted(bytes: Buffer, start: number): number {
    const end = Math.min(bytes.length, start + this.#missing);
    this.#scan(bytes, start, end);
    this.#missing -= end - start;
    if (this.#missing === 0) this.#finish();
    return end;
  }

  #readChunked(chunks: ChunkedCounter, bytes: Buffer, start: number): number {
    const end = chunks.next(bytes, start);
    this.#scan(bytes, chunks.dataStart, chunks.dataEnd);
    if (chunks.done) {
      this.#chunks = null;
      this.#finish();
    }
    return end;
  }

  /** Keeps what belongs to the scanned beginning; the usual small body comes whole. */
  #scan(bytes: Buffer, start: number, end: number): void {
    const room = SCANNED_BODY_BYTES - this.#beginning.length;
    if (room <= 0 || start === end) return;
    const part = bytes.subarray(start, Math.min(end, start + room));
    const first = this.#beginning.length === 0;
    this.#beginning = first ? part : Buffer.concat([this.#beginning, part]);
  }

  #finish(): void {
    const streamWanted = this.#beginning.includes(STREAM_WANTED);
    this.#beginning = NOTHING;
    this.#sink.onRequest(this.#method, this.#path, streamWanted);
  }
}
