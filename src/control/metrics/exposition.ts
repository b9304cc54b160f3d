/**
 * The body of `/metrics`, made from shared memory and what the control plane knows: no worker is
 * asked for anything. Each function writes the families of one group of the metric table.
 */
import { ADMITTING, availabilityOf, PROBE_DUE } from '../../core/availability.ts';
import type { Clock } from '../../core/clock.ts';
import type { Columns } from '../../core/columns.ts';
import type { EndpointSpec } from '../../core/endpoint.ts';
import { ERRORS } from '../../core/errors.ts';
import { used } from '../../core/rate-window.ts';
import {
  BUDGET,
  CLIENT_BYTES_IN,
  CLIENT_BYTES_OUT,
  EJECTIONS,
  ENDED,
  ENDINGS,
  ERROR_CODES,
  EVENT_GAP,
  FINE_UNITS_PER_MS,
  KEY_PLACES,
  LATENCY_UNITS_PER_MS,
  LOOP_DELAY,
  OVERHEAD,
  OWN_ERRORS,
  OWN_KEYS,
  OWN_RETRIES,
  QUEUE_WAIT,
  REPEATS,
  slotHistogram,
  TOKENS_CACHED,
  TOKENS_IN,
  TOKENS_OUT,
  TOTAL,
  TTFB,
  TTFT,
  UNPLACED,
  WITH_USAGE,
  WORKER_CELLS,
  type WorkerMeters,
  workerHistogram,
} from '../../state/meters.ts';
import { type SummedColumn, sumOf, totalOf } from '../../state/reader.ts';
import {
  GAUGE_CONNECTIONS,
  GAUGE_EXCHANGES,
  GAUGE_QUEUED,
  TOTAL_BODIES_DROPPED,
  TOTAL_REJECTED,
  TOTAL_REQUESTS,
} from '../../state/totals.ts';
import type { ConfigStatus } from '../status.ts';
import {
  ENDPOINT_METRICS,
  LATENCY_METRICS,
  type Metric,
  PROCESS_METRICS,
  REQUEST_METRICS,
} from './metric-table.ts';
import {
  type Buckets,
  labelsOf,
  MetricsPage,
  OPENMETRICS_TYPE,
  PROMETHEUS_TYPE,
  wantsOpenMetrics,
} from './metrics-page.ts';
import type { ProcessFacts } from './process-facts.ts';
import { type FleetSeries, fleetSeries, type LabelSeries } from './series.ts';
import type { TrafficLedger } from './traffic-ledger.ts';

export interface MetricsSources {
  readonly columns: Columns;
  readonly totals: readonly Float64Array[];
  readonly meters: readonly WorkerMeters[];
  readonly clock: Clock;
  readonly ledger: TrafficLedger;
  readonly version: string;
  readonly runtime: string;
  /** Names of client keys by their place among the counts (control/key-places). */
  keyNames(): readonly string[];
  endpoints(): readonly EndpointSpec[];
  epoch(): number;
  adoptedEpoch(): number;
  config(): ConfigStatus;
  /** The endpoint's state in one word. */
  stateOf(endpoint: EndpointSpec): string;
}

export interface MetricsText {
  readonly type: string;
  readonly body: string;
}

/** 1 ms … 17 min, and for what is measured in microseconds 64 µs … 67 s. */
const LATENCY: Buckets = { from: 4, to: 24, unitsPerSecond: LATENCY_UNITS_PER_MS * 1000 };
const FINE: Buckets = { from: 6, to: 24, unitsPerSecond: FINE_UNITS_PER_MS * 1000 };

/** `accept`: the header of the scrape, '' = none. */
export function metricsText(
  sources: MetricsSources,
  facts: ProcessFacts,
  accept: string,
): MetricsText {
  const openMetrics = wantsOpenMetrics(accept);
  const page = new MetricsPage(openMetrics);
  sources.ledger.follow(sources.endpoints());
  const series = fleetSeries(sources.ledger);
  const own = new Float64Array(WORKER_CELLS);
  sources.ledger.addOwn(own);
  writeRequests(page, sources, series, own);
  writeLatencies(page, series, own);
  writeEndpoints(page, sources, series);
  writeEngines(page, sources, series);
  writeRouter(page, sources, series);
  writeProcess(page, facts);
  return { type: openMetrics ? OPENMETRICS_TYPE : PROMETHEUS_TYPE, body: page.text() };
}

function single(page: MetricsPage, metric: Metric, value: number | undefined): void {
  page.begin(metric);
  if (value !== undefined) page.add('', value);
}

