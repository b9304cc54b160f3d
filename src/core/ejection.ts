// HOT PATH
/**
 * The ejector: takes an endpoint out of the rotation for what traffic showed, and lets one probe
 * at a time bring it back. One Ejector per worker; together they act as one.
 *
 * Invariants: a worker writes only its own cells, the probing cell is changed by compare-and-swap;
 * an ejection by any worker holds for all; after a success the fleet's count of failures in a row
 * is zero. The last needs no shared counter: a worker's streak counts only while it is younger than
 * the last success of every other worker (its own success resets it). A failure in the same instant
 * as a success elsewhere counts as before it.
 *
 * An endpoint is ejected for failures in a row, or for too small a share of successes among all
 * that was counted lately (core/outcome-window), which finds the one that fails every other time.
 * Only the endpoint's faults come here: busy answers (429, 503) and clients that left do not.
 * Source of the backing off: Envoy's and gRPC's outlier detection (time × ejections in a row).
 *
 * bench: bench/pick.ts
 */
import type { Columns, WorkerColumns } from './columns.ts';
import {
  claimHolder,
  EJECTION_NONE,
  EJECTION_PROBE_DUE,
  EJECTION_RUNNING,
  ejectedUntilMs,
  ejectingWorker,
  ejectionOf,
  judgeEjection,
  MAX_WORKERS,
  makeClaim,
  PROBE_PATIENCE_MS,
  wasEverEjected,
} from './ejection-state.ts';
import { countFailed, countOk, isBelowRatio, periodOf, type RatioRules } from './outcome-window.ts';
import type { Random } from './random.ts';
import { noteRecovery } from './slow-start.ts';

export interface EjectionOptions extends Partial<RatioRules> {
  /** Failures in a row, over all workers, that eject. */
  readonly failureThreshold: number;
  /** Length of the first ejection; the n-th in a row lasts n times as long. */
  readonly baseEjectionMs?: number;
  readonly maxEjectionMs?: number;
}

/** So much health after an ejection forgives one ejection in a row. */
const HEALTHY_PERIOD_MS = 60_000;
/** Share of the ejection time left to chance, so that endpoints do not return in step. */
const JITTER = 0.1;

export class Ejector {
  readonly #columns: Columns;
  readonly #index: number;
  readonly #own: WorkerColumns;
  #threshold!: number;
  #baseMs!: number;
  #maxInARow!: number;
  #ratio!: RatioRules;
  readonly #random: Random;
  /** Claim made by this worker that no lease has adopted yet, by slot. */
  readonly #fresh: Int32Array;
  /** Base time of a slot that has one of its own: 0 = it is never ejected, -1 = it has none. */
  readonly #ownBaseMs: Float64Array;

  /** Also frees the probes that an earlier worker of this index left behind. */
  constructor(columns: Columns, workerIndex: number, options: EjectionOptions, random: Random) {
    if (workerIndex >= MAX_WORKERS) throw new RangeError(`worker ${workerIndex} does not fit`);
    this.configure(options);
    this.#columns = columns;
    this.#index = workerIndex;
    this.#own = columns.workers[workerIndex]!;
    this.#random = random;
    this.#fresh = new Int32Array(columns.slots);
    this.#ownBaseMs = new Float64Array(columns.slots).fill(-1);
    releaseProbesOf(columns, workerIndex);
  }

  /** New rules, for failures from now on; ejections that run keep their end. */
  configure(options: EjectionOptions): void {
    const { failureThreshold, baseEjectionMs = 5_000, maxEjectionMs = 300_000 } = options;
    this.#threshold = failureThreshold;
    this.#baseMs = baseEjectionMs;
    this.#maxInARow = Math.max(1, maxEjectionMs / baseEjectionMs);
    const { successRatio = 0, windowMs = 30_000, minRequests = 20 } = options;
    this.#ratio = { successRatio, windowMs, minRequests };
  }

