/**
 * SGLang, with `--enable-metrics` only. The prefix is `sglang:` or, depending on the build,
 * `sglang_`. Lines carry dp_rank, tp_rank and, with priority scheduling, priority; `aggregate.ts`
 * knows what each means. Source: SGLang's metrics documentation.
 */
import type { Dialect } from './dialect.ts';

export const sglang: Dialect = {
  engine: 'sglang',
  markers: ['sglang:', 'sglang_'],
  running: ['sglang:num_running_reqs', 'sglang_num_running_reqs'],
  waiting: ['sglang:num_queue_reqs', 'sglang_num_queue_reqs'],
  kvUsage: ['sglang:token_usage', 'sglang_token_usage'],
  promptTokens: ['sglang:prompt_tokens_total', 'sglang_prompt_tokens_total'],
  generationTokens: ['sglang:generation_tokens_total', 'sglang_generation_tokens_total'],
  cache: [
    { tokens: 'sglang:max_total_num_tokens' },
    { tokens: 'sglang_max_total_num_tokens' },
    {
      info: 'sglang:cache_config_info',
      labels: { blocks: 'num_pages', blockTokens: 'page_size' },
    },
    {
      info: 'sglang_cache_config_info',
      labels: { blocks: 'num_pages', blockTokens: 'page_size' },
    },
  ],
};
