/**
 * Answers the router makes itself: errors in the client's dialect, and the small local routes.
 * Cold path: strings are fine here.
 */
import { ERRORS, type ErrorCode } from '../core/errors.ts';
import { errorBody } from '../openai/error-body.ts';
import type { Dialect } from '../openai/routes.ts';

export interface OwnAnswer {
  readonly status: number;
  readonly body: Buffer;
  /** Further header lines, each with its CRLF. */
  readonly fields: string;
}

const REASONS = new Map<number, string>([
  [200, 'OK'],
  [400, 'Bad Request'],
  [401, 'Unauthorized'],
  [404, 'Not Found'],
  [405, 'Method Not Allowed'],
  [408, 'Request Timeout'],
  [413, 'Content Too Large'],
  [414, 'URI Too Long'],
  [415, 'Unsupported Media Type'],
  [417, 'Expectation Failed'],
  [429, 'Too Many Requests'],
  [431, 'Request Header Fields Too Large'],
  [500, 'Internal Server Error'],
  [501, 'Not Implemented'],
  [502, 'Bad Gateway'],
  [503, 'Service Unavailable'],
  [504, 'Gateway Timeout'],
  [505, 'HTTP Version Not Supported'],
]);

/** The error `code` as an answer; `fields` are further header lines (Allow, Retry-After). */
export function errorAnswer(
  code: ErrorCode,
  dialect: Dialect,
  detail: string,
  fields = '',
): OwnAnswer {
  return { status: ERRORS[code].status, body: errorBody(code, dialect, detail), fields };
}

/** Header lines of a refusal: when to come back, and that the router has tried for the client. */
export function refusalFields(status: number, retryAfterSeconds: number, tried: boolean): string {
  const comeBack = status === 429 || status === 503 || status === 504;
  const fields = comeBack ? `Retry-After: ${retryAfterSeconds}\r\n` : '';
  return tried ? `${fields}x-should-retry: false\r\n` : fields;
}

/** Head and body in one buffer. `withBody` is false for HEAD. */
export function serializeAnswer(
  answer: OwnAnswer,
  client: { readonly minor: number; readonly keepAlive: boolean; readonly withBody: boolean },
  requestId: string,
): Buffer {
  const connection = !client.keepAlive
    ? 'Connection: close\r\n'
    : client.minor === 0
      ? 'Connection: keep-alive\r\n'
      : '';
  const id = requestId === '' ? '' : `X-Request-Id: ${requestId}\r\n`;
  const head =
    `HTTP/1.1 ${answer.status} ${REASONS.get(answer.status) ?? ''}\r\n` +
    `Date: ${new Date().toUTCString()}\r\nContent-Type: application/json\r\n` +
    `Content-Length: ${answer.body.length}\r\n${answer.fields}${id}${connection}\r\n`;
  const bytes = Buffer.from(head, 'latin1');
  return client.withBody ? Buffer.concat([bytes, answer.body]) : bytes;
}
