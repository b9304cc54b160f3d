/**
 * vLLM, V0 and V1. Data-parallel engines write one line each, told apart by the label `engine`.
 * Source: vLLM's metrics documentation; the KV gauge was renamed in V1.
 */
import type { Dialect } from './dialect.ts';

export const vllm: Dialect = {
  engine: 'vllm',
  markers: ['vllm:'],
  running: ['vllm:num_requests_running'],
  waiting: ['vllm:num_requests_waiting'],
  kvUsage: ['vllm:kv_cache_usage_perc', 'vllm:gpu_cache_usage_perc'],
  promptTokens: ['vllm:prompt_tokens_total'],
  generationTokens: ['vllm:generation_tokens_total'],
  cache: [
    {
      info: 'vllm:cache_config_info',
      // Caches of mixed layer types hold less than blocks × size; newer releases tell how much.
      labels: {
        tokens: 'kv_cache_size_tokens',
        blocks: 'num_gpu_blocks',
        blockTokens: 'block_size',
      },
    },
  ],
};
