/**
 * Every error of the router, once: what the client is told, who is to blame and whether another
 * attempt may help. The verdict loop, the error bodies and docs/errors.md all read this table.
 *
 * `source`: who broke the exchange. `retry`: `never`; `if-unsent` — only while nothing of the
 * answer has arrived; `if-uncommitted` — until the first byte went to the client.
 * `blame`: whether the endpoint's record suffers. `message` is one sentence for the client;
 * `{}` is replaced by the detail at hand (a model name, a limit).
 */
export interface ErrorRow {
  readonly status: number;
  readonly type: string;
  readonly source: 'downstream' | 'router' | 'upstream';
  readonly retry: 'never' | 'if-unsent' | 'if-uncommitted';
  readonly blame: 'endpoint' | 'nobody';
  readonly message: string;
}

type Source = ErrorRow['source'];
type Retry = ErrorRow['retry'];
type Blame = ErrorRow['blame'];

function row(
  status: number,
  source: Source,
  [retry, blame]: readonly [Retry, Blame],
  message: string,
): ErrorRow {
  const type =
    status === 429
      ? 'rate_limit_error'
      : source === 'upstream'
        ? 'upstream_error'
        : status < 500
          ? 'invalid_request_error'
          : 'server_error';
  return { status, type, source, retry, blame, message };
}

const FINAL = ['never', 'nobody'] as const;
const LOAD = ['if-uncommitted', 'nobody'] as const;
const FAULT = ['if-uncommitted', 'endpoint'] as const;

export const ERRORS = {
  malformed_request: row(400, 'downstream', FINAL, 'The HTTP request is malformed: {}.'),
  headers_too_large: row(431, 'downstream', FINAL, 'The request header exceeds the limit: {}.'),
  target_too_long: row(414, 'downstream', FINAL, 'The request target is longer than 8192 bytes.'),
  body_too_large: row(413, 'downstream', FINAL, 'The request body is larger than {} bytes.'),
  unsupported_coding: row(501, 'downstream', FINAL, 'Transfer-Encoding may only be "chunked".'),
  unsupported_version: row(505, 'downstream', FINAL, 'Only HTTP/1.1 and HTTP/1.0 are spoken here.'),
  unsupported_content_encoding: row(
    415,
    'downstream',
    FINAL,
    'The body must not be compressed: remove Content-Encoding: {}.',
  ),
  expectation_failed: row(417, 'downstream', FINAL, 'Only "Expect: 100-continue" is understood.'),
  request_timeout: row(408, 'downstream', FINAL, 'The request did not arrive in time.'),
  route_not_found: row(404, 'downstream', FINAL, 'No such route: {}.'),
  method_not_allowed: row(405, 'downstream', FINAL, 'This route does not take {}.'),
  invalid_api_key: row(
    401,
    'downstream',
    FINAL,
    'A valid API key is needed: send it as "Authorization: Bearer" or as "x-api-key".',
  ),
  model_missing: row(
    400,
    'downstream',
    FINAL,
    'The JSON body must carry a "model" that is a non-empty string.',
  ),
  model_not_found: row(
    404,
    'downstream',
    FINAL,
    'The model "{}" is not served here; GET /v1/models lists those that are.',
  ),
  client_gone: row(499, 'downstream', FINAL, 'The client went away before the answer was ready.'),

  rate_limited: row(
    429,
    'router',
    FINAL,
    'All endpoints of the model "{}" are at a limit; see Retry-After.',
  ),
  too_many_requests: row(
    429,
    'router',
    FINAL,
    'The router serves {} requests at once, and no more (server.max_requests).',
  ),
  queue_full: row(429, 'router', FINAL, 'Too many requests wait for the model "{}" already.'),
  no_socket: row(503, 'router', LOAD, 'The router has no free socket to reach an endpoint with.'),
  no_healthy_endpoint: row(503, 'router', FINAL, 'No endpoint of the model "{}" is available now.'),
  draining: row(503, 'router', FINAL, 'The router is shutting down.'),
  deadline_exceeded: row(
    504,
    'router',
    ['never', 'nobody'],
    'The request was not answered within its time (X-Request-Timeout or the configured one).',
  ),
  internal_error: row(500, 'router', FINAL, 'The router made a mistake; see its log.'),

  connect_refused: row(502, 'upstream', FAULT, 'The endpoint refused the connection.'),
  connect_timeout: row(504, 'upstream', FAULT, 'The endpoint did not accept a connection in time.'),
  connect_failed: row(502, 'upstream', FAULT, 'The endpoint could not be reached.'),
  tls_failed: row(502, 'upstream', FAULT, 'The TLS handshake with the endpoint failed.'),
  stale_connection: row(
    502,
    'upstream',
    ['if-unsent', 'nobody'],
    'A kept-alive connection had been closed by the endpoint.',
  ),
  upstream_closed: row(
    502,
    'upstream',
    ['if-unsent', 'endpoint'],
    'The endpoint closed the connection before it answered.',
  ),
  first_byte_timeout: row(504, 'upstream', FAULT, 'The endpoint did not start to answer in time.'),
  attempt_timeout: row(
    504,
    'upstream',
    FAULT,
    'The endpoint did not finish its answer within the time that is set for it.',
  ),
  upstream_busy: row(503, 'upstream', LOAD, 'The endpoint is overloaded.'),
  upstream_status: row(502, 'upstream', FAULT, 'The endpoint answered with a server error.'),
  malformed_response: row(502, 'upstream', FAULT, 'The answer of the endpoint is not valid HTTP.'),
  upstream_disconnected: row(
    502,
    'upstream',
    FAULT,
    'The endpoint closed the connection in the middle of its answer.',
  ),
  stream_stalled: row(
    504,
    'upstream',
    FAULT,
    'The endpoint stopped sending in the middle of its answer.',
  ),
  slow_client: row(499, 'downstream', FINAL, 'The client did not read its answer.'),
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERRORS;

const CODES = Object.keys(ERRORS) as readonly ErrorCode[];

/** A code as a number for a cell: 1 … */
export function numberOfError(code: ErrorCode): number {
  return CODES.indexOf(code) + 1;
}

/** The way back; undefined for 0 and other numbers that mean no code. */
export function errorOfNumber(number: number): ErrorCode | undefined {
  return CODES[number - 1];
}
