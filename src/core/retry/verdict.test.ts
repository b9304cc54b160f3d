import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { ERRORS, type ErrorCode } from '../errors.ts';
import {
  type AttemptFacts,
  GIVE_UP,
  RETRY_AFTER_BACKOFF,
  RETRY_FRESH_CONNECTION,
  RETRY_OTHER,
  verdict,
} from './verdict.ts';

/** Everything speaks for another attempt. */
function facts(changes: Partial<AttemptFacts>): AttemptFacts {
  return {
    code: 'connect_failed',
    committed: false,
    bodyHeld: true,
    reused: false,
    responseBytes: 0,
    requestBytesSent: 0,
    pureInference: true,
    shouldRetryFalse: false,
    triesLeft: 3,
    budgetAllows: true,
    deadlineLeftMs: 1_000,
    untriedAvailable: true,
    ...changes,
  };
}

describe('The verdict', () => {
  test('is another endpoint at once when a connection fails', () => {
    for (const code of ['connect_refused', 'connect_timeout', 'tls_failed'] as const) {
      assert.equal(verdict(facts({ code, pureInference: false })), RETRY_OTHER);
    }
  });

  test('is a backoff when no untried endpoint is available', () => {
    assert.equal(verdict(facts({ untriedAvailable: false })), RETRY_AFTER_BACKOFF);
  });

  test('is a fresh connection for a stale one, whatever tries and budget are left', () => {
    const stale = { reused: true, requestBytesSent: 900, triesLeft: 0, budgetAllows: false };
    for (const code of ['stale_connection', 'upstream_closed'] as const) {
      assert.equal(
        verdict(facts({ ...stale, code, pureInference: false })),
        RETRY_FRESH_CONNECTION,
      );
    }
  });

  test('is to give up once a byte went to the client', () => {
    for (const code of Object.keys(ERRORS) as ErrorCode[]) {
      assert.equal(verdict(facts({ code, committed: true, reused: true })), GIVE_UP);
    }
  });

  test('repeats a request that may have had an effect only if the endpoint says it failed', () => {
    const sent = { requestBytesSent: 900, pureInference: false };
    assert.equal(verdict(facts({ ...sent, code: 'upstream_closed' })), GIVE_UP);
    assert.equal(verdict(facts({ ...sent, code: 'first_byte_timeout' })), GIVE_UP);
    assert.equal(
      verdict(facts({ ...sent, code: 'upstream_status', responseBytes: 9 })),
      RETRY_OTHER,
    );
    assert.equal(verdict(facts({ ...sent, code: 'upstream_busy', responseBytes: 9 })), RETRY_OTHER);
  });

  test('obeys x-should-retry: false', () => {
    const said = { code: 'upstream_status', responseBytes: 9, shouldRetryFalse: true } as const;
    assert.equal(verdict(facts(said)), GIVE_UP);
  });

  test('fails over an inference that broke off before its first byte to the client', () => {
    const broken = { code: 'upstream_disconnected', responseBytes: 200, requestBytesSent: 900 };
    assert.equal(verdict(facts(broken as Partial<AttemptFacts>)), RETRY_OTHER);
  });
});

/** What may be repeated, said once more by kind of failure; a new code must be sorted in here. */
const KINDS: Record<ErrorCode, 'final' | 'connect' | 'closed' | 'status' | 'broken'> = {
  malformed_request: 'final',
  headers_too_large: 'final',
  target_too_long: 'final',
  body_too_large: 'final',
  unsupported_coding: 'final',
  unsupported_version: 'final',
  unsupported_content_encoding: 'final',
  expectation_failed: 'final',
  request_timeout: 'final',
  route_not_found: 'final',
  method_not_allowed: 'final',
  invalid_api_key: 'final',
  model_missing: 'final',
  model_not_found: 'final',
  client_gone: 'final',
  rate_limited: 'final',
  too_many_requests: 'final',
  queue_full: 'final',
  no_healthy_endpoint: 'final',
  draining: 'final',
  deadline_exceeded: 'final',
  internal_error: 'final',
  connect_refused: 'connect',
  connect_timeout: 'connect',
  connect_failed: 'connect',
  tls_failed: 'connect',
  no_socket: 'connect',
  stale_connection: 'closed',
  upstream_closed: 'closed',
  attempt_timeout: 'broken',
  first_byte_timeout: 'broken',
  upstream_busy: 'status',
  upstream_status: 'status',
  malformed_response: 'broken',
  upstream_disconnected: 'broken',
  stream_stalled: 'broken',
  slow_client: 'final',
};

function oracle(given: AttemptFacts): number {
  const kind = KINDS[given.code];
  const harmless = given.pureInference || given.requestBytesSent === 0;
  const silent = given.responseBytes === 0;
  const possible = !given.committed && given.bodyHeld && given.deadlineLeftMs > 0;
  const stale = kind === 'closed' && given.reused && silent;
  const repeatable =
    !given.shouldRetryFalse &&
    (kind === 'connect' ||
      kind === 'status' ||
      (kind === 'broken' && harmless) ||
      (kind === 'closed' && harmless && silent));
  if (possible && stale) return RETRY_FRESH_CONNECTION;
  if (!possible || !repeatable || given.triesLeft <= 0 || !given.budgetAllows) return GIVE_UP;
  return given.untriedAvailable ? RETRY_OTHER : RETRY_AFTER_BACKOFF;
}

describe('The verdict table', () => {
  test('agrees with the rules for every code and every combination of facts', () => {
    const seen = new Set<number>();
    for (const code of Object.keys(ERRORS) as ErrorCode[]) {
      for (let bits = 0; bits < 2 ** 11; bits++) {
        const bit = (place: number) => (bits & (1 << place)) !== 0;
        const given: AttemptFacts = {
          code,
          committed: bit(0),
          bodyHeld: bit(1),
          reused: bit(2),
          responseBytes: bit(3) ? 17 : 0,
          requestBytesSent: bit(4) ? 900 : 0,
          pureInference: bit(5),
          shouldRetryFalse: bit(6),
          triesLeft: bit(7) ? 2 : 0,
          budgetAllows: bit(8),
          deadlineLeftMs: bit(9) ? 5 : 0,
          untriedAvailable: bit(10),
        };
        const answer = verdict(given);
        if (answer !== oracle(given)) assert.fail(`${answer} for ${JSON.stringify(given)}`);
        seen.add(answer);
      }
    }
    assert.equal(seen.size, 4);
  });
});
