/**
 * Endpoint entries → the routing state that workers get. Clusters and endpoints keep the order of
 * the files.
 *
 * Invariant: an identity keeps its slot in the shared columns from its first appearance until it
 * is released, reloads included, so counters, health and learned latency survive; no two
 * identities share a slot. An endpoint that left the configuration is *retired*: it keeps its slot
 * while it drains, and when it comes back before `release` it is the same endpoint again.
 */
import type { ClusterSpec, EndpointSpec, OwnSettings, RouteTableSpec } from '../core/endpoint.ts';
import { splitApiBase } from './api-base.ts';
import type { EndpointEntry, OwnEntry } from './endpoint-entry.ts';
import { type NameRules, NO_RULES, resolveNames } from './model-names.ts';
import type { Config } from './schema.ts';

const NO_SLOT = -1;

export interface RouteTableBuild {
  readonly spec: RouteTableSpec;
  /** Endpoints that were not in the table before: probe them before traffic. */
  readonly added: readonly EndpointSpec[];
  /** Identities that left the table: drain, then `slots.release(id)`. */
  readonly removed: readonly string[];
  /** Identities left out because every slot is taken. */
  readonly rejected: readonly string[];
}

export interface RouteConfig {
  readonly routing: Pick<Config['routing'], 'strategy'>;
  /** Absent = models have their own names only. */
  readonly names?: NameRules;
}

/** `entries` must have distinct identities (see `mergeEndpoints`). */
export function buildRouteTableSpec(
  entries: readonly EndpointEntry[],
  config: RouteConfig,
  slots: SlotAllocator,
  epoch: number,
): RouteTableBuild {
  const removed = slots.retireOthers(new Set(entries.map((entry) => entry.id)));
  const clusters = new Map<string, EndpointSpec[]>();
  const added: EndpointSpec[] = [];
  const rejected: string[] = [];
  for (const entry of entries) {
    const taken = slots.take(entry.id);
    if (taken.slot === NO_SLOT) {
      rejected.push(entry.id);
      continue;
    }
    const endpoint = toEndpoint(entry, taken.slot);
    const cluster = clusters.get(entry.modelName);
    if (cluster === undefined) clusters.set(entry.modelName, [endpoint]);
    else cluster.push(endpoint);
    if (taken.added) added.push(endpoint);
  }
  const list: ClusterSpec[] = [...clusters].map(([name, endpoints]) => ({ name, endpoints }));
  const { names } = resolveNames(config.names ?? NO_RULES, new Set(clusters.keys()));
  const spec = { epoch, strategy: config.routing.strategy, clusters: list, names };
  return { spec, added, removed, rejected };
}

function toEndpoint(entry: EndpointEntry, slot: number): EndpointSpec {
  return {
    id: entry.id,
    slot,
    modelName: entry.modelName,
    upstreamModel: entry.upstreamModel,
    apiBase: entry.apiBase,
    ...splitApiBase(entry.apiBase),
    apiKey: entry.apiKey.reveal(),
    weight: entry.weight,
    rpmLimit: entry.rpmLimit,
    sourceType: entry.sourceType,
    ...(entry.own === undefined ? {} : { own: revealed(entry.own) }),
  };
}

function revealed(own: OwnEntry): OwnSettings {
  return { ...own, headers: own.headers.map(([name, value]) => [name, value.reveal()]) };
}

export class SlotAllocator {
  readonly capacity: number;
  readonly #slots = new Map<string, number>();
  readonly #retired = new Set<string>();
  /** Freed slots, oldest first, so that late writes to a slot have time to pass. */
  readonly #free: number[] = [];
  #fresh = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  /** The slot of `id`, allocated when it has none; NO_SLOT when all are taken. */
  take(id: string): { readonly slot: number; readonly added: boolean } {
    const known = this.#slots.get(id);
    if (known !== undefined) return { slot: known, added: this.#retired.delete(id) };
    const slot = this.#free.shift() ?? (this.#fresh < this.capacity ? this.#fresh++ : NO_SLOT);
    if (slot === NO_SLOT) return { slot, added: false };
    this.#slots.set(id, slot);
    return { slot, added: true };
  }

  /** Retires every identity that is not in `ids`; returns those that were in use until now. */
  retireOthers(ids: ReadonlySet<string>): string[] {
    const retired: string[] = [];
    for (const id of this.#slots.keys()) {
      if (ids.has(id) || this.#retired.has(id)) continue;
      this.#retired.add(id);
      retired.push(id);
    }
    return retired;
  }

  /**
   * Frees the slot of a retired endpoint, to be called when it has drained and its rate window is
   * over (its columns start from zero for the next owner); false when in use (again) or unknown.
   */
  release(id: string): boolean {
    const slot = this.#slots.get(id);
    if (slot === undefined || !this.#retired.delete(id)) return false;
    this.#slots.delete(id);
    this.#free.push(slot);
    return true;
  }
}
