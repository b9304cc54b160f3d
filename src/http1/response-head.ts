// HOT PATH
/**
 * Parses response heads as strictly as request heads: a response that two readers would frame
 * differently poisons the connection it came on.
 *
 * Invariant: a head that is accepted has exactly one `bodyKind`. The one liberty: a status line
 * may end right after the status, as several engines' servers write it.
 * Source: RFC 9112 §4, §6.3; RFC 9110 §10.2.3, §15. bench: bench/head-parse.ts
 */
import { BODY_CHUNKED, BODY_LENGTH, BODY_NONE, BODY_UNTIL_CLOSE } from './body-framing.ts';
import { COMMA, CR, EQUALS, equalsWord, HTAB, LF, SEMICOLON, SP, VALUE, ZERO } from './bytes.ts';
import { applyConnection } from './connection-options.ts';
import { parseFieldLines } from './field-lines.ts';
import {
  FIELD_CONTENT_TYPE,
  FIELD_KEEP_ALIVE,
  FIELD_RETRY_AFTER,
  FIELD_X_SHOULD_RETRY,
} from './fields.ts';
import { interpretShared } from './framing-fields.ts';
import { parseHttpVersion } from './http-version.ts';
import { MAX_HEAD_BYTES } from './limits.ts';
import { MessageHead } from './message-head.ts';
import {
  BAD_REASON,
  BAD_STATUS,
  BARE_CR,
  BARE_LF,
  HEAD_TOO_LARGE,
  UPGRADED,
} from './parse-error.ts';

export const RETRY_UNSAID = 0;
export const RETRY_YES = 1;
export const RETRY_NO = 2;

const SWITCHING_PROTOCOLS = 101;
const NO_CONTENT = 204;
const NOT_MODIFIED = 304;

const EVENT_STREAM = Buffer.from('text/event-stream');
const TIMEOUT = Buffer.from('timeout');
const TRUE = Buffer.from('true');
const FALSE = Buffer.from('false');
/** A day; an engine that promises more is not believed. */
const MAX_KEEP_ALIVE_SECONDS = 86_400;

export class ResponseHead extends MessageHead {
  /** 100 … 999, never 101. */
  status: number;
  reasonStart: number;
  reasonEnd: number;
  /** The value of Retry-After; equal when absent. */
  retryAfterStart: number;
  retryAfterEnd: number;
  /** What x-should-retry says: one of RETRY_*. */
  shouldRetry: number;
  /** From Keep-Alive: timeout=N; -1 = not announced. */
  keepAliveTimeoutMs: number;
  /** The value of Content-Type; equal when absent. */
  contentTypeStart: number;
  contentTypeEnd: number;
  isEventStream: boolean;

  constructor() {
    super();
    this.status = 0;
    this.reasonStart = 0;
    this.reasonEnd = 0;
    this.retryAfterStart = 0;
    this.retryAfterEnd = 0;
    this.shouldRetry = RETRY_UNSAID;
    this.keepAliveTimeoutMs = -1;
    this.contentTypeStart = 0;
    this.contentTypeEnd = 0;
    this.isEventStream = false;
  }

  /** One of BODY_*; with BODY_LENGTH the length is `contentLength`. */
  bodyKind(requestWasHead: boolean): number {
    if (requestWasHead || this.isBodiless()) return BODY_NONE;
    if (this.chunked) return BODY_CHUNKED;
    if (this.contentLength < 0) return BODY_UNTIL_CLOSE;
    return this.contentLength > 0 ? BODY_LENGTH : BODY_NONE;
  }

  /** 1xx, 204 and 304 end with their head whatever their fields say. */
  isBodiless(): boolean {
    return this.status < 200 || this.status === NO_CONTENT || this.status === NOT_MODIFIED;
  }

  override interpret(buf: Buffer, index: number): number {
    const start = this.valueStart[index];
    const end = this.valueEnd[index];
    switch (this.fieldId[index]) {
      case FIELD_CONTENT_TYPE:
        this.contentTypeStart = start;
        this.contentTypeEnd = end;
        this.isEventStream = isEventStream(buf, start, end);
        return 0;
      case FIELD_RETRY_AFTER:
        this.retryAfterStart = start;
        this.retryAfterEnd = end;
        return 0;
      case FIELD_X_SHOULD_RETRY:
        if (equalsWord(buf, start, end, FALSE)) this.shouldRetry = RETRY_NO;
        else if (equalsWord(buf, start, end, TRUE)) this.shouldRetry = RETRY_YES;
        return 0;
      case FIELD_KEEP_ALIVE:
        this.keepAliveTimeoutMs = keepAliveTimeoutMs(buf, start, end);
        return 0;
      default:
        return interpretShared(this, buf, index);
    }
  }

