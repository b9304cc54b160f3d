/** What a scrape gets, read back by a strict reader of both text formats. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { endpoint } from '../../../test/fakes/plane.ts';
import { FakeClock } from '../../core/clock.ts';
import { PROBE_UP } from '../../core/columns.ts';
import type { EndpointSpec } from '../../core/endpoint.ts';
import { createFleetState } from '../../state/layout.ts';
import {
  ENDED,
  ENDINGS,
  ERROR_INDEX,
  KEY_PLACES,
  LOOP_DELAY,
  meterRow,
  OWN_KEYS,
  OWN_RETRIES,
  slotHistogram,
  TTFT,
  UNPLACED,
  workerHistogram,
} from '../../state/meters.ts';
import { GAUGE_QUEUED } from '../../state/totals.ts';
import { type MetricsSources, metricsText } from './exposition.ts';
import { ALL_METRICS } from './metric-table.ts';
import { PROMETHEUS_TYPE } from './metrics-page.ts';
import type { ProcessFacts } from './process-facts.ts';
import { MAX_ENDPOINTS, MAX_MODELS } from './series.ts';
import { type Family, readMetrics } from './text-reader-fixture.ts';
import { TrafficLedger } from './traffic-ledger.ts';

const FACTS: ProcessFacts = {
  cpuSeconds: 12.5,
  residentBytes: 2 ** 27,
  startedAtSeconds: 1_700_000_000,
  openFds: 40,
  maxFds: 1024,
};
const OPEN = 'application/openmetrics-text; version=1.0.0';

function start(endpoints: readonly EndpointSpec[], slots = 16, workers = 2) {
  const state = createFleetState(slots, workers);
  const ledger = new TrafficLedger(state.meters);
  const left = new Set<string>();
  const sources: MetricsSources = {
    ...state,
    clock: new FakeClock(1_000_000),
    ledger,
    endpoints: () => endpoints.filter(({ id }) => !left.has(id)),
    version: '1.2.3',
    runtime: 'Node 24',
    keyNames: () => ['alice', 'bob'],
    epoch: () => 7,
    adoptedEpoch: () => 6,
    config: () => ({
      problems: ['config.yaml:1:2: bad'],
      left_out: [],
      last_change: { at_ms: 5_000, epoch: 7, added: [], removed: [], changed: [] },
    }),
    stateOf: () => 'healthy',
  };
  return {
    state,
    leave(endpoint: EndpointSpec): void {
      left.add(endpoint.id);
      ledger.forget(endpoint.slot);
    },
    scrape: (accept = '', facts = FACTS) => metricsText(sources, facts, accept),
  };
}

type Started = ReturnType<typeof start>;

function read(started: Started): Map<string, Family> {
  return readMetrics(started.scrape());
}

function sampleOf(families: Map<string, Family>, name: string, labels: object = {}): number {
  const family = [...families.values()].find(({ samples }) =>
    samples.some((sample) => sample.name === name),
  );
  const wanted = JSON.stringify(Object.entries(labels));
  const sample = family?.samples.find(
    (one) => one.name === name && JSON.stringify(Object.entries(one.labels)) === wanted,
  );
  assert.ok(sample !== undefined, `${name} ${wanted} is not there`);
  return sample.value;
}

describe('/metrics', () => {
  it('exposes every metric of the table and no other, with the labels it names', () => {
    const { state, scrape } = start([endpoint(0, { rpmLimit: 60 })]);
    state.columns.control.running[0] = 3;
    state.columns.control.waiting[0] = 0;
    state.columns.control.kvUsage[0] = 0.5;
    for (const accept of ['', OPEN]) {
      const families = readMetrics(scrape(accept));
      const names = ALL_METRICS.map(({ name, type }) => {
        return accept === OPEN && type === 'counter' ? name.replace(/_total$/, '') : name;
      });
      assert.deepEqual([...families.keys()].sort(), names.sort());
      for (const [index, name] of names.entries()) {
        const metric = ALL_METRICS.find(
          (one) => one.name.replace(/_total$/, '') === name.replace(/_total$/, ''),
        )!;
        const family = families.get(name)!;
        assert.equal(family.type, metric.type, `${index} ${name}`);
        assert.ok(family.samples.length > 0, `${name} has no sample`);
        for (const { labels } of family.samples) {
          const shown = Object.keys(labels).filter((label) => label !== 'le');
          assert.deepEqual(shown, metric.labels, name);
        }
      }
    }
  });

  it('speaks the format that the scraper prefers', () => {
    const { scrape } = start([endpoint(0)]);
    const prometheus =
      'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,' +
      'application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;q=0.4,' +
      'text/plain;version=0.0.4;q=0.3,*/*;q=0.2';
    for (const [accept, open] of [
      ['', false],
      ['*/*', false],
      ['text/plain', false],
      ['text/html', false],
      ['application/openmetrics-text;q=0', false],
      ['application/openmetrics-text;version=0.0.1', false],
      ['text/plain;q=0.9, application/openmetrics-text;q=0.1', false],
      [prometheus, true],
      [OPEN, true],
      ['Application/OpenMetrics-Text', true],
    ] as const) {
      const { type, body } = scrape(accept);
      assert.equal(type !== PROMETHEUS_TYPE, open, accept);
      assert.equal(body.endsWith('# EOF\n'), open, accept);
      assert.equal(body.includes('# TYPE llm_router_requests counter'), open, accept);
    }
  });

  it('sums over workers', () => {
    const started = start([endpoint(0), endpoint(1)]);
    const { columns, meters, totals } = started.state;
    for (const worker of [0, 1]) {
      columns.workers[worker]!.inFlight[0] = 2;
      columns.workers[worker]!.failedTimeout[1] = 1;
      meterRow(meters[worker]!, 0)[ENDED]! += 5;
      meterRow(meters[worker]!, 1)[ENDED + 3]! += 1;
      meterRow(meters[worker]!, 0)[UNPLACED + 2]! += 4;
      meters[worker]!.own[OWN_RETRIES + ERROR_INDEX.get('upstream_busy')!]! += 3;
      totals[worker]![GAUGE_QUEUED] = 7;
    }
    const families = read(started);
    const [first, second] = ['http://e0:9000/v1', 'http://e1:9001/v1'].map((address) => {
      return { model: 'm', endpoint: address };
    });
    const of = (name: string, labels: object = {}) => sampleOf(families, name, labels);
    assert.equal(of('llm_router_requests_total', { ...first, class: 'ok' }), 10);
    assert.equal(of('llm_router_requests_total', { ...second, class: 'client_gone' }), 2);
    const none = { model: 'm', endpoint: 'none', class: 'server_error' };
    assert.equal(of('llm_router_requests_total', none), 8);
    assert.equal(of('llm_router_endpoint_in_flight', first), 4);
    const attempts = { ...second, outcome: 'failed_timeout' };
    assert.equal(of('llm_router_endpoint_attempts_total', attempts), 2);
    assert.equal(of('llm_router_retries_total', { reason: 'upstream_busy' }), 6);
    assert.equal(of('llm_router_requests_queued'), 14);
    assert.equal(of('llm_router_config_epoch'), 7);
    assert.equal(of('llm_router_config_last_reload_successful'), 0);
    assert.equal(of('llm_router_config_last_change_timestamp_seconds'), 5);
  });

  it('counts each sample in the buckets that hold it, in seconds', () => {
    const started = start([endpoint(0), endpoint(1)]);
    const { meters } = started.state;
    slotHistogram(meterRow(meters[0]!, 0), TTFT).record(16 * 30);
    slotHistogram(meterRow(meters[1]!, 1), TTFT).recordTimes(16 * 700, 2);
    slotHistogram(meterRow(meters[1]!, 1), TTFT).record(16 * 4e6);
    workerHistogram(meters[1]!.own, LOOP_DELAY).record(1500);
    const families = read(started);
    const name = 'llm_router_time_to_first_token_seconds';
    const bucket = (le: string) => sampleOf(families, `${name}_bucket`, { model: 'm', le });
    assert.deepEqual(
      ['0.016', '0.032', '0.512', '1.024', '1048.576', '+Inf'].map(bucket),
      [0, 1, 1, 3, 3, 4],
    );
    assert.equal(sampleOf(families, `${name}_sum`, { model: 'm' }), 4001.43);
    const summary = 'llm_router_endpoint_time_to_first_token_seconds';
    const second = { model: 'm', endpoint: 'http://e1:9001/v1' };
    assert.equal(sampleOf(families, `${summary}_sum`, second), 4001.4);
    assert.equal(sampleOf(families, `${summary}_count`, second), 3);
    const loop = 'llm_router_event_loop_delay_seconds_bucket';
    assert.equal(sampleOf(families, loop, { worker: '1', le: '0.002048' }), 1);
    assert.equal(sampleOf(families, loop, { worker: '1', le: '0.001024' }), 0);
  });

  it('escapes what a model is called', () => {
    const modelName = 'a"b\\c\nd{e="f"}';
    const started = start([endpoint(0, { modelName })]);
    const labels = { model: modelName, endpoint: 'http://e0:9000/v1' };
    assert.equal(sampleOf(read(started), 'llm_router_endpoint_pending', labels), 0);
  });

  it('leaves out what is unknown', () => {
    const { scrape, state } = start([endpoint(0)]);
    state.columns.control.waiting[0] = 2;
    const facts = { ...FACTS, openFds: undefined, maxFds: undefined };
    const families = readMetrics(scrape('', facts));
    for (const name of [
      'llm_router_engine_requests_running',
      'llm_router_engine_kv_cache_usage_ratio',
      'llm_router_endpoint_rpm_used',
      'llm_router_endpoint_rpm_limit',
      'process_open_fds',
      'process_max_fds',
    ]) {
      assert.equal(families.get(name)!.samples.length, 0, name);
    }
    assert.equal(families.get('llm_router_engine_requests_waiting')!.samples.length, 1);
  });

  it('shows an endpoint as available when its probes and requests say so', () => {
    const started = start([endpoint(0), endpoint(1)]);
    started.state.columns.control.probeState[0] = PROBE_UP;
    const families = read(started);
    const of = (slot: number) =>
      sampleOf(families, 'llm_router_endpoint_available', {
        model: 'm',
        endpoint: `http://e${slot}:${9000 + slot}/v1`,
      });
    assert.deepEqual([of(0), of(1)], [1, 0]);
  });
});

