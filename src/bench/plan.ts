/**
 * What the main thread tells its worker threads, as plain data: whom to ask, with what, how fast.
 */
import type { DataSpec } from './data/spec.ts';

export interface Target {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  /** Accept any certificate. */
  readonly insecure: boolean;
  /** Path and query of the request line. */
  readonly path: string;
  /** Header lines, each with its CRLF, without those that depend on the body. */
  readonly headers: string;
  /** Local addresses to send from; empty = the system's choice. */
  readonly sourceIps: readonly string[];
}

/** One part of a run, with numbers of its own in the report. */
export interface Stage {
  readonly label: string;
  /** 0 = it ends with the requests. */
  readonly durationMs: number;
  /** Requests a second; 0 = closed loop: a request follows when another ends. */
  readonly rate: number;
  /** Most requests at once; 0 = no bound (open loop only). */
  readonly concurrency: number;
}

export const RAMPS = ['none', 'linear', 'exponential'] as const;
export type Ramp = (typeof RAMPS)[number];

export interface LoadSpec {
  readonly stages: readonly Stage[];
  /** Requests in all stages together; 0 = no bound. */
  readonly requests: number;
  /** Shape of the gamma distribution of gaps: 1 = Poisson; 0 = constant gaps. */
  readonly burstiness: number;
  readonly ramp: Ramp;
  readonly rampStartRate: number;
  readonly rampEndRate: number;
  /** Requests come when the trace says; `rate` does not count. */
  readonly byTrace: boolean;
  readonly seed: number;
}

export const KEEP_ALIVES = ['pool', 'per-request', 'httpx'] as const;
export type KeepAlive = (typeof KEEP_ALIVES)[number];

/** Limits of one request for goodput; Infinity = none. */
export interface GoodputLimits {
  readonly ttftMs: number;
  readonly tpotMs: number;
  readonly e2elMs: number;
}

export interface ClientSpec {
  readonly keepAlive: KeepAlive;
  readonly timeoutMs: number;
  /** Share of the requests whose client leaves early. */
  readonly cancelRate: number;
  /** It leaves at a random time up to this one. */
  readonly cancelAfterMs: number;
  readonly stallMs: number;
  readonly goodput: GoodputLimits;
  /** Keep times of single requests, for `--save-detailed`. */
  readonly keepsDetails: boolean;
}

export interface WorkerPlan {
  readonly index: number;
  readonly workers: number;
  readonly target: Target;
  readonly client: ClientSpec;
  readonly data: DataSpec;
}

/** One run of all workers together. */
export interface RunPlan {
  readonly load: LoadSpec;
  /** On the clock of net/monotonic. */
  readonly startMs: number;
  /** One tally for each stage of each worker: `worker * stages + stage`. */
  readonly tallies: SharedArrayBuffer;
  /** One Int32 for the closed loop: how many requests were taken. */
  readonly taken: SharedArrayBuffer;
  /** The number of the first prompt: each run has prompts that no cache knows from another. */
  readonly firstPrompt: number;
  /** After the load has ended, how long to wait for what is on its way. */
  readonly drainMs: number;
}
