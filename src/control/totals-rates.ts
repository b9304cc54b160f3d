/**
 * Rates of the whole router, from a sample of its totals each second. Invariant: exact over the
 * samples kept; no requests means no ratio, not 0 / 0.
 */
import { totalOf } from '../state/reader.ts';
import {
  TOTAL_CLIENT_ERRORS,
  TOTAL_OK,
  TOTAL_REQUESTS,
  TOTAL_RETRIES,
  TOTAL_SERVER_ERRORS,
} from '../state/totals.ts';

const SAMPLES = 60;
/** Long enough to be calm, short enough to follow. */
const RATE_SAMPLES = 10;
const INDEXES = [
  TOTAL_REQUESTS,
  TOTAL_OK,
  TOTAL_CLIENT_ERRORS,
  TOTAL_SERVER_ERRORS,
  TOTAL_RETRIES,
] as const;

export class TotalsRates {
  readonly #totals: readonly Float64Array[];
  readonly #rings = new Map(INDEXES.map((index) => [index, new Float64Array(SAMPLES + 1)]));
  #samples = 0;

  constructor(totals: readonly Float64Array[]) {
    this.#totals = totals;
  }

  /** To be called once a second. */
  sample(): void {
    const at = ++this.#samples % (SAMPLES + 1);
    for (const [index, ring] of this.#rings) ring[at] = totalOf(this.#totals, index);
  }

  requestsPerSecond(): number {
    return this.#risen(TOTAL_REQUESTS, RATE_SAMPLES) / Math.min(RATE_SAMPLES, this.#samples || 1);
  }

  /** Server errors among what ended in the last minute; null = nothing ended. */
  errorRatio(): number | null {
    const errors = this.#risen(TOTAL_SERVER_ERRORS, SAMPLES);
    const ended =
      errors + this.#risen(TOTAL_OK, SAMPLES) + this.#risen(TOTAL_CLIENT_ERRORS, SAMPLES);
    return ended === 0 ? null : errors / ended;
  }

  /** Attempts beyond the first, in the last minute. */
  retriesPerMinute(): number {
    return this.#risen(TOTAL_RETRIES, SAMPLES);
  }

  /** How much a total has risen within the last `samples` seconds. */
  #risen(index: (typeof INDEXES)[number], samples: number): number {
    const ring = this.#rings.get(index)!;
    const length = SAMPLES + 1;
    const now = ring[this.#samples % length]!;
    return now - ring[(this.#samples - samples + length * 2) % length]!;
  }
}
