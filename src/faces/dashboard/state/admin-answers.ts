/** What the router's admin API answers, as far as the page reads it. */

export interface RequestStep {
  readonly at_ms: number;
  readonly step: string;
  readonly endpoint?: string;
  readonly detail?: string;
  readonly [field: string]: unknown;
}

export interface RequestRecord {
  readonly id: string;
  /** When its head was read, by the wall clock. */
  readonly started_at_ms?: number;
  readonly method?: string;
  readonly route?: string;
  readonly model?: string;
  readonly endpoint?: string;
  readonly attempts?: number;
  readonly status?: number;
  readonly outcome?: string;
  readonly phase?: string;
  readonly age_ms?: number;
  readonly ttfb_ms?: number | null;
  readonly ttft_ms?: number | null;
  readonly total_ms?: number | null;
  readonly tokens_in?: number | null;
  readonly tokens_out?: number | null;
  readonly bytes_up?: number;
  readonly bytes_down?: number;
  readonly steps?: readonly RequestStep[];
  readonly [field: string]: unknown;
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
