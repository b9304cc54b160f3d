// HOT PATH
/**
 * A lease: the right to use an endpoint for one attempt. Taking it makes the attempt visible to
 * the loads, ending it says how the endpoint did.
 *
 * Invariant: every lease taken ends exactly once, so in-flight always returns to zero. Taking a
 * held lease and ending a free one are programmer errors and throw. Source: the permit of
 * Netflix's concurrency-limits (success, ignore or dropped).
 *
 * bench: bench/pick.ts
 */
import type { Columns, WorkerColumns } from './columns.ts';
import type { Ejector } from './ejection.ts';
import { PROBE_PATIENCE_MS } from './ejection-state.ts';
import { type ErrorCode, numberOfError } from './errors.ts';

/** The endpoint answered, 4xx included. */
export const LEASE_OK = 0;
/** It refused the connection: ejects at once. */
export const LEASE_FAILED_REFUSED = 1;
/** It could not be reached in another way: no route, TLS failed. */
export const LEASE_FAILED_CONNECT = 2;
/** It answered with a server error or with something that is not HTTP. */
export const LEASE_FAILED_STATUS = 3;
/** It broke off. */
export const LEASE_FAILED_STREAM = 4;
/** It did not connect, answer or go on in time. */
export const LEASE_FAILED_TIMEOUT = 5;
/** It said 429, or 503 for load: no fault. */
export const LEASE_BUSY = 6;
/** The attempt ended by nobody's fault and says nothing about the endpoint. */
export const LEASE_IGNORED = 7;

const FREE = -1;

/** One per attempt object; reusable after its end. */
export class Lease {
  /** The slot held, or -1. */
  slot = FREE;
  readonly #columns: WorkerColumns;
  readonly #ejector: Ejector;
  #waiting = false;
  #takenAtMs = 0;
  /** The ejector's probe that this attempt is; 0 = it is an ordinary one. */
  #probe = 0;

  constructor(columns: Columns, workerIndex: number, ejector: Ejector) {
    this.#columns = columns.workers[workerIndex]!;
    this.#ejector = ejector;
  }

  /** If this worker claimed the probe of the slot just before, the attempt becomes the probe. */
  take(slot: number, nowMs: number): void {
    if (this.slot !== FREE) throw new Error(`lease of slot ${this.slot} taken again`);
    this.slot = slot;
    this.#waiting = true;
    this.#takenAtMs = nowMs;
    this.#probe = this.#ejector.adoptProbe(slot);
    this.#columns.inFlight[slot] = this.#columns.inFlight[slot]! + 1;
    this.#columns.pending[slot] = this.#columns.pending[slot]! + 1;
  }

  /** The first byte of the answer is here; further calls change nothing. */
  answered(): void {
    if (!this.#waiting) return;
    this.#waiting = false;
    this.#columns.pending[this.slot] = this.#columns.pending[this.slot]! - 1;
  }

  /**
   * `outcome` is one of LEASE_*; `code` says more about a failure, for operators.
   * True if this outcome ejected the endpoint.
   */
  end(outcome: number, nowMs: number, code?: ErrorCode): boolean {
    const slot = this.slot;
    if (slot === FREE) throw new Error('lease ended twice');
    this.answered();
    this.slot = FREE;
    this.#columns.inFlight[slot] = this.#columns.inFlight[slot]! - 1;
    const counter = this.#counterOf(outcome);
    counter[slot] = counter[slot]! + 1;
    if (outcome === LEASE_OK) {
      this.#ejector.success(slot, nowMs);
      return false;
    }
    if (outcome === LEASE_BUSY || outcome === LEASE_IGNORED) {
      // A probe that lasted has reopened the endpoint by lasting: its claim is the record of that.
      if (nowMs - this.#takenAtMs < PROBE_PATIENCE_MS) {
        this.#ejector.releaseProbe(slot, this.#probe);
      }
      return false;
    }
    const why = code === undefined ? 0 : numberOfError(code);
    return this.#ejector.failure(slot, nowMs, outcome === LEASE_FAILED_REFUSED, why);
  }

  #counterOf(outcome: number): Float64Array {
    switch (outcome) {
      case LEASE_OK:
        return this.#columns.ok;
      case LEASE_FAILED_REFUSED:
      case LEASE_FAILED_CONNECT:
        return this.#columns.failedConnect;
      case LEASE_FAILED_STATUS:
        return this.#columns.failedStatus;
      case LEASE_FAILED_STREAM:
        return this.#columns.failedStream;
      case LEASE_FAILED_TIMEOUT:
        return this.#columns.failedTimeout;
      case LEASE_BUSY:
        return this.#columns.busy;
      case LEASE_IGNORED:
        return this.#columns.ignored;
      default:
        throw new RangeError(`no lease outcome ${outcome}`);
    }
  }
}
