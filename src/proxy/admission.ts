// HOT PATH — bench: bench/pick.ts, bench/main.ts
/**
 * Who is admitted now, and who waits. An exchange is admitted when there is a place for it
 * (placement) and nobody who goes before it waits. Those who wait stand in one line a model
 * (core/waiting-line), and their endpoint is chosen only when one is free: as soon as a request of
 * this worker ends, and on each turn of the wheel for what other workers set free. Their patience
 * and the client's own deadline end the wait; who is late is never sent up.
 */
import type { Cluster } from '../core/cluster.ts';
import type { EndpointSpec } from '../core/endpoint.ts';
import { type Waiting, WaitingLine } from '../core/waiting-line.ts';
import type { AdmissionParts } from './admission-gate.ts';
import { comeBackMs, retryAfterMs } from './come-back.ts';
import { Placement } from './placement.ts';
import { Places } from './places.ts';
import type { RoutingNotes } from './routing-notes.ts';
import type { Standing } from './standing.ts';
import type { TokenReservation } from './token-reservation.ts';

/** An exchange as admission sees it. */
export interface Applicant extends Waiting {
  readonly standing: Standing;
  readonly startedMs: number;
  readonly model: string;
  /** Slots that failed it already. */
  readonly tried: readonly number[];
  /** Set before `admitted`: tokens held for the attempt. */
  reservation: TokenReservation | undefined;
  /** Where it holds a place (places); undefined = it does not, or they are not limited. */
  placeOf: Cluster | undefined;
  /** What its placement needs to know; undefined when the strategy needs nothing. */
  readonly notes: RoutingNotes | undefined;
  /** `chargedAtMs`: when the rate window was charged, -1 = it has none. */
  admitted(endpoint: EndpointSpec, chargedAtMs: number): void;
  /** No place now: it waits for `admitted`, at most `patienceMs`. */
  waits(patienceMs: number): void;
  /** No place and no waiting, or its turn came after its deadline. */
  refused(code: RefusalCode): void;
}

type RefusalCode = 'model_not_found' | 'queue_full' | 'deadline_exceeded';

