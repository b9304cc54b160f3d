/**
 * How a request stands among those that wait: its class, whose share it counts against, and how
 * long its client wants to wait. From the client's key and two header fields.
 */
import { PRIORITY_NORMAL, priorityOf } from '../core/priority.ts';
import {
  FIELD_X_REQUEST_PRIORITY,
  FIELD_X_REQUEST_TIMEOUT,
  fieldIndex,
  fieldValue,
} from '../http1/fields.ts';
import type { RequestHead } from '../http1/request-head.ts';
import type { KnownClient } from './client-keys.ts';

export interface Standing {
  readonly priority: number;
  readonly flow: string;
  /** From the request's head to its whole answer; 0 = as the router's option says. */
  readonly timeoutMs: number;
}

/** Of most requests. */
const USUAL: Standing = { priority: PRIORITY_NORMAL, flow: '', timeoutMs: 0 };

/** A number with an optional unit; without one it is seconds. */
const DURATION = /^(\d{1,9}(?:\.\d{1,6})?)(ms|s|m)?$/;
const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };

/**
 * A key that has a class can be lowered by the header, not raised; others take the header's word.
 * What the fields say is ignored when it cannot be understood.
 */
export function standingOf(chunk: Buffer, head: RequestHead, client: KnownClient): Standing {
  const hasWish = fieldIndex(head, FIELD_X_REQUEST_PRIORITY) >= 0;
  const hasTimeout = fieldIndex(head, FIELD_X_REQUEST_TIMEOUT) >= 0;
  if (!hasWish && !hasTimeout && client.name === '') return USUAL;
  const wish = hasWish ? priorityOf(fieldValue(chunk, head, FIELD_X_REQUEST_PRIORITY)) : -1;
  const own = client.priority;
  const timeout = hasTimeout ? fieldValue(chunk, head, FIELD_X_REQUEST_TIMEOUT) : '';
  return {
    priority: own < 0 ? (wish < 0 ? PRIORITY_NORMAL : wish) : Math.max(own, wish),
    flow: client.name,
    timeoutMs: durationMs(timeout),
  };
}

/** Of the client's wish and the router's limit, the shorter. */
export function deadlineMs(
  { timeoutMs }: Standing,
  { requestTimeoutMs }: { readonly requestTimeoutMs: number },
): number {
  return timeoutMs > 0 ? Math.min(timeoutMs, requestTimeoutMs) : requestTimeoutMs;
}

function durationMs(text: string): number {
  const match = DURATION.exec(text);
  return match === null ? 0 : Number(match[1]) * UNIT_MS[match[2] ?? 's']!;
}
