/**
 * The endpoints of one model as a pool to pick from. Immutable but for the retry budget, which
 * belongs to the cluster's name and outlives reloads.
 */
import { identityOf } from './affinity.ts';
import type { ClusterSpec, EndpointSpec } from './endpoint.ts';
import type { Pool } from './pickers/picker.ts';
import type { RetryBudget } from './retry/budget.ts';

/** Of endpoints without one: behind all that ask to be first. */
export const LAST_ORDER = 1_000_000;

export class Cluster implements Pool {
  readonly name: string;
  /** In pool order: `endpoints[i]` has slot `slots[i]` and weight `weights[i]`. */
  readonly endpoints: readonly EndpointSpec[];
  readonly size: number;
  readonly slots: Int32Array;
  readonly weights: Float64Array;
  readonly cumulative: Float64Array;
  readonly identities: Int32Array;
  /** Which tier an endpoint belongs to; tier 0 is used before tier 1, and so on. */
  readonly tierOf: Int32Array;
  readonly tiers: number;
  readonly budget: RetryBudget;
  /** An endpoint has a token limit. */
  readonly limitsTokens: boolean;
  /** Every endpoint has a limit of parallel requests. */
  readonly limitsParallel: boolean;

  /** Throws RangeError on a weight that is not positive and finite. */
  constructor(spec: ClusterSpec, budget: RetryBudget) {
    const size = spec.endpoints.length;
    this.name = spec.name;
    this.endpoints = spec.endpoints;
    this.size = size;
    this.slots = new Int32Array(size);
    this.weights = new Float64Array(size);
    this.cumulative = new Float64Array(size);
    this.identities = Int32Array.from(spec.endpoints, ({ id }) => identityOf(id));
    this.budget = budget;
    this.limitsTokens = spec.endpoints.some(({ own }) => own !== undefined && own.tpmLimit > 0);
    this.limitsParallel =
      size > 0 && spec.endpoints.every(({ own }) => own !== undefined && own.maxParallel > 0);
    const orders = [...new Set(spec.endpoints.map(orderOf))].sort((a, b) => a - b);
    this.tierOf = Int32Array.from(spec.endpoints, (one) => orders.indexOf(orderOf(one)));
    this.tiers = Math.max(1, orders.length);
    let total = 0;
    for (const [index, endpoint] of spec.endpoints.entries()) {
      if (!(endpoint.weight > 0 && endpoint.weight < Number.POSITIVE_INFINITY)) {
        throw new RangeError(`the weight of ${endpoint.id} is ${endpoint.weight}`);
      }
      total += endpoint.weight;
      this.slots[index] = endpoint.slot;
      this.weights[index] = endpoint.weight;
      this.cumulative[index] = total;
    }
  }
}

function orderOf(endpoint: EndpointSpec): number {
  return endpoint.own?.order ?? LAST_ORDER;
}
