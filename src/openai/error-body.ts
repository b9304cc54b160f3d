/**
 * What a client is told when something goes wrong: a JSON body, or one event in a stream that has
 * begun, in the shape its SDK turns into a typed error. All texts come from core/errors.ts.
 *
 * Invariant: the detail is a stranger's (a model name, a path), so it is cut, and escaped by the
 * JSON writer; it can neither end the JSON string nor the line of the event.
 */
import type { ErrorCode, ErrorRow } from '../core/errors.ts';
import { ERRORS } from '../core/errors.ts';
import type { Dialect } from './routes.ts';

/** UTF-16 units of the detail that a client sees; exported for tests. */
export const MAX_DETAIL_CHARS = 200;

/** The sentence for the client, with the detail at hand in its place; exported for tests. */
export function messageOf(code: ErrorCode, detail: string): string {
  const message: string = ERRORS[code].message;
  const at = message.indexOf('{}');
  return at === -1 ? message : message.slice(0, at) + cut(detail) + message.slice(at + 2);
}

/** A complete JSON body, to be sent with the status of the code. */
export function errorBody(code: ErrorCode, dialect: Dialect, detail: string): Buffer {
  const body =
    dialect === 'anthropic' ? anthropicError(code, detail) : { error: openaiError(code, detail) };
  return Buffer.from(JSON.stringify(body));
}

/**
 * The last event of a stream that broke; to be written at an event boundary only, and not to be
 * followed by a proper end (PROTOCOL 4).
 */
export function streamErrorEvent(code: ErrorCode, dialect: Dialect, detail: string): Buffer {
  if (dialect === 'openai') {
    return Buffer.from(`data: ${JSON.stringify({ error: openaiError(code, detail) })}\n\n`);
  }
  const body =
    dialect === 'anthropic' ? anthropicError(code, detail) : responsesError(code, detail);
  return Buffer.from(`event: error\ndata: ${JSON.stringify(body)}\n\n`);
}

function openaiError(code: ErrorCode, detail: string): object {
  return { message: messageOf(code, detail), type: ERRORS[code].type, param: null, code };
}

function anthropicError(code: ErrorCode, detail: string): object {
  return {
    type: 'error',
    error: { type: anthropicType(ERRORS[code]), message: messageOf(code, detail) },
  };
}

/** The event's own fields, and beside them the `error` object that makes the SDKs raise. */
function responsesError(code: ErrorCode, detail: string): object {
  return {
    type: 'error',
    code,
    message: messageOf(code, detail),
    param: null,
    error: openaiError(code, detail),
  };
}

/** Anthropic names errors by status. */
function anthropicType(row: ErrorRow): string {
  switch (row.status) {
    case 401:
      return 'authentication_error';
    case 404:
      return 'not_found_error';
    case 413:
      return 'request_too_large';
    case 429:
      return 'rate_limit_error';
    case 503:
      return 'overloaded_error';
    default:
      return row.status < 500 ? 'invalid_request_error' : 'api_error';
  }
}

/** Shortens to MAX_DETAIL_CHARS without leaving half of a surrogate pair behind. */
function cut(detail: string): string {
  if (detail.length <= MAX_DETAIL_CHARS) return detail;
  return `${detail.slice(0, MAX_DETAIL_CHARS - 1).toWellFormed()}…`;
}
