/**
 * What the data plane tells of a request that is over: plain values, for the access log and the
 * trace. Times are milliseconds since the request's head was read, one digit behind the point.
 */
import type { ErrorCode } from './errors.ts';

/** How much workers record: nothing, one record a request, or its steps as well. */
export type RecordDetail = 'none' | 'requests' | 'steps';

/**
 * `ok`: a whole answer below 400. `refused`: answered by the router before it was a request for a
 * model. An error code: why the router, or the endpoint whose error was passed on, ended it.
 */
export type RequestOutcome = 'ok' | 'refused' | 'client_gone' | ErrorCode;

export interface RequestStep {
  readonly atMs: number;
  readonly step: 'waits' | 'attempt' | 'failed' | 'retry' | 'fallback' | 'committed';
  /** Endpoint of an attempt; '' for steps without one. */
  readonly endpoint: string;
  /** Error code of a failure, kind of a retry, model of a fallback; '' otherwise. */
  readonly detail: string;
}

export interface RequestRecord {
  readonly id: string;
  readonly method: string;
  /** Name of the route, or the path of a request that reached none. */
  readonly route: string;
  readonly model: string;
  /** Name of the client's key; '' = it needed none, or had none of ours. */
  readonly key: string;
  /** The last endpoint tried; '' = none was. */
  readonly endpoint: string;
  readonly attempts: number;
  /** What the client was sent; 0 = nothing. */
  readonly status: number;
  readonly outcome: RequestOutcome;
  /** Until the first byte was written to the client; -1 = none was. */
  readonly ttfbMs: number;
  readonly totalMs: number;
  /** Body bytes without framing: from the client, and written to it. */
  readonly bytesUp: number;
  readonly bytesDown: number;
  /** Empty unless steps are recorded. */
  readonly steps: readonly RequestStep[];
}
