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
import type { Histogram } from '../core/histogram.ts';
import {
  addRow,
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
import type { TrafficLedger } from './metrics/traffic-ledger.ts';

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

  /** All figures of now; those of an endpoint are worked out when they are looked at. */
  read(): TrafficReading {
    const nowMs = this.#clock.nowMs();
    const oldest = this.#samples[0]!;
    const spans = { minute: nowMs - oldest.atMs, sinceStart: nowMs - this.#startedMs };
    const endpoints = new Map<number, TrafficView>();
    const models = new Map<string, Sums>();
    for (const [model, row] of this.#ledger.left())
      addRow(row, 0, sumsOf(models, model).sinceStart);
    // Many endpoints of a large fleet were never used: they share a view.
    const idle = new LazyView(newSums(), spans);
    let sinceStart = new Float64Array(METER_CELLS);
    for (const [slot, { modelName }] of this.#ledger.followed()) {
      this.#ledger.addSlot(slot, sinceStart.fill(0));
      if (sinceStart.every((cell) => cell === 0)) {
        sumsOf(models, modelName);
        endpoints.set(slot, idle);
        continue;
      }
      const sums = { minute: sinceThen(sinceStart, oldest.rows.get(slot)), sinceStart };
      const ofModel = sumsOf(models, modelName);
      addRow(sums.minute, 0, ofModel.minute);
      addRow(sinceStart, 0, ofModel.sinceStart);
      // What never got to an endpoint is the model's, wherever it is counted.
      for (const row of [sums.minute, sinceStart]) row.fill(0, UNPLACED, UNPLACED + 4);
      endpoints.set(slot, new LazyView(sums, spans));
      sinceStart = new Float64Array(METER_CELLS);
    }
    const fleet = newSums();
    for (const { minute, sinceStart } of models.values()) {
      addRow(minute, 0, fleet.minute);
      addRow(sinceStart, 0, fleet.sinceStart);
    }
    const views = [...models].map(([name, sums]) => [name, new LazyView(sums, spans)] as const);
    return {
      fleet: new LazyView(fleet, spans),
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

/** Most endpoints of most readings are not looked at. */
class LazyView implements TrafficView {
  readonly #sums: Sums;
  /** Milliseconds that the sums cover. */
  readonly #spans: Readonly<Record<keyof TrafficView, number>>;
  #minute: Traffic | undefined;
  #sinceStart: Traffic | undefined;

  constructor(sums: Sums, spans: Readonly<Record<keyof TrafficView, number>>) {
    this.#sums = sums;
    this.#spans = spans;
  }

  get minute(): Traffic {
    this.#minute ??= trafficOf(this.#sums.minute, this.#spans.minute / 1000);
    return this.#minute;
  }

  get sinceStart(): Traffic {
    this.#sinceStart ??= trafficOf(this.#sums.sinceStart, this.#spans.sinceStart / 1000);
    return this.#sinceStart;
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
  const added = new Float64Array(now.length);
  for (let at = 0; at < now.length; at++) {
    added[at] = then === undefined ? now[at]! : ((now[at]! >>> 0) - then[at]!) >>> 0;
  }
  return added;
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

const QUANTILES = [0.5, 0.9, 0.95, 0.99];

/**
 * The samples of nearest rank, from the buckets alone: a sum or a difference of histograms has no
 * least and greatest sample.
 */
function quantilesOf(histogram: Histogram, unitsPerMs: number): Quantiles | null {
  const { scale } = histogram;
  let count = 0;
  for (let at = 0; at < scale.bucketCount; at++) count += histogram.at(at);
  if (count === 0) return null;
  const values: number[] = [];
  let seen = 0;
  for (let at = 0; values.length < QUANTILES.length; at++) {
    seen += histogram.at(at);
    while (values.length < QUANTILES.length && seen >= QUANTILES[values.length]! * count) {
      values.push(scale.middle(at) / unitsPerMs);
    }
  }
  const [p50, p90, p95, p99] = values as [number, number, number, number];
  return { count, p50, p90, p95, p99 };
}
