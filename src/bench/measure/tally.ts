/**
 * What one worker thread counted in one stage of a run, in shared memory: the worker alone writes,
 * the main thread reads it once a second for the live panel and at the end for the report. So
 * nothing is sent while load runs, and percentiles are those of all requests.
 *
 *     | counters | ttft | tpot | itl | e2el | queue | ttft_intended | e2el_intended | connect |
 */
import { Histogram, HistogramScale } from '../../core/histogram.ts';

// The counters.
export const SENT = 0;
export const SUCCEEDED = 1;
export const FAILED = 2;
/** Clients that left on purpose (`--cancel-rate`). */
export const CANCELLED = 3;
/** Still on its way when the run was cut off. */
export const UNFINISHED = 4;
export const IN_FLIGHT = 5;
export const INPUT_TOKENS = 6;
export const OUTPUT_TOKENS = 7;
export const CACHED_TOKENS = 8;
/** Stream events that carried text. */
export const TOKEN_EVENTS = 9;
export const BYTES_RECEIVED = 10;
/** Requests that met every limit of `--goodput`. */
export const GOOD = 11;
/** Pauses within a stream that were longer than `--stall-threshold`. */
export const STALLS = 12;
export const LONGEST_STALL_US = 13;
/** Sent later than intended though a place was free: the generator's own fault. */
export const LATE = 14;
/** Sent again because a kept connection had just been closed. */
export const RESENT = 15;
export const CONNECTIONS = 16;
export const WITHOUT_USAGE = 17;
const COUNTERS = 18;

/** Microseconds, 0.4 % exact, up to 19 hours. */
const SCALE = new HistogramScale(7, 36);

export const LATENCIES = [
  'ttft',
  'tpot',
  'itl',
  'e2el',
  'queue',
  'ttft_intended',
  'e2el_intended',
  'connect',
] as const;
export type Latency = (typeof LATENCIES)[number];

const CELLS = COUNTERS + LATENCIES.length * SCALE.cellCount;

export class Tally {
  readonly counts: Float64Array;
  readonly ttft: Histogram;
  readonly tpot: Histogram;
  readonly itl: Histogram;
  readonly e2el: Histogram;
  readonly queue: Histogram;
  readonly ttft_intended: Histogram;
  readonly e2el_intended: Histogram;
  readonly connect: Histogram;
  readonly #cells: Float64Array;

  /** The tally at place `index` of `memory`, which `tallyMemory` made. */
  constructor(memory: SharedArrayBuffer, index: number) {
    const bytes = CELLS * Float64Array.BYTES_PER_ELEMENT;
    this.#cells = new Float64Array(memory, index * bytes, CELLS);
    this.counts = this.#cells.subarray(0, COUNTERS);
    this.ttft = this.#histogram(0);
    this.tpot = this.#histogram(1);
    this.itl = this.#histogram(2);
    this.e2el = this.#histogram(3);
    this.queue = this.#histogram(4);
    this.ttft_intended = this.#histogram(5);
    this.e2el_intended = this.#histogram(6);
    this.connect = this.#histogram(7);
  }

  #histogram(place: number): Histogram {
    const start = COUNTERS + place * SCALE.cellCount;
    return new Histogram(SCALE, this.#cells.subarray(start, start + SCALE.cellCount));
  }

  merge(other: Tally): void {
    const longest = Math.max(this.counts[LONGEST_STALL_US]!, other.counts[LONGEST_STALL_US]!);
    for (let i = 0; i < COUNTERS; i++) this.counts[i]! += other.counts[i]!;
    this.counts[LONGEST_STALL_US] = longest;
    for (let i = 0; i < LATENCIES.length; i++) {
      const name = LATENCIES[i]!;
      this[name].merge(other[name]);
    }
  }
}

/** Room for `count` empty tallies. */
export function tallyMemory(count: number): SharedArrayBuffer {
  return new SharedArrayBuffer(count * CELLS * Float64Array.BYTES_PER_ELEMENT);
}

function emptyTally(): Tally {
  return new Tally(tallyMemory(1), 0);
}

/** The sum of several. */
export function merged(tallies: Iterable<Tally>): Tally {
  const sum = emptyTally();
  for (const tally of tallies) sum.merge(tally);
  return sum;
}
