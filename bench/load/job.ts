/** What the orchestrator asks of one load process, and what comes back. Both travel as JSON. */
import type { CpuSpent } from '../measure/cpu.ts';
import type { Memory } from '../measure/memory.ts';
import type { Percentiles } from '../measure/stats.ts';

interface JobBase {
  readonly port: number;
  readonly warmupMs: number;
  readonly durationMs: number;
  /** Processes whose CPU time is taken at both ends of the measured interval, by role. */
  readonly watch: Readonly<Record<string, number>>;
}

/** Each connection sends its next request when the answer of the last one is complete. */
export interface ClosedLoopJob extends JobBase {
  readonly kind: 'closed-loop';
  readonly connections: number;
  /** Size of the request bodies; 0 = the small request of the workload. */
  readonly bodyBytes: number;
  /** The interval ends early when this many requests were answered. */
  readonly maxRequests: number;
}

/** Requests are due at a fixed rate whatever the answers do. */
export interface FixedRateJob extends JobBase {
  readonly kind: 'fixed-rate';
  readonly connections: number;
  readonly requestsPerSecond: number;
}

/** Streams opened evenly over the warm-up and read until the interval ends. */
export interface EventStreamsJob extends JobBase {
  readonly kind: 'event-streams';
  readonly streams: number;
}

/** Connections opened evenly over part of the interval; each carries one request and then waits. */
export interface IdleConnectionsJob extends JobBase {
  readonly kind: 'idle-connections';
  readonly connections: number;
  readonly openingMs: number;
}

export type Job = ClosedLoopJob | FixedRateJob | EventStreamsJob | IdleConnectionsJob;

export interface LoadResult {
  readonly elapsedMs: number;
  /** Answers or events received within the interval. */
  readonly units: number;
  readonly errors: number;
  readonly firstError: string;
  /** µs: answer time of a request, or age of an event on arrival. */
  readonly delayUs: Percentiles;
  /** µs from sending a streaming request to its first event; empty for other jobs. */
  readonly firstEventUs: Percentiles;
  /** CPU time by role of `watch`, plus `load` for the load process itself. */
  readonly cpu: Readonly<Record<string, CpuSpent>>;
  /** Memory by role of `watch`, at the end of the interval while everything is still open. */
  readonly memory: Readonly<Record<string, Memory>>;
  /** CPU time of everything else on this machine, in µs: it blurs the other figures. */
  readonly othersUs: number;
  /** Time the hypervisor took away, in µs. */
  readonly stolenUs: number;
}
