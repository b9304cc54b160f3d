// HOT PATH — bench: bench/pick.ts, bench/main.ts
/**
 * Which endpoints of a cluster may take the request at hand: available, untried, below their
 * limits. The strategy asks about each that it considers.
 */
import type { Ask } from '../core/ask.ts';
import { ADMITTING, availabilityOf, PROBE_DUE, panicAdmits } from '../core/availability.ts';
import type { Clock } from '../core/clock.ts';
import type { Cluster } from '../core/cluster.ts';
import type { Columns, WorkerColumns } from '../core/columns.ts';
import type { Ejector } from '../core/ejection.ts';
import type { Gate } from '../core/pickers/picker.ts';
import type { Random } from '../core/random.ts';
import { used } from '../core/rate-window.ts';
import type { RouteTable } from '../core/route-table.ts';
import type { Strategy } from '../core/strategy.ts';
import { tokenWaitMs } from '../core/token-window.ts';
import type { ProxyOptions } from './options.ts';

/** What admission decides from; the data plane is one. */
export interface AdmissionParts {
  readonly options: ProxyOptions;
  readonly columns: Columns;
  /** This worker's own. */
  readonly own: WorkerColumns;
  readonly clock: Clock;
  readonly random: Random;
  readonly ejector: Ejector;
  /** Both are replaced at a reload. */
  readonly table: RouteTable;
  readonly strategy: Strategy;
  readonly asking: Ask;
}

const MAX_EXCLUDED = 64;
export class AdmissionGate implements Gate {
  readonly #plane: AdmissionParts;
  cluster!: Cluster;
  tried: readonly number[];
  panic: boolean;
  /** Only endpoints of this tier; -1 = of any. */
  tier: number;
  nowMs: number;
  /** What the request may cost; 0 = no endpoint of the cluster limits tokens. */
  tokens: number;
  /** Indices that lost a race (rate charge, reopening probe) in this admission. */
  readonly excluded = new Int32Array(MAX_EXCLUDED);
  excludedCount: number;

  constructor(plane: AdmissionParts) {
    this.#plane = plane;
    this.tried = [];
    this.panic = false;
    this.tier = -1;
    this.nowMs = 0;
    this.tokens = 0;
    this.excludedCount = 0;
  }

  prepare(cluster: Cluster, tried: readonly number[], nowMs: number): void {
    this.cluster = cluster;
    this.tried = tried;
    this.panic = false;
    this.tier = -1;
    this.nowMs = nowMs;
    this.tokens = 0;
    this.excludedCount = 0;
  }

  exclude(index: number): boolean {
    if (this.excludedCount === MAX_EXCLUDED) return false;
    this.excluded[this.excludedCount++] = index;
    return true;
  }

  admits(index: number): boolean {
    if (this.tier >= 0 && this.cluster.tierOf[index] !== this.tier) return false;
    const slot = this.cluster.slots[index]!;
    for (let i = 0; i < this.tried.length; i++) if (this.tried[i] === slot) return false;
    for (let i = 0; i < this.excludedCount; i++) if (this.excluded[i] === index) return false;
    const state = availabilityOf(this.#plane.columns, slot, this.nowMs);
    const open = this.panic ? panicAdmits(state) : state === ADMITTING || state === PROBE_DUE;
    return open && !this.isFull(index);
  }

  /** At its rate, token or connection limit. */
  isFull(index: number): boolean {
    const { columns, options } = this.#plane;
    const slot = this.cluster.slots[index]!;
    const { rpmLimit: limit, own } = this.cluster.endpoints[index]!;
    if (limit > 0 && used(columns.shared.rate, slot, this.nowMs) >= limit) return true;
    if (this.tokens > 0 && own !== undefined && own.tpmLimit > 0) {
      const asked = { limit: own.tpmLimit, tokens: this.tokens };
      if (tokenWaitMs(columns.shared.tokens, slot, asked, this.nowMs) > 0) return true;
    }
    let most = options.maxConnsPerHost;
    if (own !== undefined && own.maxParallel > 0 && (most === 0 || own.maxParallel < most)) {
      most = own.maxParallel;
    }
    if (most === 0) return false;
    let inFlight = 0;
    for (let w = 0; w < columns.workers.length; w++) {
      inFlight += columns.workers[w]!.inFlight[slot]!;
    }
    return inFlight >= most;
  }
}
