/** LMDeploy; the label `engine` is the data-parallel rank. Source: lmdeploy/metrics/loggers.py. */
import type { Dialect } from './dialect.ts';

export const lmdeploy: Dialect = {
  engine: 'lmdeploy',
  markers: ['lmdeploy:'],
  running: ['lmdeploy:num_requests_running'],
  waiting: ['lmdeploy:num_requests_waiting'],
  kvUsage: ['lmdeploy:gpu_cache_usage_perc'],
  promptTokens: ['lmdeploy:prompt_tokens_total'],
  generationTokens: ['lmdeploy:generation_tokens_total'],
  cache: [],
};
