// HOT PATH
/**
 * Parses request heads strictly: what passes has one meaning for every peer behind us.
 *
 * Invariant: a head that is accepted satisfies every rule of PROTOCOL §1.1–7 and 1.10.
 * Only origin-form targets pass, and `*` for OPTIONS: the router is never used as a forward proxy.
 * Source: RFC 9112 §2.2, §3; RFC 9110 §7.2, §10.1.1. bench: bench/head-parse.ts
 */
import { BODY_CHUNKED, BODY_LENGTH, BODY_NONE } from './body-framing.ts';
import { CR, equalsWord, LF, SP, TARGET, TOKEN, ZERO } from './bytes.ts';
import { applyConnection } from './connection-options.ts';
import { parseFieldLines } from './field-lines.ts';
import { FIELD_EXPECT, FIELD_HOST } from './fields.ts';
import { interpretShared } from './framing-fields.ts';
import { hostError } from './host.ts';
import { parseHttpVersion } from './http-version.ts';
import { MAX_HEAD_BYTES, MAX_METHOD_BYTES, MAX_TARGET_BYTES } from './limits.ts';
import { MessageHead } from './message-head.ts';
import {
  BAD_METHOD,
  BAD_VERSION,
  BARE_CR,
  BARE_LF,
  CONNECT_REFUSED,
  EXTRA_EMPTY_LINE,
  HEAD_TOO_LARGE,
  HOST_MISSING,
  HOST_TWICE,
  HTTP2_PREFACE,
  LONG_METHOD,
  NO_VERSION,
  STAR_TARGET,
  TARGET_CHARACTER,
  TARGET_FORM,
  TARGET_SPACE,
  TARGET_TOO_LONG,
} from './parse-error.ts';

export const METHOD_OTHER = 0;
export const METHOD_GET = 1;
export const METHOD_POST = 2;
export const METHOD_HEAD = 3;
export const METHOD_OPTIONS = 4;
export const METHOD_PUT = 5;
export const METHOD_DELETE = 6;
export const METHOD_PATCH = 7;

const SLASH = 0x2f;
const STAR = 0x2a;
const QUESTION = 0x3f;
const LOWER_H = 0x68;
const CONTINUE = Buffer.from('100-continue');

export class RequestHead extends MessageHead {
  methodStart: number;
  methodEnd: number;
  /** One of METHOD_*; methods are case-sensitive. */
  method: number;
  /** The whole request target, query included. */
  targetStart: number;
  targetEnd: number;
  /** Where the query's '?' stands, or `targetEnd`. */
  pathEnd: number;
  /** Equal when there is no Host, which only HTTP/1.0 may omit. */
  hostStart: number;
  hostEnd: number;
  /** The client waits for 100 (Continue) before it sends the body. */
  expectContinue: boolean;
  /** An expectation that nobody understands: 417. */
  expectOther: boolean;

  constructor() {
    super();
    this.methodStart = 0;
    this.methodEnd = 0;
    this.method = METHOD_OTHER;
    this.targetStart = 0;
    this.targetEnd = 0;
    this.pathEnd = 0;
    this.hostStart = 0;
    this.hostEnd = 0;
    this.expectContinue = false;
    this.expectOther = false;
  }

  /** One of BODY_*. */
  bodyKind(): number {
    if (this.chunked) return BODY_CHUNKED;
    return this.contentLength > 0 ? BODY_LENGTH : BODY_NONE;
  }

  override interpret(buf: Buffer, index: number): number {
    const start = this.valueStart[index];
    const end = this.valueEnd[index];
    const id = this.fieldId[index];
    if (id === FIELD_HOST) {
      if (this.hostEnd !== 0) return HOST_TWICE;
      this.hostStart = start;
      this.hostEnd = end;
      return hostError(buf, start, end);
    }
    if (id !== FIELD_EXPECT) return interpretShared(this, buf, index);
    if (!equalsWord(buf, start, end, CONTINUE)) this.expectOther = true;
    // An HTTP/1.0 client cannot understand 100 (Continue), whatever it says.
    else if (this.minor === 1) this.expectContinue = true;
    return 0;
  }

  clear(): void {
    this.clearMessage();
    this.methodStart = 0;
    this.methodEnd = 0;
    this.method = METHOD_OTHER;
    this.targetStart = 0;
    this.targetEnd = 0;
    this.pathEnd = 0;
    this.hostStart = 0;
    this.hostEnd = 0;
    this.expectContinue = false;
    this.expectOther = false;
  }
}

/**
 * Parses the head that starts at `start`. Bytes consumed (> 0) when all of it lies in
 * [start, end); 0 = call again from the same start when there are more bytes; < 0 = a kind of
 * parse-error.ts. Clears and fills `head`, which means something only after a result > 0.
 */
export function parseRequestHead(
  buf: Buffer,
  start: number,
  end: number,
  head: RequestHead,
): number {
  head.clear();
  const limit = end - start > MAX_HEAD_BYTES ? start + MAX_HEAD_BYTES : end;
  let pos = parseRequestLine(buf, start, limit, head);
  if (pos > 0) pos = parseFieldLines(buf, pos, limit, head);
  if (pos === 0) return end - start >= MAX_HEAD_BYTES ? HEAD_TOO_LARGE : 0;
  if (pos < 0) return pos;
  if (head.hostEnd === 0 && head.minor === 1) return HOST_MISSING;
  const failure = applyConnection(buf, head);
  return failure < 0 ? failure : pos - start;
}

