/**
 * Traffic in the figures that operators ask for: rates, error ratio, tokens and quantiles, for each
 * endpoint, each model and the whole fleet, over the last minute and since start.
 *
 * The last minute is the difference to a sample that is 60 to 75 seconds old (younger just after
 * the start; `seconds` tells). Quantiles are those of merged histograms, as exact as a bucket:
 * within 13 %. Only shared memory is read: workers notice nothing.
 */
import type { Clock } from '../core/clock.ts';
import type { EndpointSpec } from '../core/endpoint.ts';
import { Histogram } from '../core/histogram.ts';
import {
  ENDED,
  EVENT_GAP,
  FINE_UNITS_PER_MS,
  LATENCY_UNITS_PER_MS,
  METER_CELLS,
  OVERHEAD,
  RETRIED,
  slotHistogram,
  TOKENS_IN,
  TOKENS_OUT,
  TOTAL,
  TTFB,
  TTFT,
  UNPLACED,
  WITH_USAGE,
  WORKER_CELLS,
  workerHistogram,
} from '../state/meters.ts';
import { addCells, type TrafficLedger } from './metrics/traffic-ledger.ts';

/** Milliseconds. */
export interface Quantiles {
  /** Samples. */
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
}

/** Requests count when they are over, at the endpoint of their last attempt. */
export interface Traffic {
  /** The time these figures cover. */
  readonly seconds: number;
  readonly requests: number;
  readonly requestsPerSecond: number;
  /** 5xx and broken answers among the requests; null = there were none. */
  readonly errorRatio: number | null;
  /** Attempts that failed and were repeated. */
  readonly retries: number;
  /** From the usage that answers told; null = none told. */
  readonly tokensInPerSecond: number | null;
  readonly tokensOutPerSecond: number | null;
  /** From the request head to the first byte, and to the first event of a stream; null = none. */
  readonly ttfb: Quantiles | null;
  readonly ttft: Quantiles | null;
  /** Between two events of a stream. */
  readonly gap: Quantiles | null;
  /** From the request head to the end of a whole answer. */
  readonly total: Quantiles | null;
}

export interface TrafficView {
  readonly minute: Traffic;
  readonly sinceStart: Traffic;
}

export interface TrafficReading {
  readonly fleet: TrafficView;
  /** What the router itself added to a request: docs/metrics.md says what is measured. */
  readonly overhead: { readonly minute: Quantiles | null; readonly sinceStart: Quantiles | null };
  /** By model name; a model that has had no endpoint for a while may be missing. */
  readonly models: ReadonlyMap<string, TrafficView>;
  /** By slot. */
  readonly endpoints: ReadonlyMap<number, TrafficView>;
}

const SAMPLE_MS = 15_000;
const SAMPLES = 5;

/** Counters modulo 2^32, at one time; a slot without traffic has no row. */
interface Sample {
  readonly atMs: number;
  readonly rows: ReadonlyMap<number, Uint32Array>;
  readonly own: Uint32Array;
}

interface Sums {
  readonly minute: Float64Array;
  readonly sinceStart: Float64Array;
}

export class TrafficStats {
  readonly #ledger: TrafficLedger;
  readonly #clock: Clock;
  readonly #startedMs: number;
  /** Oldest first. */
  readonly #samples: Sample[];

  constructor(ledger: TrafficLedger, clock: Clock) {
    this.#ledger = ledger;
    this.#clock = clock;
    this.#startedMs = clock.nowMs();
    const own = new Uint32Array(WORKER_CELLS);
    this.#samples = [{ atMs: this.#startedMs, rows: new Map(), own }];
  }

