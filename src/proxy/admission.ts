// HOT PATH — bench: bench/pick.ts, bench/main.ts
/**
 * Who gets which endpoint, and who waits.
 *
 * An exchange is admitted when the strategy finds an endpoint that is available, untried, below
 * its connection limit, and whose rate window takes the charge. If there is none it waits, first
 * come first served per model, until the wheel's next turns find one or its patience ends.
 * Panic: when health alone leaves nothing, or too little (core/panic), every engine that may be
 * alive is used (DESIGN §5). An endpoint that recovered a moment ago is passed over for most of
 * what the strategy picks it for (core/slow-start), whatever the strategy.
 */
import type { Ask } from '../core/ask.ts';
import {
  ADMITTING,
  availabilityOf,
  BUSY,
  busyUntilMs,
  EJECTED,
  PROBE_DUE,
  panicAdmits,
} from '../core/availability.ts';
import type { Clock } from '../core/clock.ts';
import type { Cluster } from '../core/cluster.ts';
import type { Columns } from '../core/columns.ts';
import type { Ejector } from '../core/ejection.ts';
import { ejectedUntilMs } from '../core/ejection-state.ts';
import type { EndpointSpec } from '../core/endpoint.ts';
import { PanicWatch } from '../core/panic.ts';
import type { Gate } from '../core/pickers/picker.ts';
import type { Random } from '../core/random.ts';
import { charge, used, waitMs } from '../core/rate-window.ts';
import type { RouteTable } from '../core/route-table.ts';
import { rampShare } from '../core/slow-start.ts';
import type { Strategy } from '../core/strategy.ts';
import type { ProxyOptions } from './options.ts';

/** What admission decides from; the data plane is one. */
export interface AdmissionParts {
  readonly options: ProxyOptions;
  readonly columns: Columns;
  readonly clock: Clock;
  readonly random: Random;
  readonly ejector: Ejector;
  /** Both are replaced at a reload. */
  readonly table: RouteTable;
  readonly strategy: Strategy;
  readonly asking: Ask;
}

/** An exchange as admission sees it. */
export interface Applicant {
  readonly model: string;
  /** Slots that failed it already. */
  readonly tried: readonly number[];
  /** `chargedAtMs`: when the rate window was charged, -1 = it has none. */
  admitted(endpoint: EndpointSpec, chargedAtMs: number): void;
  /** No place now: it waits for `admitted`, at most `patienceMs`. */
  waits(patienceMs: number): void;
  /** No place and no waiting: the cluster is gone or the queue is full. */
  refused(reason: number): void;
}

export const REFUSED_UNKNOWN_MODEL = 0;
export const REFUSED_QUEUE_FULL = 1;

const MAX_EXCLUDED = 64;
/** Nobody knows when an engine will be up again; the prober asks new ones this often. */
const DOWN_COME_BACK_MS = 5_000;
const MAX_COME_BACK_MS = 60_000;

class AdmissionGate implements Gate {
  readonly #plane: AdmissionParts;
  cluster!: Cluster;
  tried: readonly number[];
  panic: boolean;
  /** Only endpoints of this tier; -1 = of any. */
  tier: number;
  nowMs: number;
  /** Indices that lost a race (rate charge, reopening probe) in this admission. */
  readonly excluded = new Int32Array(MAX_EXCLUDED);
  excludedCount: number;

  constructor(plane: AdmissionParts) {
    this.#plane = plane;
    this.tried = [];
    this.panic = false;
    this.tier = -1;
    this.nowMs = 0;
    this.excludedCount = 0;
  }