export class Admission {
  readonly #plane: AdmissionParts;
  readonly #placement: Placement;
  readonly #places: Places;
  readonly #lines = new Map<string, WaitingLine<Applicant>>();
  #waiting = 0;
  #pollsSoon = false;
  readonly #pollNow = () => {
    this.#pollsSoon = false;
    this.poll();
  };

  constructor(plane: AdmissionParts) {
    this.#plane = plane;
    this.#placement = new Placement(plane);
    this.#places = new Places(plane);
  }

  /** Admits the applicant now, or puts it into the line of its model. */
  admit(applicant: Applicant): void {
    const cluster = this.#plane.table.cluster(applicant.model);
    if (cluster === undefined) {
      applicant.refused('model_not_found');
      return;
    }
    const line = this.#waiting === 0 ? undefined : this.#lines.get(applicant.model);
    if (this.#isFirst(applicant, cluster, line) && this.#choose(applicant, cluster)) {
      this.#hand(applicant);
    } else if (line !== undefined && this.#isFull(line, applicant)) {
      applicant.refused('queue_full');
    } else {
      this.#enqueue(applicant, cluster, line);
      const { queueTimeoutMs, unavailableWaitMs } = this.#plane.options;
      applicant.waits(this.isOverload(cluster) ? queueTimeoutMs : unavailableWaitMs);
    }
  }

  /** Takes the applicant out of its line; nothing happens when it does not wait. */
  leave(applicant: Applicant): void {
    const line = this.#lines.get(applicant.model);
    if (line?.leave(applicant)) this.#left(applicant.model, line);
  }

  /** The request ended: if anybody waits, its place may be theirs. */
  freed(applicant: Applicant): void {
    if (applicant.placeOf !== undefined) this.#yield(applicant);
    if (this.#waiting === 0 || this.#pollsSoon) return;
    this.#pollsSoon = true;
    // Not now: whoever ended it has not finished with it.
    queueMicrotask(this.#pollNow);
  }

  /** Lets in whoever can be let in now, in order; the wheel calls it on each turn. */
  poll(): void {
    if (this.#waiting === 0) return;
    this.#places.refresh();
    for (const [model, line] of this.#lines) {
      for (;;) {
        const applicant = line.next();
        if (applicant === undefined || !this.#goes(applicant, model, line)) break;
      }
    }
  }

  /** What the request turned out to cost in tokens; makes the next guesses better. */
  learn(applicant: Applicant, promptTokens: number, answerTokens: number): void {
    const { estimate } = this.#placement;
    estimate.learn(applicant.model, applicant.sizeBytes, promptTokens, answerTokens);
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

  /** When a client should ask again: endpoints can be had and the line has gone; at least 1. */
  comeBackSeconds(model: string): number {
    const cluster = this.#plane.table.cluster(model);
    return cluster === undefined ? 1 : Math.max(1, Math.ceil(this.#comeBackMs(cluster) / 1000));
  }

  #comeBackMs(cluster: Cluster): number {
    const line = this.#lines.get(cluster.name);
    const drainMs = line === undefined ? -1 : line.drainMs(this.#plane.clock.nowMs());
    return Math.max(comeBackMs(this.#plane, cluster), Math.min(drainMs, MAX_DRAIN_MS));
  }

  /** Nobody goes before it, in this worker or another. */
  #isFirst(
    { standing }: Applicant,
    cluster: Cluster,
    line: WaitingLine<Applicant> | undefined,
  ): boolean {
    if (line !== undefined && line.bestPriority() <= standing.priority) return false;
    return !this.#betterElsewhere(cluster, standing.priority);
  }

  /** One of a better class waits for this model in another worker. */
  #betterElsewhere({ slots, size }: Cluster, priority: number): boolean {
    const { columns, own } = this.#plane;
    if (size === 0) return false;
    for (let w = 0; w < columns.workers.length; w++) {
      const worker = columns.workers[w]!;
      if (worker === own) continue;
      const best = worker.waitingClass[slots[0]!]!;
      if (best > 0 && best - 1 < priority) return true;
    }
    return false;
  }

  #isFull(line: WaitingLine<Applicant>, { sizeBytes }: Applicant): boolean {
    const { maxQueue, maxQueueBytes } = this.#plane.options;
    return line.size >= maxQueue || line.bytes + sizeBytes > maxQueueBytes;
  }

  #enqueue(
    applicant: Applicant,
    cluster: Cluster,
    line: WaitingLine<Applicant> = new WaitingLine(this.#plane.clock.nowMs()),
  ): void {
    this.#lines.set(applicant.model, line);
    line.join(applicant);
    this.#waiting++;
    this.#show(cluster, line);
  }

  #left(model: string, line: WaitingLine<Applicant>): void {
    this.#waiting--;
    if (line.size === 0) this.#lines.delete(model);
    const cluster = this.#plane.table.cluster(model);
    if (cluster !== undefined) this.#show(cluster, line);
  }

  /** Tells the other workers who waits here. */
  #show({ slots, size }: Cluster, line: WaitingLine<Applicant>): void {
    if (size > 0) this.#plane.own.waitingClass[slots[0]!] = 1 + line.bestPriority();
  }

  /** It is its turn; false = it and the rest must go on waiting. */
  #goes(applicant: Applicant, model: string, line: WaitingLine<Applicant>): boolean {
    const { clock, table } = this.#plane;
    const cluster = table.cluster(model);
    const { timeoutMs, priority } = applicant.standing;
    const late = timeoutMs > 0 && clock.nowMs() - applicant.startedMs >= timeoutMs;
    if (cluster === undefined || late) {
      this.leave(applicant);
      applicant.refused(late ? 'deadline_exceeded' : 'model_not_found');
      return true;
    }
    if (this.#betterElsewhere(cluster, priority) || !this.#choose(applicant, cluster, true)) {
      return false;
    }
    line.take(applicant, clock.nowMs());
    this.#left(model, line);
    this.#hand(applicant);
    return true;
  }

  /**
   * `again`: rather an endpoint that failed it already than that all behind it wait while one is
   * free.
   */
  #choose(applicant: Applicant, cluster: Cluster, again = false): boolean {
    const { notes, sizeBytes, standing, tried } = applicant;
    if (!this.#places.hasOneFor(cluster, standing.priority)) return false;
    const { asking } = this.#plane;
    if (notes === undefined) asking.begin(undefined, 0);
    else notes.fill(asking);
    const chosen =
      this.#placement.choose(cluster, tried, sizeBytes) ||
      (again && tried.length > 0 && this.#placement.choose(cluster, NONE_TRIED, sizeBytes));
    if (chosen) notes?.decided(asking, cluster);
    return chosen;
  }

  /** Counts it among its model's requests in progress, once however often it is tried. */
  #hold(applicant: Applicant): void {
    const cluster = this.#plane.table.cluster(applicant.model);
    if (cluster === undefined || !this.#places.areLimited(cluster)) return;
    if (applicant.placeOf === cluster) return;
    if (applicant.placeOf !== undefined) this.#yield(applicant);
    applicant.placeOf = cluster;
    this.#places.count(cluster, applicant.standing.priority, 1);
  }

  #yield(applicant: Applicant): void {
    this.#places.count(applicant.placeOf!, applicant.standing.priority, -1);
    applicant.placeOf = undefined;
  }

  #hand(applicant: Applicant): void {
    const { chosen, chargedAtMs, reservation } = this.#placement;
    applicant.reservation = reservation;
    this.#hold(applicant);
    applicant.admitted(chosen!, chargedAtMs);
  }
}

const NONE_TRIED: readonly number[] = [];
/** No promise reaches further. */
const MAX_DRAIN_MS = 60_000;