  clear(): void {
    this.clearMessage();
    this.status = 0;
    this.reasonStart = 0;
    this.reasonEnd = 0;
    this.retryAfterStart = 0;
    this.retryAfterEnd = 0;
    this.shouldRetry = RETRY_UNSAID;
    this.keepAliveTimeoutMs = -1;
    this.contentTypeStart = 0;
    this.contentTypeEnd = 0;
    this.isEventStream = false;
  }
}

/** Same contract as parseRequestHead. An empty line before the status line is an error. */
export function parseResponseHead(
  buf: Buffer,
  start: number,
  end: number,
  head: ResponseHead,
): number {
  head.clear();
  const limit = end - start > MAX_HEAD_BYTES ? start + MAX_HEAD_BYTES : end;
  let pos = parseStatusLine(buf, start, limit, head);
  if (pos > 0) pos = parseFieldLines(buf, pos, limit, head);
  if (pos === 0) return end - start >= MAX_HEAD_BYTES ? HEAD_TOO_LARGE : 0;
  if (pos < 0) return pos;
  const failure = applyConnection(buf, head);
  if (failure < 0) return failure;
  // A server that announces a body where none may be could send it all the same.
  if (head.status === NO_CONTENT && (head.chunked || head.contentLength > 0)) {
    head.keepAlive = false;
  }
  return pos - start;
}

/** As parseFieldLines: the position after the line, 0 or a parse error. */
function parseStatusLine(buf: Buffer, start: number, limit: number, head: ResponseHead): number {
  const afterVersion = parseHttpVersion(buf, start, limit);
  if (afterVersion <= 0) return afterVersion;
  head.minor = buf[afterVersion - 1] - ZERO;
  const statusStart = afterVersion + 1;
  if (afterVersion === limit) return 0;
  if (buf[afterVersion] !== SP) return BAD_STATUS;
  let status = 0;
  for (let pos = statusStart; pos < statusStart + 3; pos++) {
    if (pos === limit) return 0;
    const digit = buf[pos] - ZERO;
    if (digit < 0 || digit > 9 || (status === 0 && digit === 0)) return BAD_STATUS;
    status = status * 10 + digit;
  }
  if (status === SWITCHING_PROTOCOLS) return UPGRADED;
  head.status = status;
  return parseReason(buf, statusStart + 3, limit, head);
}

function parseReason(buf: Buffer, start: number, limit: number, head: ResponseHead): number {
  let pos = start;
  if (pos === limit) return 0;
  head.reasonStart = pos;
  if (buf[pos] === SP) {
    pos++;
    head.reasonStart = pos;
    while (pos < limit && VALUE[buf[pos]] === 1) pos++;
    if (pos === limit) return 0;
  } else if (buf[pos] !== CR && buf[pos] !== LF) {
    return BAD_STATUS;
  }
  head.reasonEnd = pos;
  if (buf[pos] !== CR) return buf[pos] === LF ? BARE_LF : BAD_REASON;
  if (pos + 1 === limit) return 0;
  return buf[pos + 1] === LF ? pos + 2 : BARE_CR;
}

function isEventStream(buf: Buffer, start: number, end: number): boolean {
  const typeEnd = start + EVENT_STREAM.length;
  if (typeEnd > end || !equalsWord(buf, start, typeEnd, EVENT_STREAM)) return false;
  if (typeEnd === end) return true;
  const next = buf[typeEnd];
  return next === SEMICOLON || next === SP || next === HTAB;
}

/** Finds timeout=N in a list of parameters; an unreadable one counts as not announced. */
function keepAliveTimeoutMs(buf: Buffer, start: number, end: number): number {
  let pos = start;
  while (pos < end) {
    while (pos < end && (buf[pos] === SP || buf[pos] === HTAB || buf[pos] === COMMA)) pos++;
    const nameEnd = pos + TIMEOUT.length;
    if (nameEnd < end && buf[nameEnd] === EQUALS && equalsWord(buf, pos, nameEnd, TIMEOUT)) {
      return secondsToMs(buf, nameEnd + 1, end);
    }
    while (pos < end && buf[pos] !== COMMA) pos++;
  }
  return -1;
}

function secondsToMs(buf: Buffer, start: number, end: number): number {
  let seconds = -1;
  for (let pos = start; pos < end; pos++) {
    const digit = buf[pos] - ZERO;
    if (digit < 0 || digit > 9) break;
    seconds = Math.min(Math.max(seconds, 0) * 10 + digit, MAX_KEEP_ALIVE_SECONDS);
  }
  return seconds < 0 ? -1 : seconds * 1000;
}
