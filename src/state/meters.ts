/**
 * What traffic measured, in shared memory: for each worker a row of numbers per endpoint slot, and
 * one row of its own. Rows are Float64 so that no counter wraps; a row that nothing was written to
 * costs address space and no memory.
 *
 * Invariant: a worker is the only writer of its rows. The control plane clears the rows of a slot
 * only when no worker routes to it any more. Counters only grow, BUDGET alone is a gauge.
 */
import { ERRORS, type ErrorCode } from '../core/errors.ts';
import { Histogram, HistogramScale } from '../core/histogram.ts';

export interface WorkerMeters {
  /** METER_CELLS numbers a slot. */
  readonly rows: Float64Array;
  /** WORKER_CELLS numbers. */
  readonly own: Float64Array;
}

/** Latencies from 1/16 ms to 70 min, and fine ones from a microsecond to 67 s: four an octave. */
export const LATENCY_SCALE = new HistogramScale(2, 26);
export const LATENCY_UNITS_PER_MS = 16;
export const FINE_UNITS_PER_MS = 1000;

/** Requests by how they ended: those whose last attempt was here … */
export const ENDED = 0;
/** … and those for the model whose first endpoint this is that never got to an endpoint. */
export const UNPLACED = 4;
/** How they ended, in the order of TOTAL_OK … TOTAL_CLIENT_GONE. */
export const ENDINGS = ['ok', 'client_error', 'server_error', 'client_gone'] as const;
export const TOKENS_IN = 8;
export const TOKENS_OUT = 9;
/** Of TOKENS_IN: read from the engine's prefix cache. */
export const TOKENS_CACHED = 10;
/** Answers that said how many tokens they cost. */
export const WITH_USAGE = 11;
/** Attempts that failed here and were followed by another one. */
export const RETRIED = 12;
/** Attempts here that repeat one that failed. */
export const REPEATS = 13;
/** Repeats that the model whose first endpoint this is may cost now, by this worker. */
export const BUDGET = 14;
/** Times that failures took the endpoint out of rotation. */
export const EJECTIONS = 15;
const HISTOGRAMS = 16;

/** The histograms of a slot, by name and place. */
export const TTFB = 0;
export const TTFT = 1;
export const EVENT_GAP = 2;
export const TOTAL = 3;
const SLOT_HISTOGRAMS = 4;

export const METER_CELLS = HISTOGRAMS + SLOT_HISTOGRAMS * LATENCY_SCALE.cellCount;

/** Every error code has a place in the counts by code. */
export const ERROR_CODES = Object.keys(ERRORS) as ErrorCode[];
export const ERROR_INDEX: ReadonlyMap<string, number> = new Map(
  ERROR_CODES.map((code, index) => [code, index]),
);
/** A worker's requests that ended with an error, and its retries, by error code. */
export const OWN_ERRORS = 0;
export const OWN_RETRIES = ERROR_CODES.length;
/** Body bytes from and to clients, without framing. */
export const CLIENT_BYTES_IN = 2 * ERROR_CODES.length;
export const CLIENT_BYTES_OUT = CLIENT_BYTES_IN + 1;
/** Requests by the name of the client's key and by ending; the last place is that of all others. */
export const KEY_PLACES = 257;
export const OWN_KEYS = CLIENT_BYTES_OUT + 1;
const OWN_HISTOGRAMS = OWN_KEYS + KEY_PLACES * ENDINGS.length;

/** The histograms of a worker: in microseconds. */
export const OVERHEAD = 0;
export const LOOP_DELAY = 1;
export const QUEUE_WAIT = 2;
const WORKER_HISTOGRAMS = 3;

export const WORKER_CELLS = OWN_HISTOGRAMS + WORKER_HISTOGRAMS * LATENCY_SCALE.cellCount;

/** Where the histogram `kind` begins in a slot's row. */
function slotHistogramAt(kind: number): number {
  return HISTOGRAMS + kind * LATENCY_SCALE.cellCount;
}

/**
 * Adds the row that begins at `at` in `from`, cell by cell; empty histograms, which begin with a
 * count of 0, are skipped. Least and greatest sample mean nothing in a sum.
 */
export function addRow(from: Float64Array, at: number, into: Float64Array): void {
  for (let cell = 0; cell < HISTOGRAMS; cell++) into[cell]! += from[at + cell]!;
  const size = LATENCY_SCALE.cellCount;
  for (let begin = HISTOGRAMS; begin < METER_CELLS; begin += size) {
    if (from[at + begin] === 0) continue;
    for (let cell = begin; cell < begin + size; cell++) into[cell]! += from[at + cell]!;
  }
}

/** A slot's row of one worker. */
export function meterRow(meters: WorkerMeters, slot: number): Float64Array {
  return meters.rows.subarray(slot * METER_CELLS, (slot + 1) * METER_CELLS);
}

/** A histogram in a slot's row, or in any copy of one. */
export function slotHistogram(row: Float64Array, kind: number): Histogram {
  const at = slotHistogramAt(kind);
  return new Histogram(LATENCY_SCALE, row.subarray(at, at + LATENCY_SCALE.cellCount));
}

/** A histogram in a worker's own row. */
export function workerHistogram(own: Float64Array, kind: number): Histogram {
  const at = OWN_HISTOGRAMS + kind * LATENCY_SCALE.cellCount;
  return new Histogram(LATENCY_SCALE, own.subarray(at, at + LATENCY_SCALE.cellCount));
}
