/**
 * Numbers of a worker that belong to no endpoint: indices into its totals row (state/layout).
 * The worker that owns the row is its only writer; a reader sums over workers.
 */
/** Exchanges that reached a route, since start. */
export const TOTAL_REQUESTS = 0;
/** Of those: answered below 400. */
export const TOTAL_OK = 1;
/** Answered 4xx. */
export const TOTAL_CLIENT_ERRORS = 2;
/** Answered 5xx, or broken in the middle. */
export const TOTAL_SERVER_ERRORS = 3;
/** The client left first. */
export const TOTAL_CLIENT_GONE = 4;
/** Attempts beyond the first. */
export const TOTAL_RETRIES = 5;
/** Heads refused by the parser. */
export const TOTAL_REJECTED = 6;
/** Bodies given up for want of memory: their exchanges could not be repeated. */
export const TOTAL_BODIES_DROPPED = 7;
/** Client connections open now. */
export const GAUGE_CONNECTIONS = 8;
/** Exchanges between their head and their end now. */
export const GAUGE_EXCHANGES = 9;
/** Of those: waiting for an endpoint to become free. */
export const GAUGE_QUEUED = 10;
export const TOTALS = 11;

/** The class that a whole answer with this status counts in. */
export function totalOf(status: number): number {
  if (status < 400) return TOTAL_OK;
  return status < 500 ? TOTAL_CLIENT_ERRORS : TOTAL_SERVER_ERRORS;
}
