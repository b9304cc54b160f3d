/** What an engine's page says, and how a dialect names it: the shapes all dialects share. */
import type { CacheFact } from './cache-size.ts';

export interface EngineReport {
  /** Name of the dialect, or 'unknown'. */
  readonly engine: string;
  /** Requests in the batch and in the queue, over all data-parallel ranks; -1 = unknown. */
  readonly running: number;
  readonly waiting: number;
  /** KV cache in use, 0 … 1: mean and maximum over the ranks; NaN = unknown. */
  readonly kvUsage: number;
  readonly kvUsageMax: number;
  /** Tokens since the engine started; -1 = unknown. */
  readonly promptTokens: number;
  readonly generationTokens: number;
  /** What its KV cache holds, all ranks together; -1 = unknown. */
  readonly cacheTokens: number;
  /** When its process started, in Unix seconds; -1 = unknown. */
  readonly startTimeS: number;
}

/**
 * The names of one engine. Each list holds the names of one thing in order of preference: the
 * first that has a sample counts. An empty list: the engine does not tell. A name may end in
 * `{label=value}`.
 */
export interface Dialect {
  readonly engine: string;
  /** Beginnings of lines only this engine writes. */
  readonly markers: readonly string[];
  readonly running: readonly string[];
  readonly waiting: readonly string[];
  readonly kvUsage: readonly string[];
  readonly promptTokens: readonly string[];
  readonly generationTokens: readonly string[];
  readonly cache: readonly CacheFact[];
}
