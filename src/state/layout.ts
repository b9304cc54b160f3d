/**
 * Where every live number of the process stands: one SharedArrayBuffer, mapped to the typed-array
 * columns of `core/columns` by the main thread and by each worker from the same (slots, workers).
 *
 * Invariant: the layout depends on (slots, workers) alone, so all threads agree on it. A worker's
 * columns are contiguous and start on a cache line, so two workers never write to the same line.
 */
import type { Columns, ControlColumns, SharedColumns, WorkerColumns } from '../core/columns.ts';
import { RATE_CELLS } from '../core/rate-window.ts';
import { TOKEN_CELLS } from '../core/token-window.ts';
import { METER_CELLS, WORKER_CELLS, type WorkerMeters } from './meters.ts';
import { TOTALS } from './totals.ts';

const CACHE_LINE_BYTES = 64;

/** How many endpoints one process can know, removed ones that still drain included. */
export const DEFAULT_SLOTS = 4096;

export interface FleetState {
  readonly buffer: SharedArrayBuffer;
  readonly columns: Columns;
  /** Per worker: the numbers of TOTALS. */
  readonly totals: readonly Float64Array[];
  /** Per worker: what traffic measured. */
  readonly meters: readonly WorkerMeters[];
}

/** Hands out typed arrays one after the other; with a 1-byte buffer it only measures. */
class Cursor {
  readonly #buffer: SharedArrayBuffer;
  readonly #measuring: boolean;
  offset = 0;

  constructor(buffer: SharedArrayBuffer, measuring: boolean) {
    this.#buffer = buffer;
    this.#measuring = measuring;
  }

  align(): void {
    this.offset = Math.ceil(this.offset / CACHE_LINE_BYTES) * CACHE_LINE_BYTES;
  }

  int32(length: number): Int32Array {
    const at = this.#take(length * 4);
    return this.#measuring ? new Int32Array(0) : new Int32Array(this.#buffer, at, length);
  }

  float64(length: number): Float64Array {
    const at = this.#take(length * 8);
    return this.#measuring ? new Float64Array(0) : new Float64Array(this.#buffer, at, length);
  }

  #take(bytes: number): number {
    this.align();
    const at = this.offset;
    this.offset += bytes;
    return at;
  }
}

function workerColumns(cursor: Cursor, slots: number): WorkerColumns {
  return {
    inFlight: cursor.int32(slots),
    pending: cursor.int32(slots),
    sent: cursor.float64(slots),
    ok: cursor.float64(slots),
    failedConnect: cursor.float64(slots),
    failedStatus: cursor.float64(slots),
    failedStream: cursor.float64(slots),
    failedTimeout: cursor.float64(slots),
    busy: cursor.float64(slots),
    ignored: cursor.float64(slots),
    bytesUp: cursor.float64(slots),
    bytesDown: cursor.float64(slots),
    busyUntilMs: cursor.float64(slots),
    streak: cursor.int32(slots),
    lastFailureMs: cursor.float64(slots),
    lastOkMs: cursor.float64(slots),
    ejectedAtMs: cursor.float64(slots),
    ejectedUntilMs: cursor.float64(slots),
    ejections: cursor.int32(slots),
    failureCode: cursor.int32(slots),
    countedPeriod: cursor.int32(slots),
    countedOk: cursor.int32(slots),
    countedFailed: cursor.int32(slots),
    earlierOk: cursor.int32(slots),
    earlierFailed: cursor.int32(slots),
    prefillTokens: cursor.float64(slots),
    headTokens: cursor.float64(slots),
    headSinceMs: cursor.float64(slots),
    firstByteAtMs: cursor.float64(slots),
    baseMs: cursor.float64(slots),
    msPerToken: cursor.float64(slots),
    msPerRunning: cursor.float64(slots),
    observations: cursor.float64(slots),
    latencyMs: cursor.float64(slots),
    latencyAtMs: cursor.float64(slots),
    cachePages: cursor.float64(slots),
    waitingClass: cursor.int32(slots),
    keptHigh: cursor.int32(slots),
    keptNormal: cursor.int32(slots),
  };
}

function controlColumns(cursor: Cursor, slots: number): ControlColumns {
  return {
    probeState: cursor.int32(slots),
    operatorState: cursor.int32(slots),
    forgivenMs: cursor.float64(slots),
    running: cursor.int32(slots),
    waiting: cursor.int32(slots),
    kvUsage: cursor.float64(slots),
    reportAtMs: cursor.float64(slots),
    cacheTokens: cursor.int32(slots),
    restarts: cursor.int32(slots),
    tenancy: cursor.int32(slots),
  };
}

function place(cursor: Cursor, slots: number, workers: number): Omit<FleetState, 'buffer'> {
  const perWorker: WorkerColumns[] = [];
  const totals: Float64Array[] = [];
  const meters: WorkerMeters[] = [];
  for (let worker = 0; worker < workers; worker++) {
    perWorker.push(workerColumns(cursor, slots));
    totals.push(cursor.float64(TOTALS));
    const own = cursor.float64(WORKER_CELLS);
    meters.push({ own, rows: cursor.float64(slots * METER_CELLS) });
  }
  const control = controlColumns(cursor, slots);
  const shared: SharedColumns = {
    rate: cursor.int32(slots * RATE_CELLS),
    tokens: cursor.int32(slots * TOKEN_CELLS),
    probing: cursor.int32(slots),
    recovered: cursor.int32(slots),
  };
  cursor.align();
  return { columns: { slots, workers: perWorker, control, shared }, totals, meters };
}

/** Makes the shared memory for `slots` endpoints and `workers` workers; unknowns are marked so. */
export function createFleetState(slots: number, workers: number): FleetState {
  const measure = new Cursor(new SharedArrayBuffer(1), true);
  place(measure, slots, workers);
  const state = mapFleetState(new SharedArrayBuffer(measure.offset), slots, workers);
  state.columns.control.running.fill(-1);
  state.columns.control.waiting.fill(-1);
  state.columns.control.kvUsage.fill(Number.NaN);
  state.columns.control.cacheTokens.fill(-1);
  return state;
}

/** The same memory as another thread sees it. */
export function mapFleetState(
  buffer: SharedArrayBuffer,
  slots: number,
  workers: number,
): FleetState {
  return { buffer, ...place(new Cursor(buffer, false), slots, workers) };
}
