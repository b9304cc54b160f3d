/**
 * What the charts show: the numbers of every second, kept in memory as rings of four ranges with a
 * rising step. Invariants: memory is bounded by the endpoints and models of the last quarter of an
 * hour (26 KB each, a fifth of it where nothing happens); what was unknown stays NaN, never 0; all
 * series share one time axis for each range.
 */
import type {
  EndpointRow,
  ModelRow,
  Series,
  SeriesMetric,
  SeriesRange,
  StatusSnapshot,
} from './status.ts';

interface Tier {
  readonly range: SeriesRange;
  /** Seconds that one point stands for, and how many points are kept. */
  readonly step: number;
  readonly points: number;
}

const TIERS: readonly Tier[] = [
  { range: '2m', step: 1, points: 120 },
  { range: '15m', step: 5, points: 180 },
  { range: '6h', step: 180, points: 120 },
  { range: '7d', step: 7200, points: 84 },
];

export const SERIES_METRICS: readonly SeriesMetric[] = [
  'send_rpm',
  'comp_rpm',
  'running',
  'waiting',
  'connections',
  'pending',
  'errors_rpm',
  'retries_rpm',
  'ttft_p95_ms',
  'tokens_per_s',
  'kv_usage',
  'healthy',
  'total',
];
const METRICS = SERIES_METRICS.length;
const METRIC_INDEXES = SERIES_METRICS.map((_, index) => index);
/** A series that was not fed for so long is forgotten. */
const FORGET_AFTER = 900;

type Values = Readonly<Partial<Record<SeriesMetric, number | null>>>;

/**
 * One metric's points of a tier. Most of them are the same for hours (0 requests, no KV cache), so
 * a ring is a single number until two points differ.
 */
class Ring {
  readonly #points: number;
  #values: Float32Array | undefined;
  #same = Number.NaN;
  #isEmpty = true;

  constructor(points: number) {
    this.#points = points;
  }