describe('the labels of /metrics', () => {
  const many = (models: number, endpoints: number) =>
    Array.from({ length: endpoints }, (_, slot) => {
      return endpoint(slot, { modelName: `m${slot % models}` });
    });

  it('are as many as the caps allow, and sums stay true beyond', () => {
    const count = MAX_ENDPOINTS + 200;
    const started = start(many(MAX_MODELS + 50, count), count, 1);
    for (let slot = 0; slot < count; slot++) {
      meterRow(started.state.meters[0]!, slot)[ENDED] = 1;
      started.state.columns.control.probeState[slot] = PROBE_UP;
    }
    const families = read(started);
    const values = (name: string, label: string) =>
      new Set(families.get(name)!.samples.map(({ labels }) => labels[label]));
    assert.equal(values('llm_router_retry_budget', 'model').size, MAX_MODELS + 1);
    assert.ok(values('llm_router_endpoint_pending', 'endpoint').size <= MAX_ENDPOINTS + 1);
    const sum = (name: string) =>
      families.get(name)!.samples.reduce((all, { value }) => all + value, 0);
    assert.equal(sum('llm_router_requests_total'), count);
    assert.equal(sum('llm_router_endpoint_available'), count);
    assert.equal(sampleOf(families, 'llm_router_metrics_folded', { label: 'model' }), 50);
    assert.equal(sampleOf(families, 'llm_router_metrics_folded', { label: 'endpoint' }), 200);
  });

  it('keep what an endpoint left to its model, so that no histogram goes back', () => {
    const started = start([endpoint(0), endpoint(1)]);
    const { meters } = started.state;
    slotHistogram(meterRow(meters[0]!, 1), TTFT).record(16 * 30);
    const counted = () =>
      sampleOf(read(started), 'llm_router_time_to_first_token_seconds_count', { model: 'm' });
    assert.equal(counted(), 1);
    started.leave(endpoint(1));
    assert.equal(counted(), 1);
    slotHistogram(meterRow(meters[0]!, 0), TTFT).record(16 * 30);
    assert.equal(counted(), 2);
  });

  it('of 1,000 endpoints and 8 busy workers take less than 100 ms of CPU to write', () => {
    const count = 1000;
    const { scrape, state } = start(many(20, count), count, 8);
    for (const { rows } of state.meters) rows.fill(1);
    let fastestMs = Number.POSITIVE_INFINITY;
    for (let round = 0; round < 12 && fastestMs > 50; round++) {
      // The time of this thread: other programs of the machine do not count.
      const before = process.threadCpuUsage();
      assert.ok(scrape().body.length > 1e6);
      const { user, system } = process.threadCpuUsage(before);
      fastestMs = Math.min(fastestMs, (user + system) / 1000);
    }
    assert.ok(fastestMs < 100, `${fastestMs} ms`);
  });
});

it('counts requests by the name of the client key, and those without a place together', () => {
  const started = start([]);
  const add = (worker: number, place: number, ending: number) => {
    started.state.meters[worker]!.own[OWN_KEYS + place * ENDINGS.length + ending]!++;
  };
  add(0, 1, 0);
  add(1, 1, 0);
  add(1, 0, 2);
  const name = 'llm_router_client_requests_total';
  const families = read(started);
  assert.equal(sampleOf(families, name, { key: 'bob', class: 'ok' }), 2);
  assert.equal(sampleOf(families, name, { key: 'alice', class: 'server_error' }), 1);
  assert.doesNotMatch(started.scrape().body, /other keys/);
  add(0, KEY_PLACES - 1, 0);
  assert.equal(sampleOf(read(started), name, { key: 'other keys', class: 'ok' }), 1);
});
