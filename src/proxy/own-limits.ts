/** What an endpoint has of its own in times and tries, and what running over such a time means. */
import type { OwnSettings } from '../core/endpoint.ts';
import type { ErrorCode } from '../core/errors.ts';
import { LEASE_FAILED_STREAM, LEASE_FAILED_TIMEOUT } from '../core/lease.ts';

/** Longest attempt, for a stream until its first event; 0 = no limit of its own. */
export function ownLimitMs(own: OwnSettings | undefined, streams: boolean): number {
  if (own === undefined) return 0;
  return streams && own.streamTimeoutMs > 0 ? own.streamTimeoutMs : own.timeoutMs;
}

/** Longest silence inside its answer; `otherwiseMs` is the router's. */
export function ownGapMs(
  own: OwnSettings | undefined,
  streams: boolean,
  otherwiseMs: number,
): number {
  return streams && own !== undefined && own.streamTimeoutMs > 0
    ? own.streamTimeoutMs
    : otherwiseMs;
}

/** Further attempts when the first one is at this endpoint. */
export function ownRetries(own: OwnSettings | undefined, otherwise: number): number {
  return own !== undefined && own.numRetries >= 0 ? own.numRetries : otherwise;
}

/** How a lease ends when its answer broke with this error. */
export function brokenOutcome(code: ErrorCode): number {
  const late = code === 'stream_stalled' || code === 'attempt_timeout';
  return late ? LEASE_FAILED_TIMEOUT : LEASE_FAILED_STREAM;
}
