/** One endpoint as the dashboards show it: read from the columns and from who watches it. */
import type { Columns } from '../core/columns.ts';
import type { EndpointSpec } from '../core/endpoint.ts';
import { used } from '../core/rate-window.ts';
import { sumOf } from '../state/reader.ts';
import type { EngineReport } from './dialects/dialect.ts';
import type { HealthReport } from './endpoint-state.ts';
import type { RpmMeter } from './rpm-meter.ts';
import type { EndpointRow, LatencyStatus } from './status.ts';
import type { Quantiles, Traffic, TrafficView } from './traffic-stats.ts';

/** What the watchers of an endpoint know; asked by slot. Times are on the Clock's scale. */
export interface EndpointFacts {
  readonly columns: Columns;
  readonly rpm: Pick<RpmMeter, 'sendRpm' | 'completionRpm' | 'failureRpm'>;
  reportOf(slot: number): EngineReport | undefined;
  /** The engine that its model list names; '' = none. */
  engineOf(slot: number): string;
  stateOf(spec: EndpointSpec): HealthReport;
}

/** An engine's report counts for so long (ENGINES: collectors stop when an engine hangs). */
const STALE_MS = 10_000;

/** For endpoints and models of which nothing is known yet. */
export const NO_LATENCY: LatencyStatus = {
  ttft_p50_ms: null,
  ttft_p95_ms: null,
  itl_p95_ms: null,
  total_p95_ms: null,
  prompt_tokens_per_s: null,
  completion_tokens_per_s: null,
};

/** The figures of the last minute; what nobody measured stays null. */
export function latencyOf(traffic: Traffic | undefined): LatencyStatus {
  if (traffic === undefined) return NO_LATENCY;
  return {
    ttft_p50_ms: tenths(traffic.ttft?.p50),
    ttft_p95_ms: tenths(traffic.ttft?.p95),
    itl_p95_ms: tenths(traffic.gap?.p95),
    total_p95_ms: tenths(traffic.total?.p95),
    prompt_tokens_per_s: tenths(traffic.tokensInPerSecond),
    completion_tokens_per_s: tenths(traffic.tokensOutPerSecond),
  };
}

export function overheadOf(overhead: Quantiles | null): number | null {
  return overhead === null ? null : Math.round(overhead.p99 * 1e3) / 1e3;
}

export interface Moment {
  readonly nowMs: number;
  /** Add to a time of the Clock to have a time of the wall clock. */
  readonly wallOffsetMs: number;
}

export function endpointRow(
  facts: EndpointFacts,
  spec: EndpointSpec,
  moment: Moment,
  view?: TrafficView,
): EndpointRow {
  const { columns, rpm } = facts;
  const { slot } = spec;
  const { control } = columns;
  const { state, reason, detail, since_at_ms } = facts.stateOf(spec);
  const report = facts.reportOf(slot);
  const reportAtMs = control.reportAtMs[slot]!;
  return {
    id: spec.id,
    model: spec.modelName,
    api_base: spec.apiBase,
    source: spec.sourceType,
    engine: report?.engine ?? (facts.engineOf(slot) || null),
    state,
    reason: reason === 'probe_ok' ? '' : detail,
    since_at_ms,
    weight: spec.weight,
    rpm_limit: spec.rpmLimit === 0 ? null : spec.rpmLimit,
    rpm_used: spec.rpmLimit === 0 ? null : used(columns.shared.rate, slot, moment.nowMs),
    connections: sumOf(columns, 'inFlight', slot),
    pending: sumOf(columns, 'pending', slot),
    send_rpm: rpm.sendRpm(slot),
    comp_rpm: rpm.completionRpm(slot),
    errors_rpm: rpm.failureRpm(slot),
    running: known(control.running[slot]!),
    waiting: known(control.waiting[slot]!),
    kv_usage: rounded(known(control.kvUsage[slot]!)),
    prompt_tokens: known(report?.promptTokens ?? -1),
    generation_tokens: known(report?.generationTokens ?? -1),
    report_stale: reportAtMs > 0 && moment.nowMs - reportAtMs > STALE_MS,
    total_requests: sumOf(columns, 'sent', slot),
    completed: sumOf(columns, 'ok', slot),
    failed_connect: sumOf(columns, 'failedConnect', slot),
    failed_status: sumOf(columns, 'failedStatus', slot),
    failed_stream: sumOf(columns, 'failedStream', slot),
    failed_timeout: sumOf(columns, 'failedTimeout', slot),
    busy: sumOf(columns, 'busy', slot),
    client_gone: sumOf(columns, 'ignored', slot),
    retries: view?.sinceStart.retries ?? null,
    ...latencyOf(view?.minute),
  };
}

/** Negative and NaN mean that nobody knows. */
function known(value: number): number | null {
  return value >= 0 ? value : null;
}

function tenths(value: number | null | undefined): number | null {
  return value === null || value === undefined ? null : Math.round(value * 10) / 10;
}

/** Four digits are what a percentage shows; more would only make deltas larger. */
function rounded(value: number | null): number | null {
  return value === null ? null : Math.round(value * 1e4) / 1e4;
}
