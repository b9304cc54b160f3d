/**
 * Hugging Face Text Generation Inference: batch and queue only. Source: TGI's metrics reference.
 */
import type { Dialect } from './dialect.ts';

export const tgi: Dialect = {
  engine: 'tgi',
  markers: ['tgi_'],
  running: ['tgi_batch_current_size'],
  waiting: ['tgi_queue_size'],
  kvUsage: [],
  promptTokens: [],
  generationTokens: [],
  cache: [],
};
