/**
 * Finds where one answer ends on a keep-alive connection. Requests are never pipelined, so at most
 * one answer is on its way. Framing is trusted (this measures proxies, it does not test them), but
 * surplus bytes and missing lengths are reported.
 */

const HEAD_END = Buffer.from('\r\n\r\n');
const LAST_CHUNK = '0\r\n\r\n';
const CHUNKED = -1;
const HEAD_WANTED = -2;

export class AnswerReader {
  status = 0;
  #missing = HEAD_WANTED;
  #head = '';
  #tail = '';

  /** True when these bytes complete the answer. Throws on bytes that cannot be framed. */
  push(bytes: Buffer): boolean {
    if (this.#missing !== HEAD_WANTED) return this.#body(bytes, 0);
    const end = this.#head === '' ? bytes.indexOf(HEAD_END) : -1;
    if (end >= 0) {
      this.#startBody(bytes.toString('latin1', 0, end));
      return this.#body(bytes, end + HEAD_END.length);
    }
    // Rare: the head came in pieces.
    this.#head += bytes.toString('latin1');
    const headEnd = this.#head.indexOf('\r\n\r\n');
    if (headEnd < 0) return false;
    const whole = Buffer.from(this.#head, 'latin1');
    this.#startBody(this.#head.slice(0, headEnd));
    return this.#body(whole, headEnd + HEAD_END.length);
  }

  #startBody(head: string): void {
    this.status = Number(head.slice(9, 12));
    this.#head = '';
    this.#tail = '';
    const length = /\r\ncontent-length:[ \t]*(\d+)/i.exec(head);
    if (length !== null) this.#missing = Number(length[1]);
    else if (/\r\ntransfer-encoding:[ \t]*chunked/i.test(head)) this.#missing = CHUNKED;
    else throw new SyntaxError(`an answer without a length: ${head}`);
  }

  #body(bytes: Buffer, start: number): boolean {
    if (this.#missing === CHUNKED) {
      this.#tail = (this.#tail + bytes.toString('latin1', start)).slice(-LAST_CHUNK.length);
      return this.#tail === LAST_CHUNK && this.#reset();
    }
    this.#missing -= bytes.length - start;
    if (this.#missing < 0) throw new SyntaxError(`${-this.#missing} bytes behind an answer`);
    return this.#missing === 0 && this.#reset();
  }

  #reset(): true {
    this.#missing = HEAD_WANTED;
    return true;
  }
}
