// HOT PATH — bench: bench/main.ts
/**
 * Measures requests: when what happened, what it cost, how it ended. Numbers only, written to the
 * worker's own rows (state/meters); nothing is allocated but one RequestMeter a request.
 *
 * Invariant: a request is counted once as ended, at the endpoint of its last attempt, or, if none
 * was made, at the first endpoint of its model; a request for no model only in the totals.
 */
import type { Clock } from '../core/clock.ts';
import type { ErrorCode } from '../core/errors.ts';
import type { Histogram } from '../core/histogram.ts';
import type { RequestOutcome } from '../core/request-record.ts';
import type { RouteTable } from '../core/route-table.ts';
import type { Usage } from '../openai/usage.ts';
import {
  BUDGET,
  CLIENT_BYTES_IN,
  CLIENT_BYTES_OUT,
  ENDED,
  ENDINGS,
  ERROR_INDEX,
  EVENT_GAP,
  FINE_UNITS_PER_MS,
  LATENCY_UNITS_PER_MS,
  LOOP_DELAY,
  meterRow,
  OVERHEAD,
  OWN_ERRORS,
  OWN_KEYS,
  OWN_RETRIES,
  QUEUE_WAIT,
  REPEATS,
  RETRIED,
  slotHistogram,
  TOKENS_CACHED,
  TOKENS_IN,
  TOKENS_OUT,
  TOTAL,
  TTFB,
  TTFT,
  UNPLACED,
  WITH_USAGE,
  type WorkerMeters,
  workerHistogram,
} from '../state/meters.ts';
import { TOTAL_OK } from '../state/totals.ts';
import type { RoutingNotes } from './routing-notes.ts';

/** One endpoint's row of this worker. */
class EndpointMeter {
  readonly row: Float64Array;
  readonly ttfb: Histogram;
  readonly ttft: Histogram;
  readonly gap: Histogram;
  readonly total: Histogram;

  constructor(row: Float64Array) {
    this.row = row;
    this.ttfb = slotHistogram(row, TTFB);
    this.ttft = slotHistogram(row, TTFT);
    this.gap = slotHistogram(row, EVENT_GAP);
    this.total = slotHistogram(row, TOTAL);
  }
}

/** All that one worker measures. */
export class Meters {
  readonly clock: Clock;
  readonly own: Float64Array;
  readonly overhead: Histogram;
  readonly queueWait: Histogram;
  readonly #loopDelay: Histogram;
  readonly #cells: WorkerMeters;
  readonly #endpoints: (EndpointMeter | undefined)[] = [];

  constructor(cells: WorkerMeters, clock: Clock) {
    this.clock = clock;
    this.own = cells.own;
    this.overhead = workerHistogram(cells.own, OVERHEAD);
    this.queueWait = workerHistogram(cells.own, QUEUE_WAIT);
    this.#loopDelay = workerHistogram(cells.own, LOOP_DELAY);
    this.#cells = cells;
  }

