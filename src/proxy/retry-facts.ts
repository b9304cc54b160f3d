/**
 * What the verdict on a failed attempt needs to know, gathered from the exchange, its cluster and
 * the state of the fleet. Cold path: it runs once for each failure.
 */
import { availabilityOf, DOWN, EJECTED } from '../core/availability.ts';
import type { EndpointSpec } from '../core/endpoint.ts';
import type { ErrorCode } from '../core/errors.ts';
import {
  type AttemptFacts,
  RETRY_AFTER_BACKOFF,
  RETRY_OTHER,
  verdict,
} from '../core/retry/verdict.ts';
import type { Route } from '../openai/routes.ts';
import type { Applicant } from './admission.ts';
import type { DataPlane } from './plane.ts';
import type { RequestBody } from './request-body.ts';
import { deadlineMs } from './standing.ts';

/** The exchange, as far as retries depend on it. */
export interface Retrying extends Applicant {
  readonly plane: DataPlane;
  readonly route: Route;
  readonly body: RequestBody;
  readonly startedMs: number;
  readonly triesLeft: number;
  /** The client has seen a byte of the answer. */
  isCommitted(): boolean;
}

/** The verdict (RETRY_…), for which a repeat that multiplies load has paid its budget. */
export function decideAndPay(
  exchange: Retrying,
  endpoint: EndpointSpec,
  facts: AttemptFacts,
): number {
  fillFacts(exchange, endpoint, facts);
  const decision = verdict(facts);
  if (decision !== RETRY_OTHER && decision !== RETRY_AFTER_BACKOFF) return decision;
  const { plane } = exchange;
  if (!leavesTheDead(plane, endpoint, facts)) {
    plane.table.cluster(exchange.model)?.budget.tryWithdraw(plane.clock.nowMs());
  }
  return decision;
}

/** Would a failure with these facts be repeated in the same cluster? */
export function isWorthARetry(
  exchange: Retrying,
  endpoint: EndpointSpec,
  facts: AttemptFacts,
): boolean {
  fillFacts(exchange, endpoint, facts);
  const decision = verdict(facts);
  return decision === RETRY_OTHER || decision === RETRY_AFTER_BACKOFF;
}

/** The ways of never reaching an engine. */
const UNREACHED: ReadonlySet<ErrorCode> = new Set([
  'connect_refused',
  'connect_timeout',
  'connect_failed',
  'tls_failed',
]);

/**
 * What to tell one for whom nothing more is tried: one who waited in vain, or whose last attempt
 * failed with `code`. When no engine was reached and none of the model is left, that is no fault of
 * this request, and the client should come back later.
 */
export function whyNoAnswer({ plane, model }: Retrying, code?: ErrorCode): ErrorCode {
  const cluster = plane.table.cluster(model);
  if (code === undefined) {
    const limited = cluster !== undefined && plane.admission.isOverload(cluster);
    return limited ? 'rate_limited' : 'no_healthy_endpoint';
  }
  const isDead = cluster !== undefined && plane.admission.healthLeavesNothing(cluster);
  return UNREACHED.has(code) && isDead ? 'no_healthy_endpoint' : code;
}

/** Completes `facts`. The endpoint is already among those that the exchange has tried. */
function fillFacts(exchange: Retrying, endpoint: EndpointSpec, facts: AttemptFacts): void {
  const { plane } = exchange;
  const nowMs = plane.clock.nowMs();
  facts.committed = exchange.isCommitted();
  facts.bodyHeld = exchange.body.held;
  facts.pureInference = exchange.route.pureInference;
  facts.triesLeft = exchange.triesLeft;
  const limitMs = deadlineMs(exchange.standing, plane.options);
  facts.deadlineLeftMs = limitMs - (nowMs - exchange.startedMs);
  facts.untriedAvailable = plane.admission.hasUntried(exchange);
  const budget = plane.table.cluster(exchange.model)?.budget;
  facts.budgetAllows =
    budget !== undefined && (leavesTheDead(plane, endpoint, facts) || budget.balance(nowMs) >= 1);
}

/**
 * Going from an endpoint that is out of the rotation to a healthy one moves load and multiplies
 * none, so it is free of budget (docs/decisions/0005-free-failover.md).
 */
function leavesTheDead(plane: DataPlane, endpoint: EndpointSpec, facts: AttemptFacts): boolean {
  if (!facts.untriedAvailable) return false;
  const state = availabilityOf(plane.columns, endpoint.slot, plane.clock.nowMs());
  return state === EJECTED || state === DOWN;
}
