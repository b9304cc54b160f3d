/**
 * The StatusSnapshot: one reading of the whole router for its dashboards. Invariant: it only
 * reads, and a worker that counts on meanwhile makes sums that are off by a few, never negative.
 */

import type { EndpointSpec } from '../core/endpoint.ts';
import { totalOf } from '../state/reader.ts';
import {
  GAUGE_CONNECTIONS,
  GAUGE_EXCHANGES,
  GAUGE_QUEUED,
  TOTAL_CLIENT_ERRORS,
  TOTAL_CLIENT_GONE,
  TOTAL_OK,
  TOTAL_REJECTED,
  TOTAL_REQUESTS,
  TOTAL_RETRIES,
  TOTAL_SERVER_ERRORS,
} from '../state/totals.ts';
import {
  type EndpointFacts,
  endpointRow,
  latencyOf,
  type Moment,
  overheadOf,
} from './endpoint-row.ts';
import type { FleetChange } from './fleet.ts';
import { memoryInUseBytes } from './memory-in-use.ts';
import { problemsOf } from './problems.ts';
import type {
  ConfigStatus,
  EndpointRow,
  ModelRow,
  RouterStatus,
  SourceRow,
  StatusSnapshot,
  TrafficStatus,
} from './status.ts';
import type { TotalsRates } from './totals-rates.ts';
import type { TrafficReading, TrafficView } from './traffic-stats.ts';

/** What does not change while the router runs. */
export type RouterFacts = Pick<
  RouterStatus,
  'version' | 'pid' | 'runtime' | 'workers' | 'started_at_ms'
>;

export interface SnapshotSources extends EndpointFacts {
  readonly totals: readonly Float64Array[];
  readonly router: RouterFacts;
  readonly rates: TotalsRates;
  readonly config: ConfigNotes;
  endpoints(): readonly EndpointSpec[];
  /** The traffic of this moment. */
  readonly reading: TrafficReading;
  /** `routing.strategy`. */
  strategy(): string;
  /** `dashboard.refresh_interval`, in milliseconds. */
  refreshIntervalMs(): number;
  epoch(): number;
}

/** `before`: rows that did not change since then are kept, the same objects. */
export function statusSnapshot(
  sources: SnapshotSources,
  before: StatusSnapshot | undefined,
  moment: Moment,
): StatusSnapshot {
  const { reading } = sources;
  const endpoints = sources.endpoints().map((spec, index) => {
    const row = endpointRow(sources, spec, moment, reading.endpoints.get(spec.slot));
    const known = before?.endpoints[index];
    return known !== undefined && hasSameFields(known, row) ? known : row;
  });
  const models = grouped(endpoints, (row) => row.model).map(([model, rows]) =>
    modelRow(model, rows, reading.models.get(model)),
  );
  const traffic = trafficOf(sources);
  const config = sources.config.status;
  const nowAtMs = Math.round(moment.nowMs + moment.wallOffsetMs);
  return {
    seq: before === undefined ? 0 : before.seq + 1,
    now_at_ms: nowAtMs,
    router: {
      ...sources.router,
      strategy: sources.strategy(),
      refresh_interval_ms: sources.refreshIntervalMs(),
      epoch: sources.epoch(),
      memory_bytes: memoryInUseBytes(),
    },
    traffic,
    problems: problemsOf({ endpoints, models, traffic, config, nowAtMs }),
    sources: grouped(endpoints, (row) => row.source).map(sourceRow),
    models,
    endpoints,
    config,
  };
}

/**
 * Thousands of rows a second that live until the next would all be moved to the old part of the
 * heap, where they cost most; those that are thrown away at once cost next to nothing.
 */
function hasSameFields(known: EndpointRow, row: EndpointRow): boolean {
  for (const key in row) {
    if (row[key as keyof EndpointRow] !== known[key as keyof EndpointRow]) return false;
  }
  return true;
}

function trafficOf({ totals, rates, reading }: SnapshotSources): TrafficStatus {
  const of = (index: number) => totalOf(totals, index);
  return {
    requests: of(TOTAL_REQUESTS),
    ok: of(TOTAL_OK),
    client_errors: of(TOTAL_CLIENT_ERRORS),
    server_errors: of(TOTAL_SERVER_ERRORS),
    client_gone: of(TOTAL_CLIENT_GONE),
    rejected_heads: of(TOTAL_REJECTED),
    retries: of(TOTAL_RETRIES),
    client_connections: of(GAUGE_CONNECTIONS),
    in_flight: of(GAUGE_EXCHANGES),
    queued: of(GAUGE_QUEUED),
    requests_per_s: rates.requestsPerSecond(),
    error_ratio: rates.errorRatio(),
    overhead_p99_ms: overheadOf(reading.overhead.minute),
    ...latencyOf(reading.fleet.minute),
  };
}

function grouped(
  rows: readonly EndpointRow[],
  keyOf: (row: EndpointRow) => string,
): [string, EndpointRow[]][] {
  const groups = new Map<string, EndpointRow[]>();
  for (const row of rows) {
    const group = groups.get(keyOf(row));
    if (group === undefined) groups.set(keyOf(row), [row]);
    else group.push(row);
  }
  return [...groups];
}

function sum(rows: readonly EndpointRow[], of: (row: EndpointRow) => number | null): number {
  return rows.reduce((all, row) => all + (of(row) ?? 0), 0);
}

function shared(rows: readonly EndpointRow[]) {
  return {
    total: rows.length,
    healthy: rows.filter(isServing).length,
    connections: sum(rows, (row) => row.connections),
    pending: sum(rows, (row) => row.pending),
    send_rpm: sum(rows, (row) => row.send_rpm),
    comp_rpm: sum(rows, (row) => row.comp_rpm),
    running: sum(rows, (row) => row.running),
    waiting: sum(rows, (row) => row.waiting),
    completed: sum(rows, (row) => row.completed),
  };
}

function sourceRow([source, rows]: [string, readonly EndpointRow[]]): SourceRow {
  return { source, ...shared(rows) };
}

function modelRow(model: string, rows: readonly EndpointRow[], view?: TrafficView): ModelRow {
  const errors = sum(rows, (row) => row.errors_rpm);
  return { model, ...shared(rows), errors_rpm: errors, ...latencyOf(view?.minute) };
}

/** A pause that an endpoint asked for is not an illness. */
function isServing({ state }: EndpointRow): boolean {
  return state === 'healthy' || state === 'busy';
}

/** What the last reloads said, kept for the dashboards. */
export class ConfigNotes {
  status: ConfigStatus = { problems: [], left_out: [], last_change: null };

  note(change: FleetChange, atMs: number): void {
    const { epoch, published, added, removed, changed, rejected, problems } = change;
    const last = published ? { at_ms: atMs, epoch, added, removed, changed } : undefined;
    this.status = {
      problems,
      left_out: rejected,
      last_change: last ?? this.status.last_change,
    };
  }

  /** What a reload said, also when it was refused or changed no endpoint. */
  noteProblems(problems: readonly string[]): void {
    this.status = { ...this.status, problems };
  }
}
