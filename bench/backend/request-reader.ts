/**
 * Splits one keep-alive connection into requests: just enough HTTP/1.1 for proxies that are
 * trusted to frame correctly. Bodies are scanned for `"stream":true` up to a small size and only
 * counted beyond it, so that a 30 MB upload costs the backend almost nothing.
 */

export interface RequestSink {
  onRequest(method: string, path: string, streamWanted: boolean): void;
}

const HEAD_END = Buffer.from('\r\n\r\n');
const LAST_CHUNK = Buffer.from('\r\n0\r\n\r\n');
const STREAM_WANTED = Buffer.from('"stream":true');
const SCANNED_BODY_BYTES = 16 * 1024;
const CHUNKED = -1;

export class RequestReader {
  readonly #sink: RequestSink;
  #held: Buffer | null = null;
  #method = '';
  #path = '';
  /** Bytes of the present body still to come; CHUNKED when its end is marked; 0 between requests. */
  #missing = 0;
  #streamWanted = false;

  constructor(sink: RequestSink) {
    this.#sink = sink;
  }

  push(bytes: Buffer): void {
    let rest: Buffer | null = this.#held === null ? bytes : Buffer.concat([this.#held, bytes]);
    this.#held = null;
    while (rest !== null && rest.length > 0) {
      rest = this.#missing === 0 ? this.#readHead(rest) : this.#readBody(rest);
    }
  }

  /** Returns what follows the head, or null after keeping an incomplete one for later. */
  #readHead(bytes: Buffer): Buffer | null {
    const end = bytes.indexOf(HEAD_END);
    if (end < 0) return this.#hold(bytes);
    const head = bytes.toString('latin1', 0, end);
    const methodEnd = head.indexOf(' ');
    this.#method = head.slice(0, methodEnd);
    this.#path = head.slice(methodEnd + 1, head.indexOf(' ', methodEnd + 1));
    this.#streamWanted = false;
    this.#missing = bodyBytes(head);
    const rest = bytes.subarray(end + HEAD_END.length);
    if (this.#missing === 0) this.#finish();
    return rest;
  }

  #readBody(bytes: Buffer): Buffer | null {
    if (this.#missing === CHUNKED) return this.#readChunked(bytes);
    if (this.#missing > bytes.length && this.#missing <= SCANNED_BODY_BYTES) {
      return this.#hold(bytes);
    }
    const here = Math.min(this.#missing, bytes.length);
    if (here <= SCANNED_BODY_BYTES) {
      const mark = bytes.indexOf(STREAM_WANTED);
      this.#streamWanted ||= mark >= 0 && mark < here;
    }
    this.#missing -= here;
    if (this.#missing === 0) this.#finish();
    return here < bytes.length ? bytes.subarray(here) : null;
  }

  #readChunked(bytes: Buffer): Buffer | null {
    const end = bytes.indexOf(LAST_CHUNK);
    if (end < 0) return this.#hold(bytes);
    const mark = bytes.indexOf(STREAM_WANTED);
    this.#streamWanted = mark >= 0 && mark < end;
    this.#missing = 0;
    this.#finish();
    return bytes.subarray(end + LAST_CHUNK.length);
  }

  #hold(bytes: Buffer): null {
    this.#held = bytes;
    return null;
  }

  #finish(): void {
    this.#sink.onRequest(this.#method, this.#path, this.#streamWanted);
  }
}

function bodyBytes(head: string): number {
  const lengthLine = /\r\ncontent-length:[ \t]*(\d+)/i.exec(head);
  if (lengthLine !== null) return Number(lengthLine[1]);
  return /\r\ntransfer-encoding:[ \t]*chunked/i.test(head) ? CHUNKED : 0;
}