  /** Gives a slot a base time of its own; -1 takes it away, 0 = it is never ejected. */
  setBase(slot: number, baseMs: number): void {
    this.#ownBaseMs[slot] = baseMs;
  }

  /** The endpoint served an attempt. */
  success(slot: number, nowMs: number): void {
    const own = this.#own;
    const { successRatio, windowMs } = this.#ratio;
    if (successRatio > 0) countOk(own, slot, periodOf(nowMs, windowMs));
    own.streak[slot] = 0;
    if (wasEverEjected(this.#columns, slot)) this.#successAfter(slot, nowMs);
    else own.lastOkMs[slot] = nowMs;
  }

  /**
   * The endpoint failed an attempt. `atOnce` (connection refused) ejects without counting. True if
   * this call ejected it; failures during an ejection are the same outage and prolong nothing.
   * `code` tells operators why (numberOfError); 0 = nothing to tell.
   */
  failure(slot: number, nowMs: number, atOnce: boolean, code = 0): boolean {
    const state = ejectionOf(this.#columns, slot, nowMs);
    const own = this.#own;
    const { successRatio, windowMs } = this.#ratio;
    if (successRatio > 0) countFailed(own, slot, periodOf(nowMs, windowMs));
    const goesOn = own.lastFailureMs[slot]! > this.#okElsewhere(slot, this.#index);
    own.streak[slot] = goesOn ? own.streak[slot]! + 1 : 1;
    own.lastFailureMs[slot] = nowMs;
    own.failureCode[slot] = code;
    if (state === EJECTION_RUNNING || this.#ownBaseMs[slot] === 0) return false;
    if (state === EJECTION_NONE && !atOnce && !this.#hasFailed(slot, nowMs)) return false;
    this.#eject(slot, nowMs, state);
    return true;
  }

  /** True: the caller, and nobody else, may send one request to the endpoint now. */
  claimProbe(slot: number, nowMs: number): boolean {
    const probing = this.#columns.shared.probing;
    const seen = Atomics.load(probing, slot);
    if (judgeEjection(this.#columns, slot, nowMs, seen) !== EJECTION_PROBE_DUE) return false;
    const claim = makeClaim(this.#index, nowMs);
    if (Atomics.compareExchange(probing, slot, seen, claim) !== seen) return false;
    if (judgeEjection(this.#columns, slot, nowMs, 0) !== EJECTION_PROBE_DUE) {
      Atomics.compareExchange(probing, slot, claim, 0);
      return false;
    }
    this.#fresh[slot] = claim;
    // Should the probe last: then the endpoint reopens without anybody doing anything.
    noteRecovery(this.#columns, slot, nowMs + PROBE_PATIENCE_MS);
    return true;
  }

  /** Hands the claim this worker just made to the attempt that probes; 0 = there is none. */
  adoptProbe(slot: number): number {
    const claim = this.#fresh[slot]!;
    this.#fresh[slot] = 0;
    return claim;
  }

  /**
   * Gives a claim back when the probe proved nothing: before an attempt adopted it, or later with
   * the value that `adoptProbe` gave.
   */
  releaseProbe(slot: number, claim: number = this.adoptProbe(slot)): void {
    if (claim !== 0) Atomics.compareExchange(this.#columns.shared.probing, slot, claim, 0);
  }

  /** After an ejection: reopens, if its time is over and nothing has reopened the endpoint yet. */
  #successAfter(slot: number, nowMs: number): void {
    const { probing } = this.#columns.shared;
    const claim = Atomics.load(probing, slot);
    const own = this.#own;
    // The ordinary case: this worker has seen it serve since.
    if (claim === 0 && own.lastOkMs[slot]! >= ejectedUntilMs(this.#columns, slot)) {
      own.lastOkMs[slot] = nowMs;
      return;
    }
    const before = judgeEjection(this.#columns, slot, nowMs, claim);
    own.lastOkMs[slot] = nowMs;
    if (judgeEjection(this.#columns, slot, nowMs, 0) !== EJECTION_NONE) return;
    if (before !== EJECTION_NONE) noteRecovery(this.#columns, slot, nowMs);
    if (claim !== 0) Atomics.compareExchange(probing, slot, claim, 0);
  }

  /** Enough to eject an endpoint that is in the rotation. */
  #hasFailed(slot: number, nowMs: number): boolean {
    if (this.#failuresInARow(slot) >= this.#threshold) return true;
    const { successRatio, windowMs, minRequests } = this.#ratio;
    if (successRatio === 0) return false;
    const { control } = this.#columns;
    const sinceMs = Math.max(ejectedUntilMs(this.#columns, slot), control.forgivenMs[slot]!);
    return isBelowRatio(this.#columns, slot, nowMs, {
      successRatio,
      windowMs,
      minRequests,
      sinceMs,
    });
  }

  #eject(slot: number, nowMs: number, state: number): void {
    const inARow = Math.min(this.#ejectionsInARow(slot, nowMs, state) + 1, this.#maxInARow);
    this.#own.ejections[slot] = Math.ceil(inARow);
    this.#own.ejectedAtMs[slot] = nowMs;
    this.#own.ejectedUntilMs[slot] = nowMs + this.#lengthMs(slot, inARow);
    Atomics.store(this.#columns.shared.probing, slot, 0);
  }

  /** Chance spreads it either way, but never beyond the longest. */
  #lengthMs(slot: number, inARow: number): number {
    const ownMs = this.#ownBaseMs[slot]!;
    const baseMs = ownMs > 0 ? ownMs : this.#baseMs;
    const maxMs = Math.max(baseMs, this.#baseMs * this.#maxInARow);
    const chance = this.#random.next();
    const lengthMs = baseMs * inARow * (1 + JITTER * (2 * chance - 1));
    return lengthMs > maxMs ? maxMs * (1 - JITTER * chance) : lengthMs;
  }

  /** The latest ejection carries the count; time in health since its deadline lowers it. */
  #ejectionsInARow(slot: number, nowMs: number, state: number): number {
    const by = ejectingWorker(this.#columns, slot);
    if (by < 0) return 0;
    const cells = this.#columns.workers[by]!;
    const count = cells.ejections[slot]!;
    if (state !== EJECTION_NONE) return count;
    const healthyMs = nowMs - cells.ejectedUntilMs[slot]!;
    return Math.max(0, count - Math.floor(healthyMs / HEALTHY_PERIOD_MS));
  }

  #failuresInARow(slot: number): number {
    const workers = this.#columns.workers;
    let sum = 0;
    for (let worker = 0; worker < workers.length; worker++) {
      const cells = workers[worker]!;
      if (cells.lastFailureMs[slot]! > this.#okElsewhere(slot, worker)) sum += cells.streak[slot]!;
    }
    return sum;
  }

  /** Last success that any worker but `except` saw; an operator's forgiveness is like one. */
  #okElsewhere(slot: number, except: number): number {
    const workers = this.#columns.workers;
    let latestMs = this.#columns.control.forgivenMs[slot]!;
    for (let worker = 0; worker < workers.length; worker++) {
      if (worker !== except && workers[worker]!.lastOkMs[slot]! > latestMs) {
        latestMs = workers[worker]!.lastOkMs[slot]!;
      }
    }
    return latestMs;
  }
}

/** Frees every probe a worker holds. */
function releaseProbesOf(columns: Columns, workerIndex: number): void {
  const probing = columns.shared.probing;
  for (let slot = 0; slot < columns.slots; slot++) {
    const claim = Atomics.load(probing, slot);
    if (claim !== 0 && claimHolder(claim) === workerIndex) {
      Atomics.compareExchange(probing, slot, claim, 0);
    }
  }
}