  set(at: number, value: number): void {
    const stored = Math.fround(value);
    if (this.#isEmpty) this.#same = stored;
    else if (this.#values === undefined && !Object.is(this.#same, stored)) {
      this.#values = new Float32Array(this.#points).fill(this.#same);
    }
    this.#isEmpty = false;
    if (this.#values !== undefined) this.#values[at] = stored;
  }

  at(index: number): number {
    return this.#values === undefined ? this.#same : this.#values[index]!;
  }
}

/** One scope's numbers in all tiers. */
class Rings {
  /** By tier, then by metric. */
  readonly #values = TIERS.map(({ points }) => METRIC_INDEXES.map(() => new Ring(points)));
  /** What the unfinished points have gathered: by tier, then by metric. */
  readonly #sums = new Float64Array(TIERS.length * METRICS);
  readonly #counts = new Int32Array(TIERS.length * METRICS);
  /** By tier: points that were made before it came; those are not known. */
  readonly #bornAt: readonly number[];
  fedAt = 0;

  constructor(made: readonly number[]) {
    this.#bornAt = [...made];
  }

  take(values: Values, second: number): void {
    this.fedAt = second;
    for (let metric = 0; metric < METRICS; metric++) {
      const value = values[SERIES_METRICS[metric]!] ?? null;
      if (value === null) continue;
      for (let cell = metric; cell < this.#sums.length; cell += METRICS) {
        this.#sums[cell]! += value;
        this.#counts[cell]! += 1;
      }
    }
  }

  /** Ends a tier's point and begins the next. */
  close(tier: number, at: number): void {
    for (let metric = 0; metric < METRICS; metric++) {
      const cell = tier * METRICS + metric;
      this.#values[tier]![metric]!.set(at, this.#sums[cell]! / this.#counts[cell]!);
      this.#sums[cell] = 0;
      this.#counts[cell] = 0;
    }
  }

  /** The point of that number, counted from the start of the process. */
  valueOf(tier: number, metric: number, number: number): number {
    if (number < this.#bornAt[tier]!) return Number.NaN;
    return this.#values[tier]![metric]!.at(number % TIERS[tier]!.points);
  }
}

export class History {
  readonly #models = new Map<string, Rings>();
  readonly #endpoints = new Map<string, Rings>();
  /** By tier: when each point ended, and how many were ever made. */
  readonly #times = TIERS.map(({ points }) => new Float64Array(points));
  readonly #made = TIERS.map(() => 0);
  readonly #overall = new Rings(this.#made);
  #second = 0;

  /** Takes a reading in; to be called once a second. */
  take(status: StatusSnapshot, retriesRpm: number): void {
    this.#second++;
    this.#overall.take(overallValues(status, retriesRpm), this.#second);
    for (const row of status.models) {
      this.#ringsOf(this.#models, row.model).take(modelValues(row), this.#second);
    }
    for (const row of status.endpoints) {
      this.#ringsOf(this.#endpoints, row.id).take(endpointValues(row), this.#second);
    }
    for (let tier = 0; tier < TIERS.length; tier++) {
      if (this.#second % TIERS[tier]!.step === 0) this.#close(tier, status.now_at_ms);
    }
    if (this.#second % FORGET_AFTER === 0) this.#forget();
  }

  /** Times and values of one range, the oldest first; at most `limit` series of a scope. */
  series(range: SeriesRange, metrics: readonly SeriesMetric[], scope: SeriesScope): SeriesPart {
    const tier = TIERS.findIndex((one) => one.range === range);
    const { points, step } = TIERS[tier]!;
    const made = this.#made[tier]!;
    const length = Math.min(made, points);
    const numbers = Array.from({ length }, (_, index) => made - length + index);
    const rows = metrics.map((metric) => SERIES_METRICS.indexOf(metric));
    return {
      step_ms: step * 1000,
      times_at_ms: numbers.map((number) => this.#times[tier]![number % points]!),
      series: this.#scoped(scope).map(([name, rings]): Series => {
        const values = rows.map((row) =>
          numbers.map((number) => shortened(rings.valueOf(tier, row, number))),
        );
        return { name, values };
      }),
    };
  }

  #scoped({ by, names }: SeriesScope): [string, Rings][] {
    if (by === 'overview') return [['', this.#overall]];
    const all = by === 'model' ? this.#models : this.#endpoints;
    if (names === undefined) return [...all];
    return names.flatMap((name): [string, Rings][] => {
      const rings = all.get(name);
      return rings === undefined ? [] : [[name, rings]];
    });
  }

  #ringsOf(all: Map<string, Rings>, name: string): Rings {
    let rings = all.get(name);
    if (rings === undefined) {
      rings = new Rings(this.#made);
      all.set(name, rings);
    }
    return rings;
  }

  #close(tier: number, nowAtMs: number): void {
    const at = this.#made[tier]! % TIERS[tier]!.points;
    this.#made[tier]!++;
    this.#times[tier]![at] = nowAtMs;
    this.#overall.close(tier, at);
    for (const rings of this.#models.values()) rings.close(tier, at);
    for (const rings of this.#endpoints.values()) rings.close(tier, at);
  }

  #forget(): void {
    for (const all of [this.#models, this.#endpoints]) {
      for (const [name, rings] of all) {
        if (this.#second - rings.fedAt >= FORGET_AFTER) all.delete(name);
      }
    }
  }
}

export interface SeriesScope {
  readonly by: 'overview' | 'model' | 'endpoint';
  /** Which models or endpoints; default: all. */
  readonly names?: readonly string[] | undefined;
}

interface SeriesPart {
  readonly step_ms: number;
  readonly times_at_ms: readonly number[];
  readonly series: readonly Series[];
}

/** null for unknown; three digits are more than a chart can show. */
function shortened(value: number): number | null {
  return Number.isNaN(value) ? null : Math.round(value * 1000) / 1000;
}

function endpointValues(row: EndpointRow): Values {
  const { completion_tokens_per_s: tokens_per_s } = row;
  const healthy = row.state === 'healthy' || row.state === 'busy' ? 1 : 0;
  return { ...row, tokens_per_s, healthy, total: 1 };
}

function modelValues(row: ModelRow): Values {
  return { ...row, tokens_per_s: row.completion_tokens_per_s };
}

function overallValues({ sources, models, traffic }: StatusSnapshot, retriesRpm: number): Values {
  const sum = (of: (row: (typeof sources)[number]) => number) =>
    sources.reduce((all, row) => all + of(row), 0);
  return {
    send_rpm: sum((row) => row.send_rpm),
    comp_rpm: sum((row) => row.comp_rpm),
    running: sum((row) => row.running),
    waiting: sum((row) => row.waiting),
    connections: sum((row) => row.connections),
    pending: sum((row) => row.pending),
    errors_rpm: models.reduce((all, row) => all + row.errors_rpm, 0),
    retries_rpm: retriesRpm,
    ttft_p95_ms: traffic.ttft_p95_ms,
    tokens_per_s: traffic.completion_tokens_per_s,
    healthy: sum((row) => row.healthy),
    total: sum((row) => row.total),
  };
}
