/** Engines and gateways that use vLLM's words without a prefix. */
import type { Dialect } from './dialect.ts';

export const unprefixed: Dialect = {
  engine: 'unprefixed',
  markers: ['num_requests_running', 'num_requests_waiting'],
  running: ['num_requests_running'],
  waiting: ['num_requests_waiting'],
  kvUsage: ['kv_cache_usage_perc', 'gpu_cache_usage_perc'],
  promptTokens: ['prompt_tokens_total'],
  generationTokens: ['generation_tokens_total'],
  cache: [],
};
