/**
 * What an engine of a simulation can do. The numbers a profile leaves out are those of a model of
 * about 8 billion weights on one data-centre GPU with chunked prefill.
 */
import type { StepSettings } from '../sim/step-scheduler.ts';

export interface EngineProfile {
  readonly prefillTokensPerSecond: number;
  /** Fixed part of each step: the time between two tokens of a lone answer. */
  readonly stepMs: number;
  readonly decodeMsPerSequence: number;
  /** Tokens of one step, prompts and answers together. */
  readonly stepTokens: number;
  readonly maxSequences: number;
  /** Tokens the prefix cache holds. */
  readonly cacheTokens: number;
}

export const DEFAULT_PROFILE: EngineProfile = {
  prefillTokensPerSecond: 5_500,
  stepMs: 10,
  decodeMsPerSequence: 0.2,
  stepTokens: 2_048,
  maxSequences: 256,
  cacheTokens: 500_000,
};

/** The keys of a profile file. */
export const PROFILE_KEYS: Readonly<Record<string, keyof EngineProfile>> = {
  prefill_tokens_per_second: 'prefillTokensPerSecond',
  step_ms: 'stepMs',
  decode_ms_per_sequence: 'decodeMsPerSequence',
  step_tokens: 'stepTokens',
  max_sequences: 'maxSequences',
  cache_tokens: 'cacheTokens',
};

/** `speed` 2 is twice as fast in everything. */
export function stepSettings(profile: EngineProfile, speed: number): StepSettings {
  return {
    maxNumSeqs: profile.maxSequences,
    maxWaitingQueueLength: Number.POSITIVE_INFINITY,
    maxNumBatchedTokens: profile.stepTokens,
    interTokenLatencyMs: profile.stepMs / speed,
    prefillTimePerTokenMs: 1000 / profile.prefillTokensPerSecond / speed,
    decodeTimePerSequenceMs: profile.decodeMsPerSequence / speed,
    kvCacheSize: 1,
    blockSize: 1,
  };
}
