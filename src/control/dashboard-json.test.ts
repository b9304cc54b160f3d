/** The shape that scripts written for the reference read: exactly its keys, null for unknown. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../core/clock.ts';
import { PROBE_DOWN, PROBE_UP } from '../core/columns.ts';
import { createFleetState } from '../state/layout.ts';
import { GAUGE_EXCHANGES, TOTAL_CLIENT_ERRORS, TOTAL_OK, TOTAL_REQUESTS } from '../state/totals.ts';
import { dashboardJson } from './dashboard-json.ts';
import type { EngineReport } from './dialects/dialect.ts';
import { healthOf } from './endpoint-state.ts';
import { endpointAt } from './fleet.fake.ts';
import { RpmMeter } from './rpm-meter.ts';

type Row = Record<string, unknown>;
interface Page {
  readonly system: Row;
  readonly requests: Row;
  readonly summary: readonly Row[];
  readonly models: readonly Row[];
  readonly backends: readonly Row[];
}

const VLLM: EngineReport = {
  engine: 'vllm',
  running: 3,
  waiting: 0,
  kvUsage: 0.25,
  kvUsageMax: 0.5,
  promptTokens: 100,
  generationTokens: -1,
  cacheTokens: -1,
  startTimeS: -1,
};

function setUp() {
  const state = createFleetState(4, 2);
  const clock = new FakeClock(5000);
  const reports = new Map<number, EngineReport>();
  const endpoints = [
    endpointAt(0, { rpmLimit: 60 }),
    endpointAt(1),
    endpointAt(2, { modelName: 'other', sourceType: 'openai' }),
  ];
  const sources = {
    ...state,
    clock,
    startedMs: 1400,
    rpm: new RpmMeter(state.columns),
    endpoints: () => endpoints,
    reportOf: (slot: number) => reports.get(slot),
    engineOf: () => '',
    healthOf: (slot: number) =>
      healthOf({ ...state, clock, prober: { recordOf: () => undefined } }, slot),
  };
  return {
    ...state,
    clock,
    reports,
    page: () => JSON.parse(JSON.stringify(dashboardJson(sources))) as Page,
  };
}

test('has exactly the keys of the reference', () => {
  const page = setUp().page();
  const keysOf = (value: object) => Object.keys(value).join(' ');
  assert.equal(keysOf(page), 'system requests summary models backends');
  assert.equal(keysOf(page.system), 'uptime goroutines memory_mb time');
  assert.equal(keysOf(page.requests), 'total success failures success_rate');
  assert.equal(
    keysOf(page.summary[0]!),
    'source_type total healthy total_conns total_pending total_send_rpm total_comp_rpm ' +
      'total_running total_waiting total_completed',
  );
  assert.equal(
    keysOf(page.models[0]!),
    'name healthy total running waiting comp_rpm total_completed',
  );
  assert.equal(
    keysOf(page.backends[0]!),
    'id model_name healthy engine source_type connections pending send_rpm comp_rpm rpm_limit ' +
      'running waiting gpu_cache prompt_tokens generation_tokens total_requests completed',
  );
});

test('shows what is unknown as null, never as 0', () => {
  const { page } = setUp();
  const { requests, backends } = page();
  assert.equal(requests.success_rate, null);
  const unknown = ['engine', 'running', 'waiting', 'gpu_cache', 'prompt_tokens'];
  for (const key of [...unknown, 'generation_tokens', 'rpm_limit']) {
    assert.equal(backends[1]![key], null, key);
  }
});

test('shows what the engine reported, zeros included', () => {
  const { page, columns, reports } = setUp();
  reports.set(0, VLLM);
  columns.control.running[0] = 3;
  columns.control.waiting[0] = 0;
  columns.control.kvUsage[0] = 0.25;
  const row = page().backends[0]!;
  assert.deepEqual(
    [row.engine, row.running, row.waiting, row.gpu_cache, row.prompt_tokens, row.generation_tokens],
    ['vllm', 3, 0, 0.25, 100, null],
  );
});

test('adds the counters of all workers, by endpoint, model and source', () => {
  const { page, columns } = setUp();
  for (const worker of columns.workers) {
    worker.inFlight.fill(2, 0, 3);
    worker.pending.fill(1, 0, 3);
    worker.sent.fill(5, 0, 3);
    worker.ok.fill(4, 0, 3);
  }
  columns.control.running[0] = 7;
  columns.control.probeState[1] = PROBE_UP;
  const { backends, models, summary } = page();
  const { connections, pending, send_rpm, comp_rpm, rpm_limit, total_requests, completed } =
    backends[0]!;
  assert.deepEqual([connections, pending, send_rpm, comp_rpm], [4, 2, 10, 8]);
  assert.deepEqual([rpm_limit, total_requests, completed], [60, 10, 8]);
  assert.deepEqual(models[0], {
    name: 'm',
    healthy: 1,
    total: 2,
    running: 7,
    waiting: 0,
    comp_rpm: 16,
    total_completed: 16,
  });
  assert.deepEqual(summary[0], {
    source_type: 'self_deployed',
    total: 2,
    healthy: 1,
    total_conns: 8,
    total_pending: 4,
    total_send_rpm: 20,
    total_comp_rpm: 16,
    total_running: 7,
    total_waiting: 0,
    total_completed: 16,
  });
  assert.deepEqual([models[1]!.name, summary[1]!.source_type], ['other', 'openai']);
});

test('counts requests over all workers; those that run have not failed', () => {
  const { page, totals } = setUp();
  totals[0]![TOTAL_REQUESTS] = 10;
  totals[1]![TOTAL_REQUESTS] = 10;
  totals[0]![TOTAL_OK] = 12;
  totals[1]![TOTAL_CLIENT_ERRORS] = 4;
  totals[1]![GAUGE_EXCHANGES] = 4;
  const { requests } = page();
  assert.deepEqual(requests, { total: 20, success: 12, failures: 4, success_rate: 0.75 });
  totals[1]![GAUGE_EXCHANGES] = 9;
  assert.equal(page().requests.failures, 0, 'never below zero while workers count on');
});

test('an endpoint is healthy when it is up, also while it asks for a pause', () => {
  const { page, columns } = setUp();
  const healthy = () => page().backends[0]!.healthy;
  assert.equal(healthy(), false, 'not probed yet');
  columns.control.probeState[0] = PROBE_UP;
  assert.equal(healthy(), true);
  columns.workers[1]!.busyUntilMs[0] = 9000;
  assert.equal(healthy(), true, 'busy');
  columns.control.probeState[0] = PROBE_DOWN;
  assert.equal(healthy(), false, 'busy and down');
});

test('tells the uptime in seconds and the time in UTC', () => {
  const { page, clock } = setUp();
  const { system } = page();
  assert.equal(system.uptime, 4);
  assert.match(String(system.time), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  assert.ok(Number(system.memory_mb) > 0);
  clock.advance(60_000);
  assert.equal(page().system.uptime, 64);
});
