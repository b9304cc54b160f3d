/**
 * One immutable routing state, built by each worker from the spec the control plane posts.
 * A reload swaps the reference; an attempt in flight keeps the endpoint it was given, and the next
 * one is found in the new table.
 *
 * Invariant: a name that is written in the configuration costs one look into a Map; aliases and
 * fallbacks are resolved when the table is built. Only names that no entry has are held against
 * the patterns, the most specific first.
 */
import { Cluster } from './cluster.ts';
import type { EndpointSpec, RouteTableSpec } from './endpoint.ts';
import { bySpecificity, isPattern, matchPattern } from './model-pattern.ts';
import { RetryBudget } from './retry/budget.ts';

/** A cluster as one name leads to it. */
export interface ModelTarget {
  readonly cluster: Cluster;
  /** What the stars of the cluster's name stand for. */
  readonly matched: readonly string[];
}

/** What a model name that clients ask for means. */
export interface ModelRoute extends ModelTarget {
  /** Where to go when that cluster cannot answer, in order. */
  readonly fallbacks: readonly ModelTarget[];
}

const NOTHING: readonly never[] = [];

export class RouteTable {
  readonly epoch: number;
  readonly strategy: string;
  readonly clusters: readonly Cluster[];
  /** What GET /v1/models lists, in the order of the configuration; patterns are not names. */
  readonly modelNames: readonly string[];
  readonly #clusters = new Map<string, Cluster>();
  readonly #routes = new Map<string, ModelRoute>();
  /** Most specific first. */
  readonly #patterns: readonly Cluster[];

  /**
   * `previous` is the table this one replaces: retry budgets are carried over by cluster name.
   * `workers` tables of this process share the constant rate of those budgets.
   */
  constructor(spec: RouteTableSpec, previous?: RouteTable, workers = 1) {
    this.epoch = spec.epoch;
    this.strategy = spec.strategy;
    for (const cluster of spec.clusters) {
      const before = previous?.cluster(cluster.name);
      const same = before !== undefined && isSame(before.endpoints, cluster.endpoints);
      const budget = before?.budget ?? new RetryBudget(workers);
      this.#clusters.set(cluster.name, same ? before : new Cluster(cluster, budget));
    }
    this.clusters = [...this.#clusters.values()];
    this.#patterns = this.clusters
      .filter(({ name }) => isPattern(name))
      .sort((a, b) => bySpecificity(a.name, b.name));
    const unlisted = new Set<string>();
    for (const cluster of this.clusters) {
      this.#routes.set(cluster.name, { cluster, matched: NOTHING, fallbacks: NOTHING });
      if (isPattern(cluster.name)) unlisted.add(cluster.name);
    }
    for (const [name, route, listed] of this.#resolve(spec)) {
      this.#routes.set(name, route);
      if (!listed) unlisted.add(name);
    }
    this.modelNames = [...this.#routes.keys()].filter((name) => !unlisted.has(name));
  }

  /** The cluster of that very name: what an exchange that found its way once asks for again. */
  cluster(name: string): Cluster | undefined {
    return this.#clusters.get(name);
  }

  /** Where a request for `model` goes. */
  route(model: string): ModelRoute | undefined {
    const route = this.#routes.get(model);
    if (route !== undefined || this.#patterns.length === 0) return route;
    const target = this.#covering(model);
    return target && { ...target, fallbacks: this.#fallbacksOf(target.cluster.name) };
  }

  /** Names whose model is not here are left out: the builder of the spec has said so. */
  #resolve({ names = NOTHING }: RouteTableSpec): [string, ModelRoute, boolean][] {
    const resolved: [string, ModelRoute, boolean][] = [];
    for (const { name, model, fallbacks, listed } of names) {
      const target = this.#target(model);
      if (target === undefined) continue;
      const others = fallbacks.map((other) => this.#target(other));
      const found = others.filter((other) => other !== undefined);
      resolved.push([name, { ...target, fallbacks: found }, listed]);
    }
    return resolved;
  }

  #target(model: string): ModelTarget | undefined {
    const cluster = this.#clusters.get(model);
    return cluster === undefined ? this.#covering(model) : { cluster, matched: NOTHING };
  }

  #covering(model: string): ModelTarget | undefined {
    for (const cluster of this.#patterns) {
      const matched = matchPattern(cluster.name, model);
      if (matched !== undefined) return { cluster, matched };
    }
    return undefined;
  }

  #fallbacksOf(name: string): readonly ModelTarget[] {
    return this.#routes.get(name)?.fallbacks ?? NOTHING;
  }
}

/** The very same objects: a cluster made of them is the same, too. */
function isSame(a: readonly EndpointSpec[], b: readonly EndpointSpec[]): boolean {
  return a.length === b.length && a.every((endpoint, index) => endpoint === b[index]);
}
