/**
 * Writes docs/errors.md from core/errors.ts: `node tools/errors-doc.ts` writes the page, with
 * `--check` it exits 1 when the page is stale. What the table of errors does not say, the advice,
 * stands here; an error without advice does not type-check.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ErrorCode, ErrorRow } from '../src/core/errors.ts';
import { ERRORS } from '../src/core/errors.ts';

/** What the person who sees the error can do about it. */
const ADVICE: Record<ErrorCode, string> = {
  malformed_request: 'Fix the client: the detail names the rule of HTTP/1.1 that it broke.',
  headers_too_large: 'Send fewer or shorter headers; look for cookies that do not belong here.',
  target_too_long: 'Move parameters from the URL into the JSON body.',
  body_too_large: 'Send less (scale images down), or raise `server.max_body_bytes`.',
  unsupported_coding: 'Send the body with Content-Length or with plain chunked coding.',
  unsupported_version: 'Use a client that speaks HTTP/1.1; HTTP/2 needs a proxy in front.',
  unsupported_content_encoding: 'Switch request compression off in the client.',
  expectation_failed: 'Remove the `Expect` header.',
  request_timeout: 'Look at the path between client and router; nothing was sent to an endpoint.',
  route_not_found:
    'Check the base URL: it ends in `/v1` for OpenAI clients, before it for Anthropic ones.',
  method_not_allowed: 'Use the method that the `Allow` header of the answer names.',
  invalid_api_key: 'Send a key that `server.api_keys` lists; the access log names who came.',
  model_missing: 'Send a JSON object with `"model"` at its top level.',
  model_not_found: 'Compare with `GET /v1/models`; names are case-sensitive.',
  client_gone: 'Seen in logs only. If frequent, raise the timeout of the client.',
  rate_limited: 'Wait for Retry-After, add endpoints, or raise `rpm_limit`.',
  too_many_requests: 'Send less at once, or raise `server.max_requests`.',
  queue_full: 'Wait and send again, slow down, or add endpoints.',
  no_socket: 'Raise the limit of open files (`ulimit -n`), or look for ports used up by others.',
  no_healthy_endpoint:
    'Look at the endpoints of this model: dashboard (reason and time), engine logs, network.',
  draining: 'Send again: another router, or this one after its restart, will answer.',
  deadline_exceeded: 'Ask for fewer tokens, or raise `http_client.request_timeout`.',
  internal_error: 'Report it, with the lines of the log that carry the X-Request-Id.',
  connect_refused: 'Start the engine, or correct its `api_base`.',
  connect_timeout: 'Check host, firewall and route to the endpoint; is its machine overloaded?',
  connect_failed: 'Check that the host name resolves and that the network reaches it.',
  tls_failed: 'Check the certificate of the endpoint, and `https` against `http` in `api_base`.',
  stale_connection:
    'Nothing, as a rule: it is repeated on a new connection. If frequent, lower ' +
    '`http_client.idle_conn_timeout`.',
  upstream_closed: 'Read the log of the engine: it crashed or restarted.',
  first_byte_timeout: 'Raise the first-byte limit for long prompts, or look for a hung engine.',
  attempt_timeout:
    'Look at the engine; if it is not stuck, raise its `timeout` (for streams `stream_timeout`).',
  upstream_busy: 'Send again later, or add endpoints: those there are full.',
  upstream_status: 'Read the log of the engine for the error behind its status.',
  malformed_response: 'Check that `api_base` points at an engine and not at something else.',
  upstream_disconnected:
    'Send again: a part of the answer was lost. Read the log of the engine for a crash.',
  stream_stalled: 'Look for a hung engine, or raise the limit of the gap between events.',
  slow_client: 'Seen in logs only. Read the answer faster, or check the network of the client.',
};

const WHO: Record<ErrorRow['source'], string> = {
  downstream: 'client',
  router: 'router or capacity',
  upstream: 'endpoint',
};

const RETRIED: Record<ErrorRow['retry'], string> = {
  never: 'no',
  'if-unsent': 'while no byte of an answer has arrived',
  'if-uncommitted': 'until the first byte went to the client',
};

const INTRO = `<!-- Written by tools/errors-doc.ts from src/core/errors.ts; do not edit. -->
# Errors

Every error that LLM Router itself reports. OpenAI routes get
\`{"error":{"message","type","param":null,"code"}}\`, \`/v1/messages\` gets
\`{"type":"error","error":{"type","message"}}\`. An error status that an
engine answered, and that no other attempt could mend, is passed on with its body.

When a stream breaks after its first event, the status has been sent already: the error arrives as
the last event of the stream, the connection is then closed without \`[DONE]\`, and the client
should treat the answer as incomplete.

*Retried* says whether the router tries another attempt by itself, within \`routing.num_retries\`
and
the retry budget; the client sees the error only when that did not help. *Counts against the
endpoint* says whether it can lead to an ejection. \`…\` in a message stands for the detail at hand.
Status 499 is never sent: there is nobody left to read it.
`;

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

function tableRow(code: ErrorCode): string {
  const row: ErrorRow = ERRORS[code];
  const cells = [
    `\`${code}\``,
    String(row.status),
    `\`${row.type}\``,
    WHO[row.source],
    RETRIED[row.retry],
    row.blame === 'endpoint' ? 'yes' : 'no',
    row.message.replace('{}', '…'),
    ADVICE[code],
  ];
  return `| ${cells.map(cell).join(' | ')} |`;
}

function page(): string {
  const head = [
    '| Code | Status | Type | At fault | Retried | Counts against the endpoint | Message ' +
      '| What to do |',
    '|---|---|---|---|---|---|---|---|',
  ];
  const codes = Object.keys(ERRORS) as ErrorCode[];
  return `${INTRO}\n${[...head, ...codes.map(tableRow)].join('\n')}\n`;
}

const path = fileURLToPath(new URL('../docs/errors.md', import.meta.url));
const current = existsSync(path) ? readFileSync(path, 'utf8') : '';
if (!process.argv.includes('--check')) writeFileSync(path, page());
else if (current !== page()) {
  console.error('docs/errors.md is stale: run `node tools/errors-doc.ts`');
  process.exitCode = 1;
}
