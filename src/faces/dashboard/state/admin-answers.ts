/** What the router's admin API answers, as far as the page reads it. */

/** An endpoint at the moment of a choice. */
export interface Candidate {
  readonly endpoint: string;
  readonly in_flight: number;
  readonly waiting: number | null;
  readonly rpm_used: number;
  /** Why it could not be taken; null = it could. */
  readonly excluded: string | null;
}

export interface RequestStep {
  /** Milliseconds since the request's head. */
  readonly at_ms: number;
  readonly step: string;
  readonly endpoint?: string;
  readonly detail?: string;
  readonly candidates?: readonly Candidate[];
}

export interface RequestRecord {
  readonly id: string;
  /** When its head was read, by the wall clock. */
  readonly at_ms: number;
  readonly running: boolean;
  /** Of a running one. */
  readonly phase?: string;
  readonly age_ms?: number;
  /** Of one that is over. */
  readonly status?: number;
  readonly outcome?: string;
  readonly method: string;
  readonly route: string;
  readonly model: string;
  readonly key: string | null;
  readonly endpoint: string | null;
  readonly attempts: number;
  readonly ttfb_ms: number | null;
  readonly total_ms: number | null;
  readonly bytes_up: number;
  readonly bytes_down: number;
  readonly worker: number;
  readonly steps: readonly RequestStep[];
  /** What happened, a sentence a step. */
  readonly story: readonly string[];
}

export interface RequestList {
  readonly requests: readonly RequestRecord[];
}

export interface LogLine {
  readonly seq: number;
  readonly at_ms: number;
  readonly level: string;
  readonly msg?: string;
  readonly [field: string]: unknown;
}

export interface LogAnswer {
  readonly lines: readonly LogLine[];
  readonly last: number;
  readonly missed: number;
  /** What the router writes. */
  readonly level: string;
}

export interface Setting {
  readonly value: unknown;
  readonly origin: string;
}

export interface Probe {
  readonly at_ms: number;
  readonly took_ms: number;
  readonly up: boolean;
  readonly reason: string;
  readonly detail: string;
}
