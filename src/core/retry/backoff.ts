/**
 * How long to wait before trying again: our own exponential delay, and the one a server asked for.
 * Sources: RFC 9110 §10.2.3 (Retry-After) and §5.6.7 (HTTP-date, all three forms).
 */
import type { Random } from '../random.ts';

export interface BackoffOptions {
  readonly baseDelayMs: number;
  readonly maxDelayMs: number;
  /** 0 … 1: the share of the delay that is left to chance. */
  readonly jitterFactor: number;
}

/** A server may close an endpoint for a minute, not for a day. */
const MAX_RETRY_AFTER_MS = 60_000;

/**
 * Delay before repeat number `attempt` (0 = the first wait): doubles each time up to the maximum;
 * jitter only shortens, so `maxDelayMs` is never exceeded.
 */
export function backoffMs(attempt: number, options: BackoffOptions, random: Random): number {
  const delayMs = Math.min(options.maxDelayMs, options.baseDelayMs * 2 ** attempt);
  return delayMs * (1 - options.jitterFactor * random.next());
}

const SECONDS = /^[0-9]+$/;
const RFC_DATE = /^[A-Z][a-z]{2,8}, \d{2}[ -][A-Z][a-z]{2}[ -]\d{2,4} \d{2}:\d{2}:\d{2} GMT$/;
const ASCTIME_DATE = /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/;

/**
 * Milliseconds a Retry-After value asks for, 0 … MAX_RETRY_AFTER_MS; -1 when it is empty or
 * invalid. `nowEpochMs` is wall-clock time, since the value may be a date.
 */
export function retryAfterMs(value: string, nowEpochMs: number): number {
  const text = value.trim();
  if (SECONDS.test(text)) return Math.min(MAX_RETRY_AFTER_MS, Number(text) * 1000);
  let epochMs = Number.NaN;
  if (RFC_DATE.test(text)) epochMs = Date.parse(text);
  else if (ASCTIME_DATE.test(text)) epochMs = Date.parse(`${text} GMT`);
  if (Number.isNaN(epochMs)) return -1;
  return Math.min(MAX_RETRY_AFTER_MS, Math.max(0, epochMs - nowEpochMs));
}