/** As parseFieldLines: the position after the line, 0 or a parse error. */
function parseRequestLine(buf: Buffer, start: number, limit: number, head: RequestHead): number {
  let pos = start;
  if (pos < limit && buf[pos] === CR) {
    if (pos + 1 === limit) return 0;
    if (buf[pos + 1] !== LF) return BARE_CR;
    pos += 2;
    if (pos < limit && buf[pos] === CR) return EXTRA_EMPTY_LINE;
  }
  pos = parseMethod(buf, pos, limit, head);
  if (pos > 0) pos = parseTarget(buf, pos, limit, head);
  return pos > 0 ? parseVersion(buf, pos, limit, head) : pos;
}

function parseMethod(buf: Buffer, start: number, limit: number, head: RequestHead): number {
  const methodLimit = start + MAX_METHOD_BYTES;
  let pos = start;
  while (pos < limit && TOKEN[buf[pos]] === 1) {
    if (pos === methodLimit) return LONG_METHOD;
    pos++;
  }
  if (pos === limit) return 0;
  if (buf[pos] === LF) return BARE_LF;
  if (buf[pos] !== SP || pos === start) return BAD_METHOD;
  head.methodStart = start;
  head.methodEnd = pos;
  head.method = methodOf(buf, start, pos);
  return head.method === METHOD_CONNECT ? CONNECT_REFUSED : pos + 1;
}

/** Never seen outside this file: such a head is refused. */
const METHOD_CONNECT = 255;

const GET = fourBytes('GET ');
const PUT = fourBytes('PUT ');
const POST = fourBytes('POST');
const HEAD = fourBytes('HEAD');
const DELETE = fourBytes('DELE');
const PATCH = fourBytes('PATC');
const OPTIONS = fourBytes('OPTI');
const CONNECT = fourBytes('CONN');
const DELETE_END = fourBytes('LETE');
const PATCH_END = fourBytes('ATCH');
const OPTIONS_END = fourBytes('IONS');
const CONNECT_END = fourBytes('NECT');
const PRI = fourBytes('PRI ');

function fourBytes(word: string): number {
  return wordAt(Buffer.from(word), 0);
}

function wordAt(buf: Buffer, pos: number): number {
  return (buf[pos] << 24) | (buf[pos + 1] << 16) | (buf[pos + 2] << 8) | buf[pos + 3];
}

/** Compares the first and the last four bytes, which overlap; the SP behind a method counts. */
function methodOf(buf: Buffer, start: number, end: number): number {
  const length = end - start;
  if (length < 3) return METHOD_OTHER;
  const first = wordAt(buf, start);
  if (first === POST && length === 4) return METHOD_POST;
  if (first === GET) return METHOD_GET;
  if (first === HEAD && length === 4) return METHOD_HEAD;
  if (first === PUT) return METHOD_PUT;
  if (length < 5) return METHOD_OTHER;
  const last = wordAt(buf, end - 4);
  if (first === OPTIONS && last === OPTIONS_END && length === 7) return METHOD_OPTIONS;
  if (first === DELETE && last === DELETE_END && length === 6) return METHOD_DELETE;
  if (first === PATCH && last === PATCH_END && length === 5) return METHOD_PATCH;
  if (first === CONNECT && last === CONNECT_END && length === 7) return METHOD_CONNECT;
  return METHOD_OTHER;
}

function parseTarget(buf: Buffer, start: number, limit: number, head: RequestHead): number {
  if (start === limit) return 0;
  const first = buf[start];
  if (first === STAR && head.method !== METHOD_OPTIONS) {
    return isPreface(buf, head) ? HTTP2_PREFACE : STAR_TARGET;
  }
  if (first !== SLASH && first !== STAR) return first === LF ? BARE_LF : TARGET_FORM;
  const targetLimit = start + MAX_TARGET_BYTES;
  let pathEnd = 0;
  let pos = start + 1;
  while (pos < limit && TARGET[buf[pos]] === 1) {
    if (pos === targetLimit) return TARGET_TOO_LONG;
    if (buf[pos] === QUESTION && pathEnd === 0) pathEnd = pos;
    pos++;
  }
  if (first === STAR && pos > start + 1) return TARGET_FORM;
  if (pos === limit) return 0;
  if (buf[pos] === LF) return BARE_LF;
  if (buf[pos] === CR) return NO_VERSION;
  if (buf[pos] !== SP) return TARGET_CHARACTER;
  head.targetStart = start;
  head.targetEnd = pos;
  head.pathEnd = pathEnd === 0 ? pos : pathEnd;
  return pos + 1;
}

/** Only HTTP/2 opens with "PRI *"; RFC 9113 §3.4. */
function isPreface(buf: Buffer, head: RequestHead): boolean {
  return head.methodEnd - head.methodStart === 3 && wordAt(buf, head.methodStart) === PRI;
}

function parseVersion(buf: Buffer, start: number, limit: number, head: RequestHead): number {
  const pos = parseHttpVersion(buf, start, limit);
  if (pos <= 0) return pos === BAD_VERSION && !startsLikeVersion(buf[start]) ? TARGET_SPACE : pos;
  head.minor = buf[pos - 1] - ZERO;
  if (pos === limit) return 0;
  if (buf[pos] !== CR) return buf[pos] === LF ? BARE_LF : BAD_VERSION;
  if (pos + 1 === limit) return 0;
  return buf[pos + 1] === LF ? pos + 2 : BARE_CR;
}

function startsLikeVersion(byte: number): boolean {
  return (byte | 0x20) === LOWER_H;
}
