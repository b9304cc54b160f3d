/**
 * What to do after an attempt failed: the one decision of the verdict loop.
 *
 * Invariant: after the commit point, without the body or past the deadline nothing is repeated;
 * an attempt whose request may have had an effect is repeated only on routes that have none
 * besides computing (pure inference). The ERRORS table says how far each failure may be repeated.
 */
import { ERRORS, type ErrorCode } from '../errors.ts';

/** Filled and reused by the caller; one per exchange. */
export interface AttemptFacts {
  code: ErrorCode;
  /** The first byte went to the client. */
  committed: boolean;
  /** The whole request body can be sent again. */
  bodyHeld: boolean;
  /** The attempt ran on a kept-alive connection. */
  reused: boolean;
  /** Answer bytes of this attempt, head included. */
  responseBytes: number;
  /** 0 = nothing written. */
  requestBytesSent: number;
  /** The route computes an answer and changes nothing. */
  pureInference: boolean;
  /** The endpoint sent `x-should-retry: false`. */
  shouldRetryFalse: boolean;
  triesLeft: number;
  budgetAllows: boolean;
  deadlineLeftMs: number;
  /** An available endpoint exists that this exchange has not tried. */
  untriedAvailable: boolean;
}

/** Hand the last answer or error to the client; exported for tests. */
export const GIVE_UP = 0;
/** Same endpoint, new connection, at once; costs neither a try nor budget. */
export const RETRY_FRESH_CONNECTION = 1;
/** An endpoint not tried yet, at once. */
export const RETRY_OTHER = 2;
/** Wait, then any endpoint that is available. */
export const RETRY_AFTER_BACKOFF = 3;

/** Of an attempt to which nothing has happened yet. */
export function newFacts(): AttemptFacts {
  return {
    code: 'upstream_closed',
    committed: false,
    bodyHeld: true,
    reused: false,
    responseBytes: 0,
    requestBytesSent: 0,
    pureInference: false,
    shouldRetryFalse: false,
    triesLeft: 0,
    budgetAllows: false,
    deadlineLeftMs: 0,
    untriedAvailable: false,
  };
}

/** One of the constants above. */
export function verdict(facts: AttemptFacts): number {
  if (facts.committed || !facts.bodyHeld || facts.deadlineLeftMs <= 0) return GIVE_UP;
  if (isStale(facts)) return RETRY_FRESH_CONNECTION;
  if (!mayRepeat(facts)) return GIVE_UP;
  if (facts.triesLeft <= 0 || !facts.budgetAllows) return GIVE_UP;
  return facts.untriedAvailable ? RETRY_OTHER : RETRY_AFTER_BACKOFF;
}

/** Rather another model at once than this one again after a pause. */
export function prefersFallback(decision: number): boolean {
  return decision === GIVE_UP || decision === RETRY_AFTER_BACKOFF;
}

/** Another model may answer: what forbids a repeat forbids that too, but for tries and budget. */
export function mayLeaveCluster(facts: AttemptFacts): boolean {
  return !facts.committed && facts.bodyHeld && facts.deadlineLeftMs > 0 && mayRepeat(facts);
}

/**
 * A kept-alive connection that closes without a byte of answer had most likely been closed by the
 * engine before our request reached it. Cannot loop: the next attempt is not on a reused one.
 */
function isStale(facts: AttemptFacts): boolean {
  const closed = facts.code === 'stale_connection' || facts.code === 'upstream_closed';
  return closed && facts.reused && facts.responseBytes === 0;
}

function mayRepeat(facts: AttemptFacts): boolean {
  const retry = ERRORS[facts.code].retry;
  if (retry === 'never' || facts.shouldRetryFalse) return false;
  if (retry === 'if-unsent' && facts.responseBytes > 0) return false;
  switch (facts.code) {
    case 'connect_refused':
    case 'connect_timeout':
    case 'connect_failed':
    case 'tls_failed':
    case 'no_socket':
    // The request never got to an engine; or (below) the engine says it did not serve it.
    case 'upstream_busy':
    case 'upstream_status':
      return true;
    default:
      return facts.pureInference || facts.requestBytesSent === 0;
  }
}
