import type { Cluster } from '../core/cluster.ts';
import type { EndpointSpec } from '../core/endpoint.ts';
import type { AdmissionParts } from './admission-gate.ts';
import { comeBackMs, retryAfterMs } from './come-back.ts';
import { Placement } from './placement.ts';

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

export class Admission {
  readonly #plane: AdmissionParts;
  readonly #placement: Placement;
  /** Waiting applicants by model, oldest first. */
  readonly #queues = new Map<string, Set<Applicant>>();
  #waiting = 0;

  constructor(plane: AdmissionParts) {
    this.#plane = plane;
    this.#placement = new Placement(plane);
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
    return this.#placement.hasPlace(cluster, tried);
  }

  /** No endpoint is open, whatever its load. */
  healthLeavesNothing(cluster: Cluster): boolean {
    return this.#placement.healthLeavesNothing(cluster);
  }

  /** True when endpoints are up but at a limit or busy: load, not sickness. */
  isOverload(cluster: Cluster): boolean {
    return retryAfterMs(this.#plane, cluster) >= 0;
  }

  /** When a client of this model should ask again. */
  comeBackMs(cluster: Cluster): number {
    return comeBackMs(this.#plane, cluster);
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

  #choose({ model }: Applicant, tried: readonly number[]): boolean {
    const cluster = this.#plane.table.cluster(model);
    return cluster !== undefined && this.#placement.choose(cluster, tried);
  }

  #hand(applicant: Applicant): void {
    applicant.admitted(this.#placement.chosen!, this.#placement.chargedAtMs);
  }
}
