/**
 * The body of `/api/dashboard`, in the shape that scripts written for the reference read: system,
 * requests, one row per source type, per model and per endpoint; null where nothing is known.
 */

import type { Clock } from '../core/clock.ts';
import type { Columns } from '../core/columns.ts';
import type { EndpointSpec } from '../core/endpoint.ts';
import { sumOf, totalOf } from '../state/reader.ts';
import { GAUGE_EXCHANGES, TOTAL_OK, TOTAL_REQUESTS } from '../state/totals.ts';
import type { EngineReport } from './dialects/dialect.ts';
import { memoryInUseBytes } from './memory-in-use.ts';
import type { RpmMeter } from './rpm-meter.ts';
import type { Health } from './status.ts';

export interface DashboardSources {
  readonly columns: Columns;
  readonly totals: readonly Float64Array[];
  readonly clock: Clock;
  readonly startedMs: number;
  readonly rpm: RpmMeter;
  endpoints(): readonly EndpointSpec[];
  reportOf(slot: number): EngineReport | undefined;
  /** What its model list says; '' = nothing. */
  engineOf(slot: number): string;
  healthOf(slot: number): Health;
}

type Row = ReturnType<typeof backendRow>;

export function dashboardJson(sources: DashboardSources): object {
  const rows = sources.endpoints().map((endpoint) => backendRow(sources, endpoint));
  const total = totalOf(sources.totals, TOTAL_REQUESTS);
  const success = totalOf(sources.totals, TOTAL_OK);
  // Workers count on while this reads, so the sum may be off by a few, but never below zero.
  const failures = Math.max(0, total - success - totalOf(sources.totals, GAUGE_EXCHANGES));
  const ended = success + failures;
  return {
    system: {
      uptime: Math.round((sources.clock.nowMs() - sources.startedMs) / 1000),
      goroutines: sources.totals.length + 1,
      memory_mb: Math.round(memoryInUseBytes() / 1024 / 1024),
      time: new Date().toISOString(),
    },
    requests: { total, success, failures, success_rate: ended === 0 ? null : success / ended },
    summary: grouped(rows, (row) => row.source_type).map(([name, group]) =>
      summaryRow(name, group),
    ),
    models: grouped(rows, (row) => row.model_name).map(([name, group]) => modelRow(name, group)),
    backends: rows,
  };
}

function backendRow(sources: DashboardSources, endpoint: EndpointSpec) {
  const { columns, rpm } = sources;
  const { slot } = endpoint;
  const report = sources.reportOf(slot);
  const known = (value: number): number | null => (value >= 0 ? value : null);
  return {
    id: endpoint.id,
    model_name: endpoint.modelName,
    healthy: sources.healthOf(slot) === 'well',
    engine: report?.engine ?? (sources.engineOf(slot) || null),
    source_type: endpoint.sourceType,
    connections: sumOf(columns, 'inFlight', slot),
    pending: sumOf(columns, 'pending', slot),
    send_rpm: rpm.sendRpm(slot),
    comp_rpm: rpm.completionRpm(slot),
    rpm_limit: endpoint.rpmLimit === 0 ? null : endpoint.rpmLimit,
    running: known(columns.control.running[slot]!),
    waiting: known(columns.control.waiting[slot]!),
    gpu_cache: known(columns.control.kvUsage[slot]!),
    prompt_tokens: known(report?.promptTokens ?? -1),
    generation_tokens: known(report?.generationTokens ?? -1),
    total_requests: sumOf(columns, 'sent', slot),
    completed: sumOf(columns, 'ok', slot),
  };
}

function grouped(rows: readonly Row[], keyOf: (row: Row) => string): [string, Row[]][] {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const group = groups.get(keyOf(row));
    if (group === undefined) groups.set(keyOf(row), [row]);
    else group.push(row);
  }
  return [...groups];
}

function sum(rows: readonly Row[], of: (row: Row) => number | null): number {
  return rows.reduce((all, row) => all + (of(row) ?? 0), 0);
}

function summaryRow(name: string, rows: readonly Row[]): object {
  return {
    source_type: name,
    total: rows.length,
    healthy: rows.filter((row) => row.healthy).length,
    total_conns: sum(rows, (row) => row.connections),
    total_pending: sum(rows, (row) => row.pending),
    total_send_rpm: sum(rows, (row) => row.send_rpm),
    total_comp_rpm: sum(rows, (row) => row.comp_rpm),
    total_running: sum(rows, (row) => row.running),
    total_waiting: sum(rows, (row) => row.waiting),
    total_completed: sum(rows, (row) => row.completed),
  };
}

function modelRow(name: string, rows: readonly Row[]): object {
  return {
    name,
    healthy: rows.filter((row) => row.healthy).length,
    total: rows.length,
    running: sum(rows, (row) => row.running),
    waiting: sum(rows, (row) => row.waiting),
    comp_rpm: sum(rows, (row) => row.comp_rpm),
    total_completed: sum(rows, (row) => row.completed),
  };
}
