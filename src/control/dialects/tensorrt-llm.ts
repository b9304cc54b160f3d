/**
 * TensorRT-LLM's trtllm-serve. Its text page is at `/prometheus/metrics`; `/metrics` is a JSON list
 * of iterations. Source: TensorRT-LLM's trtllm-serve documentation.
 */
import type { Dialect } from './dialect.ts';

export const tensorrtLlm: Dialect = {
  engine: 'tensorrt-llm',
  markers: ['trtllm_'],
  running: ['trtllm_num_requests_running'],
  waiting: ['trtllm_num_requests_waiting'],
  kvUsage: ['trtllm_kv_cache_utilization'],
  promptTokens: [],
  generationTokens: [],
  cache: [
    { blocks: 'trtllm_kv_cache_max_blocks', blockTokens: 'trtllm_kv_cache_tokens_per_block' },
  ],
};
