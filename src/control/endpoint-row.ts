/** One endpoint as the dashboards show it: read from the columns and from who watches it. */
import {
  ADMITTING,
  availabilityOf,
  BUSY,
  DOWN,
  DRAINING,
  EJECTED,
  PROBE_DUE,
  UNCHECKED,
} from '../core/availability.ts';
import type { Columns } from '../core/columns.ts';
import type { EndpointSpec } from '../core/endpoint.ts';
import { sumOf } from '../state/reader.ts';
import type { EngineReport } from './dialects/dialect.ts';
import type { RpmMeter } from './rpm-meter.ts';
import type { EndpointRow, EndpointState, LatencyStatus } from './status.ts';

/** What the watchers of an endpoint know; asked by slot. Times are on the Clock's scale. */
export interface EndpointFacts {
  readonly columns: Columns;
  readonly rpm: Pick<RpmMeter, 'sendRpm' | 'completionRpm' | 'failureRpm'>;
  reportOf(slot: number): EngineReport | undefined;
  /** Why it is not up, or its last probe failed; '' = all is well. */
  reasonOf(slot: number): string;
  /** Since when it has its probe state; 0 = unknown. */
  sinceOf(slot: number): number;
}

/** An engine's report counts for so long (ENGINES: collectors stop when an engine hangs). */
const STALE_MS = 10_000;

const STATES: readonly EndpointState[] = (() => {
  const states: EndpointState[] = [];
  states[ADMITTING] = 'healthy';
  states[PROBE_DUE] = 'probing';
  states[EJECTED] = 'ejected';
  states[BUSY] = 'busy';
  states[DOWN] = 'down';
  states[UNCHECKED] = 'unchecked';
  states[DRAINING] = 'draining';
  return states;
})();

export const NO_LATENCY: LatencyStatus = {
  ttft_p50_ms: null,
  ttft_p95_ms: null,
  itl_p95_ms: null,
  total_p95_ms: null,
  prompt_tokens_per_s: null,
  completion_tokens_per_s: null,
};

export interface Moment {
  readonly nowMs: number;
  /** Add to a time of the Clock to have a time of the wall clock. */
  readonly wallOffsetMs: number;
}

function stateOf(columns: Columns, slot: number, nowMs: number): EndpointState {
  return STATES[availabilityOf(columns, slot, nowMs)]!;
}

export function endpointRow(facts: EndpointFacts, spec: EndpointSpec, moment: Moment): EndpointRow {
  const { columns, rpm } = facts;
  const { slot } = spec;
  const { control } = columns;
  const { nowMs, wallOffsetMs } = moment;
  const state = stateOf(columns, slot, nowMs);
  const report = facts.reportOf(slot);
  const reportAtMs = control.reportAtMs[slot]!;
  const sinceMs = facts.sinceOf(slot);
  return {
    id: spec.id,
    model: spec.modelName,
    api_base: spec.apiBase,
    source: spec.sourceType,
    engine: report?.engine ?? null,
    state,
    reason: facts.reasonOf(slot),
    since_at_ms: sinceMs === 0 ? null : Math.round(sinceMs + wallOffsetMs),
    weight: spec.weight,
    rpm_limit: spec.rpmLimit === 0 ? null : spec.rpmLimit,
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
    report_stale: reportAtMs > 0 && nowMs - reportAtMs > STALE_MS,
    total_requests: sumOf(columns, 'sent', slot),
    completed: sumOf(columns, 'ok', slot),
    failed_connect: sumOf(columns, 'failedConnect', slot),
    failed_status: sumOf(columns, 'failedStatus', slot),
    failed_stream: sumOf(columns, 'failedStream', slot),
    failed_timeout: sumOf(columns, 'failedTimeout', slot),
    busy: sumOf(columns, 'busy', slot),
    client_gone: sumOf(columns, 'ignored', slot),
    retries: null,
    ...NO_LATENCY,
  };
}

/** Negative and NaN mean that nobody knows. */
function known(value: number): number | null {
  return value >= 0 ? value : null;
}

/** Four digits are what a percentage shows; more would only make deltas larger. */
function rounded(value: number | null): number | null {
  return value === null ? null : Math.round(value * 1e4) / 1e4;
}