function writeRequests(
  page: MetricsPage,
  { totals, keyNames }: MetricsSources,
  { models, endpoints }: FleetSeries,
  own: Float64Array,
): void {
  const metrics = REQUEST_METRICS;
  page.begin(metrics.ended);
  writeEndings(page, endpoints, ENDED, '');
  writeEndings(page, models, UNPLACED, ',endpoint="none"');
  writeKeys(page, keyNames(), own);
  const gauge = (metric: Metric, index: number) => single(page, metric, totalOf(totals, index));
  gauge(metrics.started, TOTAL_REQUESTS);
  gauge(metrics.inProgress, GAUGE_EXCHANGES);
  gauge(metrics.queued, GAUGE_QUEUED);
  page.begin(metrics.queueWait);
  page.histogram('', workerHistogram(own, QUEUE_WAIT), FINE);
  page.begin(metrics.errors);
  for (const [index, code] of ERROR_CODES.entries()) {
    page.add(`code="${code}"`, own[OWN_ERRORS + index]!);
  }
  page.begin(metrics.retries);
  for (const [index, code] of ERROR_CODES.entries()) {
    if (ERRORS[code].retry === 'never') continue;
    page.add(`reason="${code}"`, own[OWN_RETRIES + index]!);
  }
  page.begin(metrics.budget);
  for (const { labels, row } of models) page.add(labels, row[BUDGET]!);
  gauge(metrics.rejected, TOTAL_REJECTED);
  gauge(metrics.bodiesDropped, TOTAL_BODIES_DROPPED);
  gauge(metrics.connections, GAUGE_CONNECTIONS);
  single(page, metrics.bytesIn, own[CLIENT_BYTES_IN]!);
  single(page, metrics.bytesOut, own[CLIENT_BYTES_OUT]!);
}

/** Names of keys have no characters that a label must escape. */
function writeKeys(page: MetricsPage, names: readonly string[], own: Float64Array): void {
  page.begin(REQUEST_METRICS.byKey);
  for (let place = 0; place < KEY_PLACES; place++) {
    const at = OWN_KEYS + place * ENDINGS.length;
    const isOther = place === KEY_PLACES - 1;
    if (isOther ? own[at] === 0 : place >= names.length) continue;
    const name = isOther ? 'other keys' : names[place];
    for (const [index, ending] of ENDINGS.entries()) {
      page.add(`key="${name}",class="${ending}"`, own[at + index]!);
    }
  }
}

function writeEndings(
  page: MetricsPage,
  series: readonly LabelSeries[],
  from: number,
  more: string,
): void {
  for (const { labels, row } of series) {
    for (const [index, ending] of ENDINGS.entries()) {
      page.add(`${labels}${more},class="${ending}"`, row[from + index]!);
    }
  }
}

function writeLatencies(page: MetricsPage, { models }: FleetSeries, own: Float64Array): void {
  for (const [metric, kind] of [
    [LATENCY_METRICS.ttfb, TTFB],
    [LATENCY_METRICS.ttft, TTFT],
    [LATENCY_METRICS.gap, EVENT_GAP],
    [LATENCY_METRICS.total, TOTAL],
  ] as const) {
    page.begin(metric);
    for (const { labels, row } of models) {
      page.histogram(labels, slotHistogram(row, kind), LATENCY);
    }
  }
  page.begin(LATENCY_METRICS.overhead);
  page.histogram('', workerHistogram(own, OVERHEAD), FINE);
}

const OUTCOMES = {
  ok: 'ok',
  failed_connect: 'failedConnect',
  failed_status: 'failedStatus',
  failed_stream: 'failedStream',
  failed_timeout: 'failedTimeout',
  busy: 'busy',
  ignored: 'ignored',
} as const satisfies Record<string, SummedColumn>;

