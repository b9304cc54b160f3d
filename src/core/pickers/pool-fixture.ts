/**
 * A pool of given weights for tests and benches; member i has slot i.
 */
import { identityOf } from '../affinity.ts';
import type { Pool } from './picker.ts';

export function poolOf(weights: readonly number[]): Pool {
  const cumulative = new Float64Array(weights.length);
  let total = 0;
  for (const [index, weight] of weights.entries()) {
    total += weight;
    cumulative[index] = total;
  }
  return {
    size: weights.length,
    slots: Int32Array.from(weights.keys()),
    weights: Float64Array.from(weights),
    cumulative,
    identities: Int32Array.from(weights, (_, index) => identityOf(`e${index}`)),
  };
}
