/** The run second by second, for the live panel and the charts: what each interval measured. */
import type { Histogram } from '../../core/histogram.ts';
import {
  FAILED,
  IN_FLIGHT,
  merged,
  OUTPUT_TOKENS,
  SENT,
  SUCCEEDED,
  type Tally,
  TOKEN_EVENTS,
} from './tally.ts';

/** Percentiles are of what ended within the interval, in ms; null when nothing did. */
export interface Sample {
  /** Seconds since the start. */
  readonly t: number;
  /** Of the whole run so far. */
  readonly succeeded: number;
  readonly failed: number;
  readonly in_flight: number;
  /** Per second. */
  readonly sent: number;
  readonly qps: number;
  readonly failures: number;
  readonly tokens: number;
  readonly ttft_p50: number | null;
  readonly ttft_p99: number | null;
  readonly itl_p50: number | null;
  readonly itl_p99: number | null;
  readonly e2el_p50: number | null;
  readonly e2el_p99: number | null;
}

export class Series {
  readonly samples: Sample[] = [];
  #before: Tally | undefined;
  #beforeMs = 0;

  /** Takes the sum of what the workers have counted so far. */
  take(workers: readonly Tally[], elapsedMs: number): Tally {
    const now = merged(workers);
    const before = this.#before ?? merged([]);
    const seconds = Math.max(0.001, (elapsedMs - this.#beforeMs) / 1000);
    const rate = (counter: number) => (now.counts[counter]! - before.counts[counter]!) / seconds;
    // While streams run their events are counted; `usage` comes only at their ends.
    const tokens = now.counts[TOKEN_EVENTS]! > 0 ? rate(TOKEN_EVENTS) : rate(OUTPUT_TOKENS);
    const ttft = now.ttft.since(before.ttft);
    const itl = now.itl.since(before.itl);
    const e2el = now.e2el.since(before.e2el);
    this.samples.push({
      t: elapsedMs / 1000,
      succeeded: now.counts[SUCCEEDED]!,
      failed: now.counts[FAILED]!,
      in_flight: now.counts[IN_FLIGHT]!,
      sent: rate(SENT),
      qps: rate(SUCCEEDED),
      failures: rate(FAILED),
      tokens,
      ttft_p50: ms(ttft, 0.5),
      ttft_p99: ms(ttft, 0.99),
      itl_p50: ms(itl, 0.5),
      itl_p99: ms(itl, 0.99),
      e2el_p50: ms(e2el, 0.5),
      e2el_p99: ms(e2el, 0.99),
    });
    this.#before = now;
    this.#beforeMs = elapsedMs;
    return now;
  }
}

function ms(histogram: Histogram, q: number): number | null {
  return histogram.count() === 0 ? null : histogram.quantile(q) / 1000;
}