  endpoint(slot: number): EndpointMeter {
    while (this.#endpoints.length <= slot) this.#endpoints.push(undefined);
    let meter = this.#endpoints[slot];
    if (meter === undefined) {
      meter = new EndpointMeter(meterRow(this.#cells, slot));
      this.#endpoints[slot] = meter;
    }
    return meter;
  }

  /** The worker's loop came round so much later than it was asked to. */
  loopDelayed(byMs: number): void {
    this.#loopDelay.record(byMs * FINE_UNITS_PER_MS);
  }

  /** Shows the retry budgets of now; to be called about once a second. */
  showBudgets(table: RouteTable): void {
    const nowMs = this.clock.nowMs();
    for (let i = 0; i < table.clusters.length; i++) {
      const cluster = table.clusters[i]!;
      if (cluster.size === 0) continue;
      this.endpoint(cluster.slots[0]!).row[BUDGET] = cluster.budget.balance(nowMs);
    }
  }
}

/** The stopwatch and counts of one request. All times are the clock's milliseconds; 0 = not yet. */
export class RequestMeter {
  /** What the answer said it cost; -1 = it did not. */
  tokensIn: number;
  tokensOut: number;
  tokensCached: number;
  /** Until the first event with data was written to the client; -1 = none was. */
  ttftMs: number;
  /** Events of the answer that were written to the client. */
  eventCount: number;
  readonly #meters: Meters;
  readonly #startedMs: number;
  readonly #notes: RoutingNotes | undefined;
  #endpoint: EndpointMeter | undefined;
  #attempts: number;
  /** The request was read whole; waits for a place; was first written to an endpoint. */
  #readMs: number;
  #waitsSinceMs: number;
  #waited: boolean;
  #sentMs: number;
  /** The last bytes of the answer arrived, while none had been passed on. */
  #arrivedMs: number;
  #lastEventMs: number;

  constructor(meters: Meters, startedMs: number, notes: RoutingNotes | undefined) {
    this.#notes = notes;
    this.tokensIn = -1;
    this.tokensOut = -1;
    this.tokensCached = -1;
    this.ttftMs = -1;
    this.eventCount = 0;
    this.#meters = meters;
    this.#startedMs = startedMs;
    this.#endpoint = undefined;
    this.#attempts = 0;
    this.#readMs = 0;
    this.#waitsSinceMs = 0;
    this.#waited = false;
    this.#sentMs = 0;
    this.#arrivedMs = 0;
    this.#lastEventMs = 0;
  }

  bodyRead(): void {
    this.#readMs = this.#meters.clock.nowMs();
  }

  waits(): void {
    this.#waited = true;
    this.#waitsSinceMs = this.#meters.clock.nowMs();
  }

  /** It waits no more, whatever comes now. */
  leftQueue(): void {
    const waitedMs = this.#meters.clock.nowMs() - this.#waitsSinceMs;
    this.#meters.queueWait.record(waitedMs * FINE_UNITS_PER_MS);
  }

  attempt(slot: number): void {
    this.#attempts++;
    this.#endpoint = this.#meters.endpoint(slot);
    if (this.#attempts > 1) this.#endpoint.row[REPEATS]!++;
    this.#notes?.sent(slot);
  }

  /** The attempt's request was handed to its connection. */
  sent(): void {
    this.#sentMs = this.#meters.clock.nowMs();
    this.#arrivedMs = 0;
  }

  /** Bytes of the answer are here, and the client has none yet. */
  arrived(): void {
    this.#arrivedMs = this.#meters.clock.nowMs();
  }

  /**
   * The answer's first bytes were handed to the client's connection: by `arrived` just now, or
   * (`held`) because the head was not to wait for a body any longer.
   */
  committed(status: number, held: boolean): void {
    if (status >= 400) {
      this.#notes?.ended();
      return;
    }
    if (!held) this.#notes?.answered();
    const nowMs = this.#meters.clock.nowMs();
    this.#endpoint!.ttfb.record((nowMs - this.#startedMs) * LATENCY_UNITS_PER_MS);
    if (held || this.#waited || this.#attempts !== 1) return;
    const addedMs = this.#sentMs - this.#readMs + (nowMs - this.#arrivedMs);
    this.#meters.overhead.record(addedMs * FINE_UNITS_PER_MS);
  }

  /**
   * So many events were handed to the client's connection in one write. Events that come together
   * share their gap, and those that come with the first one or after the `last` have none.
   */
  events(count: number, last: boolean): void {
    const nowMs = this.#meters.clock.nowMs();
    this.eventCount += count;
    if (this.#lastEventMs === 0) {
      this.#notes?.answered();
      this.ttftMs = nowMs - this.#startedMs;
      this.#endpoint!.ttft.record(this.ttftMs * LATENCY_UNITS_PER_MS);
    } else if (!last) {
      const gapMs = (nowMs - this.#lastEventMs) / count;
      this.#endpoint!.gap.recordTimes(gapMs * LATENCY_UNITS_PER_MS, count);
    }
    this.#lastEventMs = nowMs;
  }

  /** The present attempt failed for this reason, and another one follows. */
  retries(code: ErrorCode): void {
    this.#notes?.ended();
    this.#meters.own[OWN_RETRIES + ERROR_INDEX.get(code)!]!++;
    this.#endpoint!.row[RETRIED]!++;
  }

  /** The answer said what it cost; later words win. */
  tells({ tokensIn, tokensOut, tokensCached }: Usage): void {
    if (tokensIn >= 0) this.tokensIn = tokensIn;
    if (tokensOut >= 0) this.tokensOut = tokensOut;
    if (tokensCached >= 0) this.tokensCached = tokensCached;
  }

  /** `total` is one of TOTAL_OK … TOTAL_CLIENT_GONE; `firstSlot` that of the model, -1 = none. */
  settled(total: number, outcome: RequestOutcome, firstSlot: number): void {
    const ending = total - TOTAL_OK;
    this.#notes?.ended();
    const index = outcome === 'ok' ? undefined : ERROR_INDEX.get(outcome);
    if (index !== undefined) this.#meters.own[OWN_ERRORS + index]!++;
    const endpoint = this.#endpoint;
    if (endpoint === undefined) {
      if (firstSlot >= 0) this.#meters.endpoint(firstSlot).row[UNPLACED + ending]!++;
      return;
    }
    endpoint.row[ENDED + ending]!++;
    if (ending === 0) {
      const totalMs = this.#meters.clock.nowMs() - this.#startedMs;
      endpoint.total.record(totalMs * LATENCY_UNITS_PER_MS);
    }
    if (this.tokensIn < 0 && this.tokensOut < 0) return;
    endpoint.row[TOKENS_IN]! += Math.max(0, this.tokensIn);
    endpoint.row[TOKENS_OUT]! += Math.max(0, this.tokensOut);
    endpoint.row[TOKENS_CACHED]! += Math.max(0, this.tokensCached);
    endpoint.row[WITH_USAGE]!++;
  }

  /** What the answer said that it has, or else its events: engines send one a token. */
  answerTokens(): number {
    return this.tokensOut >= 0 ? this.tokensOut : this.eventCount;
  }

  /** Whose request it was; -1 = nobody's. `total` as in `settled`. */
  ofKey(place: number, total: number): void {
    if (place < 0) return;
    this.#meters.own[OWN_KEYS + place * ENDINGS.length + total - TOTAL_OK]!++;
  }

  /** Body bytes without framing. */
  bytes(fromClient: number, toClient: number): void {
    this.#meters.own[CLIENT_BYTES_IN]! += fromClient;
    this.#meters.own[CLIENT_BYTES_OUT]! += toClient;
  }
}