  prepare(cluster: Cluster, tried: readonly number[], nowMs: number): void {
    this.cluster = cluster;
    this.tried = tried;
    this.panic = false;
    this.tier = -1;
    this.nowMs = nowMs;
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

  /** At its rate or connection limit. */
  isFull(index: number): boolean {
    const { columns, options } = this.#plane;
    const slot = this.cluster.slots[index]!;
    const { rpmLimit: limit, own } = this.cluster.endpoints[index]!;
    if (limit > 0 && used(columns.shared.rate, slot, this.nowMs) >= limit) return true;
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

export class Admission {
  readonly #plane: AdmissionParts;
  readonly #gate: AdmissionGate;
  readonly #panic: PanicWatch;
  /** Waiting applicants by model, oldest first. */
  readonly #queues = new Map<string, Set<Applicant>>();
  #waiting = 0;
  /** What the last `#choose` took. */
  #chosen: EndpointSpec | undefined;
  #chargedAtMs = -1;

  constructor(plane: AdmissionParts) {
    this.#plane = plane;
    this.#gate = new AdmissionGate(plane);
    this.#panic = new PanicWatch(plane.columns, plane.options.panicThreshold);
  }

  /** Admits the applicant now, or puts it behind those who wait for the same model. */
  admit(applicant: Applicant): void {
    const queue = this.#queues.get(applicant.model);
    if (queue === undefined && this.#choose(applicant, applicant.tried)) {
      this.#hand(applicant);
      return;
    }
    const cluster = this.#plane.table.cluster(applicant.model);
    if (cluster === undefined) {
      applicant.refused(REFUSED_UNKNOWN_MODEL);
    } else if ((queue?.size ?? 0) >= this.#plane.options.maxQueue) {
      applicant.refused(REFUSED_QUEUE_FULL);
    } else {
      this.#enqueue(applicant, queue);
      const { queueTimeoutMs, unavailableWaitMs } = this.#plane.options;
      applicant.waits(this.isOverload(cluster) ? queueTimeoutMs : unavailableWaitMs);
    }
  }

  /** Takes the applicant out of its queue; nothing happens when it does not wait. */
  leave(applicant: Applicant): void {
    const queue = this.#queues.get(applicant.model);
    if (queue?.delete(applicant)) {
      this.#waiting--;
      if (queue.size === 0) this.#queues.delete(applicant.model);
    }
  }

  /** Lets in whoever can be let in now, in order; the wheel calls it on each turn. */
  poll(): void {
    if (this.#waiting === 0) return;
    for (const queue of this.#queues.values()) {
      for (const applicant of queue) {
        if (!this.#leaveFor(applicant)) break;
      }
    }
  }

  /** Whether an endpoint that did not fail this applicant could take it now. */
  hasUntried(applicant: Applicant): boolean {
    const cluster = this.#plane.table.cluster(applicant.model);
    return cluster !== undefined && this.hasPlace(cluster, applicant.tried);
  }

  /** Whether an endpoint that is not in `tried` could take a request now. */
  hasPlace(cluster: Cluster, tried: readonly number[]): boolean {
    const gate = this.#gate;
    gate.prepare(cluster, tried, this.#plane.clock.nowMs());
    for (let i = 0; i < cluster.size; i++) if (gate.admits(i)) return true;
    return false;
  }

  /** True when endpoints are up but at a limit or busy: load, not sickness. */
  isOverload(cluster: Cluster): boolean {
    return this.retryAfterMs(cluster) >= 0;
  }

  /** Time until the first endpoint frees a place, as far as that is known; -1 = all are down. */
  retryAfterMs(cluster: Cluster): number {
    const { columns, clock } = this.#plane;
    const nowMs = clock.nowMs();
    const gate = this.#gate;
    gate.prepare(cluster, [], nowMs);
    let soonestMs = -1;
    for (let i = 0; i < cluster.size; i++) {
      const slot = cluster.slots[i]!;
      const state = availabilityOf(columns, slot, nowMs);
      let ms = -1;
      if (state === BUSY) ms = Math.max(0, busyUntilMs(columns.workers, slot) - nowMs);
      else if (state === ADMITTING || state === PROBE_DUE) {
        const limit = cluster.endpoints[i]!.rpmLimit;
        ms = limit > 0 ? waitMs(columns.shared.rate, slot, limit, nowMs) : 0;
      }
      if (ms >= 0 && (soonestMs < 0 || ms < soonestMs)) soonestMs = ms;
    }
    return soonestMs;
  }

  /** When a client should ask again; also when all are down. */
  comeBackMs(cluster: Cluster): number {
    const ms = this.retryAfterMs(cluster);
    if (ms >= 0) return ms;
    const { columns, clock } = this.#plane;
    const nowMs = clock.nowMs();
    let soonestMs = -1;
    for (let i = 0; i < cluster.size; i++) {
      const slot = cluster.slots[i]!;
      if (availabilityOf(columns, slot, nowMs) !== EJECTED) continue;
      const leftMs = Math.max(0, ejectedUntilMs(columns, slot) - nowMs);
      if (soonestMs < 0 || leftMs < soonestMs) soonestMs = leftMs;
    }
    return soonestMs < 0 ? DOWN_COME_BACK_MS : Math.min(soonestMs, MAX_COME_BACK_MS);
  }

  #enqueue(applicant: Applicant, queue: Set<Applicant> | undefined): void {
    if (queue === undefined) this.#queues.set(applicant.model, new Set([applicant]));
    else queue.add(applicant);
    this.#waiting++;
  }

  /** Tries the oldest of a queue; false = the rest must go on waiting. */
  #leaveFor(applicant: Applicant): boolean {
    if (this.#plane.table.cluster(applicant.model) === undefined) {
      this.leave(applicant);
      applicant.refused(REFUSED_UNKNOWN_MODEL);
      return true;
    }
    const { tried } = applicant;
    // Rather an endpoint that failed it than that all behind it wait while one is free.
    if (!this.#choose(applicant, tried) && (tried.length === 0 || !this.#choose(applicant, []))) {
      return false;
    }
    this.leave(applicant);
    this.#hand(applicant);
    return true;
  }

  /** Picks an endpoint and takes what must be taken of it; false = nobody can serve now. */
  #choose(applicant: Applicant, tried: readonly number[]): boolean {
    const plane = this.#plane;
    const cluster = plane.table.cluster(applicant.model);
    if (cluster === undefined) return false;
    const gate = this.#gate;
    const nowMs = plane.clock.nowMs();
    gate.prepare(cluster, tried, nowMs);
    gate.panic = this.#panic.panics(cluster, nowMs);
    const { tiers } = cluster;
    if (tiers > 1) gate.tier = 0;
    let spared = -1;
    plane.asking.nowMs = nowMs;
    for (;;) {
      const index = plane.strategy.pick(cluster, gate, plane.random, plane.asking);
      if (index >= 0) {
        if (this.#isSpared(index) && gate.exclude(index)) {
          if (spared < 0) spared = index;
          continue;
        }
        if (this.#take(index)) return true;
        if (!gate.exclude(index)) return false;
      } else if (gate.tier >= 0 && gate.tier < tiers - 1) {
        gate.tier++;
      } else if (spared >= 0) {
        return this.#take(spared);
      } else if (gate.panic || !this.healthLeavesNothing(cluster)) {
        return false;
      } else {
        gate.panic = true;
        if (tiers > 1) gate.tier = 0;
      }
    }
  }

  /** No endpoint is open, whatever its load: only then panic is allowed. */
  healthLeavesNothing(cluster: Cluster): boolean {
    const { columns, clock } = this.#plane;
    const nowMs = clock.nowMs();
    for (let i = 0; i < cluster.size; i++) {
      const state = availabilityOf(columns, cluster.slots[i]!, nowMs);
      if (state === ADMITTING || state === BUSY) return false;
    }
    return true;
  }

  /** Slow start passes it over this time, if anybody else can be had. */
  #isSpared(index: number): boolean {
    const { columns, options, random } = this.#plane;
    const { cluster, nowMs, panic } = this.#gate;
    const slot = cluster.slots[index]!;
    const share = rampShare(columns, slot, nowMs, options.slowStartMs);
    if (share === 1 || panic || random.next() < share) return false;
    return availabilityOf(columns, slot, nowMs) !== PROBE_DUE;
  }

  /** Claims the reopening probe and charges the rate window; false = another was faster. */
  #take(index: number): boolean {
    const { columns, ejector } = this.#plane;
    const gate = this.#gate;
    const spec = gate.cluster.endpoints[index]!;
    const nowMs = gate.nowMs;
    const probe = !gate.panic && availabilityOf(columns, spec.slot, nowMs) === PROBE_DUE;
    if (probe && !ejector.claimProbe(spec.slot, nowMs)) return false;
    const limited = spec.rpmLimit > 0;
    if (limited && !charge(columns.shared.rate, spec.slot, spec.rpmLimit, nowMs)) {
      if (probe) ejector.releaseProbe(spec.slot);
      return false;
    }
    this.#chosen = spec;
    this.#chargedAtMs = limited ? nowMs : -1;
    return true;
  }

  #hand(applicant: Applicant): void {
    applicant.admitted(this.#chosen!, this.#chargedAtMs);
  }
}