function writeEndpoints(page: MetricsPage, sources: MetricsSources, series: FleetSeries): void {
  const { columns } = sources;
  const metrics = ENDPOINT_METRICS;
  const total = (endpoints: readonly EndpointSpec[], column: SummedColumn) => {
    let sum = 0;
    for (const { slot } of endpoints) sum += sumOf(columns, column, slot);
    return sum;
  };
  page.begin(metrics.attempts);
  for (const { labels, endpoints } of series.endpoints) {
    for (const [outcome, column] of Object.entries(OUTCOMES)) {
      page.add(`${labels},outcome="${outcome}"`, total(endpoints, column));
    }
  }
  for (const [metric, column] of [
    [metrics.sent, 'sent'],
    [metrics.inFlight, 'inFlight'],
    [metrics.pending, 'pending'],
    [metrics.bytesUp, 'bytesUp'],
    [metrics.bytesDown, 'bytesDown'],
  ] as const) {
    page.begin(metric);
    for (const { labels, endpoints } of series.endpoints) {
      page.add(labels, total(endpoints, column));
    }
  }
  for (const [metric, cell] of [
    [metrics.repeats, REPEATS],
    [metrics.ejections, EJECTIONS],
    [metrics.tokensIn, TOKENS_IN],
    [metrics.tokensCached, TOKENS_CACHED],
    [metrics.tokensOut, TOKENS_OUT],
    [metrics.withUsage, WITH_USAGE],
  ] as const) {
    page.begin(metric);
    for (const { labels, row } of series.endpoints) page.add(labels, row[cell]!);
  }
  page.begin(metrics.ttft);
  for (const { labels, row } of series.endpoints) {
    const ttft = slotHistogram(row, TTFT);
    page.summary(labels, ttft.sum() / LATENCY.unitsPerSecond, ttft.count());
  }
  writeStates(page, sources, series);
}

function writeStates(page: MetricsPage, sources: MetricsSources, series: FleetSeries): void {
  const { columns, clock } = sources;
  const nowMs = clock.nowMs();
  const isOpen = ({ slot }: EndpointSpec) => {
    const availability = availabilityOf(columns, slot, nowMs);
    return availability === ADMITTING || availability === PROBE_DUE;
  };
  page.begin(ENDPOINT_METRICS.available);
  for (const { labels, endpoints } of series.endpoints) {
    page.add(labels, endpoints.filter(isOpen).length);
  }
  page.begin(ENDPOINT_METRICS.state);
  for (const { labels, endpoints } of series.endpoints) {
    const [only, ...others] = endpoints;
    if (others.length === 0) page.add(`${labels},state="${sources.stateOf(only!)}"`, 1);
  }
}

/** What is known of single endpoints; those that share "other" have no samples here. */
function writeEngines(page: MetricsPage, sources: MetricsSources, series: FleetSeries): void {
  const { shared, control } = sources.columns;
  const nowMs = sources.clock.nowMs();
  const each = (metric: Metric, known: (endpoint: EndpointSpec) => number) => {
    page.begin(metric);
    for (const { labels, endpoints } of series.endpoints) {
      const value = endpoints.length === 1 ? known(endpoints[0]!) : -1;
      if (value >= 0) page.add(labels, value);
    }
  };
  const { rpmUsed, rpmLimit, running, waiting, kvUsage } = ENDPOINT_METRICS;
  each(rpmUsed, ({ slot, rpmLimit: limit }) => (limit > 0 ? used(shared.rate, slot, nowMs) : -1));
  each(rpmLimit, ({ rpmLimit: limit }) => (limit > 0 ? limit : -1));
  each(running, ({ slot }) => control.running[slot]!);
  each(waiting, ({ slot }) => control.waiting[slot]!);
  each(kvUsage, ({ slot }) => control.kvUsage[slot]!);
}

function writeRouter(page: MetricsPage, sources: MetricsSources, series: FleetSeries): void {
  const metrics = PROCESS_METRICS;
  const { version, runtime, meters } = sources;
  const config = sources.config();
  page.begin(metrics.build);
  page.add(labelsOf({ version, runtime }), 1);
  page.begin(metrics.loopDelay);
  for (const [worker, { own }] of meters.entries()) {
    page.histogram(`worker="${worker}"`, workerHistogram(own, LOOP_DELAY), FINE);
  }
  single(page, metrics.workers, meters.length);
  single(page, metrics.epoch, sources.epoch());
  single(page, metrics.adoptedEpoch, sources.adoptedEpoch());
  const changedAtMs = config.last_change?.at_ms;
  single(page, metrics.changedAt, changedAtMs === undefined ? undefined : changedAtMs / 1000);
  const troubles = config.problems.length + config.left_out.length;
  single(page, metrics.reloadOk, troubles === 0 ? 1 : 0);
  single(page, metrics.problems, config.problems.length);
  single(page, metrics.leftOut, config.left_out.length);
  page.begin(metrics.folded);
  page.add('label="model"', series.foldedModels);
  page.add('label="endpoint"', series.foldedEndpoints);
}

function writeProcess(page: MetricsPage, facts: ProcessFacts): void {
  const metrics = PROCESS_METRICS;
  single(page, metrics.cpu, facts.cpuSeconds);
  single(page, metrics.startedAt, facts.startedAtSeconds);
  single(page, metrics.residentBytes, facts.residentBytes);
  single(page, metrics.openFds, facts.openFds);
  single(page, metrics.maxFds, facts.maxFds);
}
