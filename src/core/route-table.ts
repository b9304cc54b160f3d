/**
 * One immutable routing state, built by each worker from the spec the control plane posts.
 * A reload swaps the reference; an attempt in flight keeps the endpoint it was given, and the next
 * one is found in the new table.
 */
import { Cluster } from './cluster.ts';
import type { RouteTableSpec } from './endpoint.ts';
import { RetryBudget } from './retry/budget.ts';

export class RouteTable {
  readonly epoch: number;
  readonly strategy: string;
  /** In the order of the configuration. */
  readonly modelNames: readonly string[];
  readonly #clusters = new Map<string, Cluster>();

  /**
   * `previous` is the table this one replaces: retry budgets are carried over by cluster name.
   * `workers` tables of this process share the constant rate of those budgets.
   */
  constructor(spec: RouteTableSpec, previous?: RouteTable, workers = 1) {
    this.epoch = spec.epoch;
    this.strategy = spec.strategy;
    for (const cluster of spec.clusters) {
      const budget = previous?.cluster(cluster.name)?.budget ?? new RetryBudget(workers);
      this.#clusters.set(cluster.name, new Cluster(cluster, budget));
    }
    this.modelNames = [...this.#clusters.keys()];
  }

  /** The cluster that serves a public model name. */
  cluster(model: string): Cluster | undefined {
    return this.#clusters.get(model);
  }
}
