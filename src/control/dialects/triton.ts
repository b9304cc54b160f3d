/**
 * NVIDIA Triton serving TensorRT-LLM: one name for several numbers, told apart by a label.
 * Source: the documentation of Triton's TensorRT-LLM backend.
 */
import type { Dialect } from './dialect.ts';

export const triton: Dialect = {
  engine: 'triton',
  markers: ['nv_trt_llm_'],
  running: ['nv_trt_llm_request_metrics{request_type=scheduled}'],
  waiting: ['nv_trt_llm_request_metrics{request_type=waiting}'],
  kvUsage: ['nv_trt_llm_kv_cache_block_metrics{kv_cache_block_type=fraction}'],
  promptTokens: [],
  generationTokens: [],
  cache: [
    {
      blocks: 'nv_trt_llm_kv_cache_block_metrics{kv_cache_block_type=max}',
      blockTokens: 'nv_trt_llm_kv_cache_block_metrics{kv_cache_block_type=tokens_per}',
    },
  ],
};
