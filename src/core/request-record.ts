/**
 * What the data plane tells of a request that is over: plain values, for the access log and the
 * trace. Times are milliseconds since the request's head was read, one digit behind the point.
 */
import type { Decision } from './ask.ts';
import type { ErrorCode } from './errors.ts';

/** How much workers record: nothing, one record a request, or its steps as well. */
export type RecordDetail = 'none' | 'requests' | 'steps';

/**
 * `ok`: a whole answer below 400. `refused`: answered by the router before it was a request for a
 * model. An error code: why the router, or the endpoint whose error was passed on, ended it.
 */
export type RequestOutcome = 'ok' | 'refused' | 'client_gone' | ErrorCode;

/** An endpoint of the model at the moment of a decision. */
export interface Candidate {
  readonly endpoint: string;
  /** Attempts running there, of all workers. */
  readonly inFlight: number;
  /** What the engine said last; -1 = unknown. */
  readonly waiting: number;
  /** Of its rate limit, used in the last 60 s; 0 also when it has none. */
  readonly rpm: number;
  /** Why it could not be chosen; '' = it could. */
  readonly excluded:
    | ''
    | 'tried'
    | 'ejected'
    | 'busy'
    | 'down'
    | 'unchecked'
    | 'draining'
    | 'rate_limit'
    | 'connection_limit';
}

export interface RequestStep {
  readonly atMs: number;
  readonly step: 'waits' | 'attempt' | 'failed' | 'retry' | 'fallback' | 'committed';
  /** Endpoint of an attempt; '' for steps without one. */
  readonly endpoint: string;
  /** Error code of a failure, kind of a retry, model of a fallback; '' otherwise. */
  readonly detail: string;
  /** Whom admission had to choose from, where that was looked at. */
  readonly candidates: readonly Candidate[];
}

/** Lengths in tokens (estimates) and the prompt's block hashes; no text. */
export interface RequestShape {
  /** When its head was read, on the clock's scale. */
  readonly startedMs: number;
  readonly promptTokens: number;
  readonly outputTokens: number;
  readonly low: Int32Array;
  readonly high: Int32Array;
  readonly tokensUpTo: Float64Array;
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
  /** Until the first event of a token stream was; -1 = it is none, or had none. */
  readonly ttftMs: number;
  readonly totalMs: number;
  /** Body bytes without framing: from the client, and written to it. */
  readonly bytesUp: number;
  readonly bytesDown: number;
  /** What the answer said it cost; -1 = it did not. */
  readonly tokensIn: number;
  readonly tokensOut: number;
  /** What a recording of traffic keeps of it; absent while none is made. */
  shape?: RequestShape;
  /** Empty unless steps are recorded. */
  readonly steps: readonly RequestStep[];
}

/** A record as it is kept to be explained. */
export interface DecisionRecord extends RequestRecord {
  /** Why its last attempt went where it went; absent when the strategy had no reasons to give. */
  readonly placement?: Decision | undefined;
  /** On the Clock's scale, which all threads share. */
  readonly startedMs: number;
  /** Not over yet: status and outcome say nothing. */
  readonly running: boolean;
  readonly worker: number;
}

/** Which records are wanted. */
export interface RequestQuery {
  /** '' = any. */
  readonly id: string;
  /** Only those that failed; or only those that run now. */
  readonly failed: boolean;
  readonly running: boolean;
  readonly limit: number;
}
