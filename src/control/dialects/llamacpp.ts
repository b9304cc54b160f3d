/** llama.cpp's server with `--metrics`; only old builds tell the KV usage. Source: its README. */
import type { Dialect } from './dialect.ts';

export const llamacpp: Dialect = {
  engine: 'llamacpp',
  markers: ['llamacpp:'],
  running: ['llamacpp:requests_processing'],
  waiting: ['llamacpp:requests_deferred'],
  kvUsage: ['llamacpp:kv_cache_usage_ratio'],
  promptTokens: ['llamacpp:prompt_tokens_total'],
  generationTokens: ['llamacpp:tokens_predicted_total'],
  cache: [],
};