  /** To be called about once a second, with the endpoints of now. */
  tick(endpoints: readonly EndpointSpec[]): void {
    this.#ledger.follow(endpoints);
    const atMs = this.#clock.nowMs();
    if (atMs - this.#samples.at(-1)!.atMs < SAMPLE_MS) return;
    const own = new Float64Array(WORKER_CELLS);
    this.#ledger.addOwn(own);
    this.#samples.push({ atMs, rows: this.#sampleRows(), own: new Uint32Array(own) });
    if (this.#samples.length > SAMPLES) this.#samples.shift();
  }

  /** The slot's owner has drained: its numbers go to its model, its counters back to 0. */
  forget(slot: number): void {
    this.#ledger.forget(slot);
    for (const { rows } of this.#samples) (rows as Map<number, Uint32Array>).delete(slot);
  }

  /** All figures of now. */
  read(): TrafficReading {
    const nowMs = this.#clock.nowMs();
    const oldest = this.#samples[0]!;
    const seconds = [nowMs - oldest.atMs, nowMs - this.#startedMs].map((ms) => ms / 1000);
    const viewOf = ({ minute, sinceStart }: Sums): TrafficView => ({
      minute: trafficOf(minute, seconds[0]!),
      sinceStart: trafficOf(sinceStart, seconds[1]!),
    });
    const endpoints = new Map<number, TrafficView>();
    const models = new Map<string, Sums>();
    for (const [model, row] of this.#ledger.left()) addCells(row, sumsOf(models, model).sinceStart);
    for (const [slot, { modelName }] of this.#ledger.followed()) {
      const sinceStart = new Float64Array(METER_CELLS);
      this.#ledger.addSlot(slot, sinceStart);
      const sums = { minute: sinceThen(sinceStart, oldest.rows.get(slot)), sinceStart };
      const ofModel = sumsOf(models, modelName);
      addCells(sums.minute, ofModel.minute);
      addCells(sinceStart, ofModel.sinceStart);
      // What never got to an endpoint is the model's, wherever it is counted.
      for (const row of [sums.minute, sinceStart]) row.fill(0, UNPLACED, UNPLACED + 4);
      endpoints.set(slot, viewOf(sums));
    }
    const fleet = newSums();
    for (const { minute, sinceStart } of models.values()) {
      addCells(minute, fleet.minute);
      addCells(sinceStart, fleet.sinceStart);
    }
    const views = [...models].map(([name, sums]) => [name, viewOf(sums)] as const);
    return {
      fleet: viewOf(fleet),
      overhead: this.#overhead(oldest.own),
      models: new Map(views.filter(([name]) => name !== '')),
      endpoints,
    };
  }

  #overhead(then: Uint32Array): TrafficReading['overhead'] {
    const now = new Float64Array(WORKER_CELLS);
    this.#ledger.addOwn(now);
    const of = (own: Float64Array) =>
      quantilesOf(workerHistogram(own, OVERHEAD), FINE_UNITS_PER_MS);
    return { minute: of(sinceThen(now, then)), sinceStart: of(now) };
  }

  #sampleRows(): ReadonlyMap<number, Uint32Array> {
    const rows = new Map<number, Uint32Array>();
    const before = this.#samples.at(-1)!.rows;
    for (const slot of this.#ledger.followed().keys()) {
      const sum = new Float64Array(METER_CELLS);
      this.#ledger.addSlot(slot, sum);
      const last = before.get(slot);
      // Idle endpoints share their rows, and those that were never used have none.
      if (last?.every((cell, at) => cell === sum[at]! >>> 0) === true) {
        rows.set(slot, last);
      } else if (sum.some((cell) => cell !== 0)) {
        rows.set(slot, new Uint32Array(sum));
      }
    }
    return rows;
  }
}

function newSums(): Sums {
  return { minute: new Float64Array(METER_CELLS), sinceStart: new Float64Array(METER_CELLS) };
}

function sumsOf(models: Map<string, Sums>, name: string): Sums {
  let sums = models.get(name);
  if (sums === undefined) {
    sums = newSums();
    models.set(name, sums);
  }
  return sums;
}

/** What was added since a sample, which holds counters modulo 2^32. */
function sinceThen(now: Float64Array, then: Uint32Array | undefined): Float64Array {
  if (then === undefined) return now.slice();
  return now.map((cell, at) => ((cell >>> 0) - then[at]!) >>> 0);
}

function trafficOf(row: Float64Array, seconds: number): Traffic {
  const span = Math.max(1, seconds);
  const ended = (from: number, to: number) => {
    let sum = 0;
    for (let at = from; at < to; at++) sum += row[ENDED + at]! + row[UNPLACED + at]!;
    return sum;
  };
  const requests = ended(0, 4);
  const told = row[WITH_USAGE]! > 0;
  const latency = (kind: number) => quantilesOf(slotHistogram(row, kind), LATENCY_UNITS_PER_MS);
  return {
    seconds,
    requests,
    requestsPerSecond: requests / span,
    errorRatio: requests === 0 ? null : ended(2, 3) / requests,
    retries: row[RETRIED]!,
    tokensInPerSecond: told ? row[TOKENS_IN]! / span : null,
    tokensOutPerSecond: told ? row[TOKENS_OUT]! / span : null,
    ttfb: latency(TTFB),
    ttft: latency(TTFT),
    gap: latency(EVENT_GAP),
    total: latency(TOTAL),
  };
}

/** From the buckets alone: a sum or a difference of histograms has no least and greatest sample. */
function quantilesOf(histogram: Histogram, unitsPerMs: number): Quantiles | null {
  const { scale } = histogram;
  const whole = new Histogram(scale);
  for (let at = 0; at < scale.bucketCount; at++) {
    const times = histogram.at(at);
    if (times > 0) whole.recordTimes(scale.middle(at), times);
  }
  if (whole.count() === 0) return null;
  const ms = (q: number) => whole.quantile(q) / unitsPerMs;
  return { count: whole.count(), p50: ms(0.5), p90: ms(0.9), p95: ms(0.95), p99: ms(0.99) };
}
