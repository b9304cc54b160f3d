// HOT PATH — bench: bench/pick.ts (only models whose parallel requests are limited)
/**
 * The places of a model: how many of its requests may be in progress at once, and which of those
 * are kept free for better classes. Without that a chat that comes while a batch has all places
 * waits until one of the batch ends, and requests that began together end together. So as many
 * places as a class has lately had in use are left to it by the classes below: when it is gone for
 * a while, they come to share them out again.
 *
 * Counts of racing workers may be off by one each for a moment. Invariant: `columns.own.kept…` of a
 * model's first slot is what this worker keeps free now; a reader sums over workers.
 */
import type { Clock } from '../core/clock.ts';
import type { Cluster } from '../core/cluster.ts';
import type { Columns, WorkerColumns } from '../core/columns.ts';

/** In which what was kept for a class that does not come any more halves. */
const HALF_LIFE_MS = 20_000;
/** Classes that others keep places for: all but the last. */
const KEPT_CLASSES = 2;

interface PlacesParts {
  readonly options: { readonly maxParallelRequests: number };
  readonly columns: Columns;
  readonly own: WorkerColumns;
  readonly clock: Clock;
}

interface Use {
  slot: number;
  /** By class: in progress now, and lately at most. */
  readonly inUse: number[];
  readonly peak: number[];
  seenMs: number;
}

export class Places {
  readonly #plane: PlacesParts;
  readonly #uses = new Map<string, Use>();

  constructor(plane: PlacesParts) {
    this.#plane = plane;
  }

  /** Whether the model's requests are limited at all; if not, nothing needs to be counted. */
  areLimited(cluster: Cluster): boolean {
    return this.#plane.options.maxParallelRequests > 0 || cluster.limitsParallel;
  }

  /** A request of this class may begin now, as far as the model as a whole is concerned. */
  hasOneFor(cluster: Cluster, priority: number): boolean {
    if (!this.areLimited(cluster)) return true;
    const { columns, options } = this.#plane;
    const { endpoints, size, slots } = cluster;
    let most = 0;
    let inFlight = 0;
    for (let i = 0; i < size; i++) {
      if (cluster.limitsParallel) most += endpoints[i]!.own!.maxParallel;
      for (let w = 0; w < columns.workers.length; w++) {
        inFlight += columns.workers[w]!.inFlight[slots[i]!]!;
      }
    }
    const all = options.maxParallelRequests;
    if (all > 0 && (most === 0 || all < most)) most = all;
    return inFlight + this.#keptFrom(cluster, priority) < most;
  }

  /** A request of this class goes on at an endpoint of the model (1), or has ended there (-1). */
  count(cluster: Cluster, priority: number, by: 1 | -1): void {
    if (priority >= KEPT_CLASSES || cluster.size === 0) return;
    let use = this.#uses.get(cluster.name);
    if (use === undefined) {
      const seenMs = this.#plane.clock.nowMs();
      use = { slot: 0, inUse: [0, 0], peak: [0, 0], seenMs };
      this.#uses.set(cluster.name, use);
    }
    use.slot = cluster.slots[0]!;
    use.inUse[priority]! += by;
    this.#show(use);
  }

  /** Lets what is kept shrink with time. */
  refresh(): void {
    for (const [model, use] of this.#uses) {
      this.#show(use);
      if (use.peak.every((peak) => peak < 1)) this.#uses.delete(model);
    }
  }

  /** Places that a request of this class must leave free. */
  #keptFrom({ size, slots }: Cluster, priority: number): number {
    if (size === 0 || priority === 0) return 0;
    const slot = slots[0]!;
    let kept = 0;
    for (const worker of this.#plane.columns.workers) {
      kept += worker.keptHigh[slot]!;
      if (priority > 1) kept += worker.keptNormal[slot]!;
    }
    return kept;
  }

  #show(use: Use): void {
    const { clock, own } = this.#plane;
    const nowMs = clock.nowMs();
    const decay = 0.5 ** ((nowMs - use.seenMs) / HALF_LIFE_MS);
    use.seenMs = nowMs;
    for (let i = 0; i < KEPT_CLASSES; i++) {
      use.peak[i] = Math.max(use.inUse[i]!, use.peak[i]! * decay);
    }
    const kept = (i: number) => Math.round(use.peak[i]!) - use.inUse[i]!;
    own.keptHigh[use.slot] = Math.max(0, kept(0));
    own.keptNormal[use.slot] = Math.max(0, kept(1));
  }
}
