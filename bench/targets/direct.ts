/** No proxy: the floor of every latency, and the proof that the backend is no bottleneck. */
import type { Target } from './target.ts';

export const direct: Target = {
  name: 'direct',
  version: () => 'no proxy',
  start: () => null,
};
