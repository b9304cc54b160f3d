import assert from 'node:assert/strict';
import { test } from 'node:test';
import { own } from '../../test/fakes/plane.ts';
import { FakeClock } from '../core/clock.ts';
import { OPERATOR_ENABLED, OPERATOR_MAINTENANCE } from '../core/columns.ts';
import type { EndpointSpec } from '../core/endpoint.ts';
import { controlColumns, endpointAt, FakeFetch } from './fleet.fake.ts';
import { Scraper } from './scraper.ts';

const PAGE = [
  'vllm:num_requests_running{engine="0"} 3',
  'vllm:num_requests_waiting{engine="0"} 5',
  'vllm:kv_cache_usage_perc{engine="0"} 0.5',
  'vllm:generation_tokens_total{engine="0"} 70',
].join('\n');

function setUp(specs: readonly EndpointSpec[], chance = 0.5) {
  const bench = {
    specs,
    clock: new FakeClock(1000),
    fetch: new FakeFetch(),
    columns: controlColumns(128),
  };
  const scraper = new Scraper({
    targets: () => bench.specs,
    columns: bench.columns,
    clock: bench.clock,
    random: { next: () => chance, below: () => 0 },
    fetchText: bench.fetch.fetch,
    intervalMs: () => 1000,
  });
  const tickAfter = (ms: number): void => {
    bench.clock.advance(ms);
    scraper.tick();
  };
  return { ...bench, bench, scraper, tickAfter };
}

test('writes what an engine reports, with the time of the question', async () => {
  const { scraper, fetch, columns, clock } = setUp([endpointAt(2, { apiKey: 'k' })]);
  scraper.tick();
  assert.deepEqual(fetch.urls, ['http://10.0.0.2:8000/metrics']);
  assert.deepEqual(fetch.open[0]?.headers, { authorization: 'Bearer k' });
  clock.advance(20);
  await fetch.reply(200, PAGE);
  assert.equal(columns.running[2], 3);
  assert.equal(columns.waiting[2], 5);
  assert.equal(columns.kvUsage[2], 0.5);
  assert.equal(columns.reportAtMs[2], 1000);
  assert.equal(scraper.reportOf(2)?.generationTokens, 70);
});

test('says unknown, not zero, before the first report and after an endpoint left', async () => {
  const { bench, scraper, fetch, columns } = setUp([endpointAt(2)]);
  scraper.tick();
  assert.equal(columns.running[2], -1);
  assert.equal(columns.waiting[2], -1);
  assert.equal(columns.kvUsage[2], Number.NaN);
  await fetch.reply(200, PAGE);
  bench.specs = [];
  scraper.tick();
  assert.deepEqual([columns.running[2], columns.reportAtMs[2]], [-1, 0]);
  assert.equal(scraper.reportOf(2), undefined);
});

test('drops the answer of an engine that left meanwhile', async () => {
  const { bench, scraper, fetch, columns } = setUp([endpointAt(2)]);
  scraper.tick();
  bench.specs = [];
  scraper.tick();
  await fetch.reply(200, PAGE);
  assert.equal(columns.running[2], -1);
});

test('asks an engine once for all its models', async () => {
  const apiBase = 'http://e:1/v1';
  const specs = [endpointAt(0, { apiBase }), endpointAt(1, { apiBase, modelName: 'n' })];
  const { bench, scraper, fetch, columns } = setUp(specs);
  scraper.tick();
  assert.deepEqual(fetch.urls, ['http://e:1/metrics']);
  await fetch.reply(200, PAGE);
  assert.deepEqual([...columns.waiting.subarray(0, 2)], [5, 5]);
  bench.specs = [...specs, endpointAt(4, { apiBase, modelName: 'o' })];
  scraper.tick();
  assert.equal(columns.waiting[4], 5);
});

test('leaves providers alone', () => {
  const { scraper, fetch } = setUp([endpointAt(0, { sourceType: 'openai' })]);
  scraper.tick();
  assert.equal(fetch.urls.length, 0);
});

test('keeps the interval and never asks twice at a time', async () => {
  const { scraper, fetch, tickAfter } = setUp([endpointAt(0)]);
  scraper.tick();
  tickAfter(3000);
  assert.equal(fetch.urls.length, 1);
  await fetch.reply(200, PAGE);
  // It took 3 s, so it rests for 30 s from the question on.
  tickAfter(26_000);
  assert.equal(fetch.urls.length, 1);
  tickAfter(1000);
  assert.equal(fetch.urls.length, 2);
  await fetch.reply(200, PAGE);
  tickAfter(999);
  assert.equal(fetch.urls.length, 2);
  tickAfter(1);
  assert.equal(fetch.urls.length, 3);
});

test('engines that were first asked together drift apart', async () => {
  const { scraper, fetch, tickAfter } = setUp([endpointAt(0)], 0.9);
  scraper.tick();
  await fetch.reply(200, PAGE);
  tickAfter(1399);
  assert.equal(fetch.urls.length, 1);
  tickAfter(1);
  await fetch.reply(200, PAGE);
  tickAfter(1000);
  assert.equal(fetch.urls.length, 3);
});

test('a pause of this process is not taken for slowness of the engine', async () => {
  const { scraper, fetch, tickAfter } = setUp([endpointAt(0)]);
  scraper.tick();
  await fetch.reply(200, PAGE);
  tickAfter(1000);
  tickAfter(600_000);
  await fetch.reply(200, PAGE);
  tickAfter(0);
  assert.equal(fetch.urls.length, 3);
});

test('keeps an old report with its old time when the engine fails', async () => {
  const { scraper, fetch, columns, tickAfter } = setUp([endpointAt(0)]);
  scraper.tick();
  await fetch.reply(200, PAGE);
  tickAfter(1000);
  await fetch.fail('ECONNREFUSED');
  assert.deepEqual([columns.running[0], columns.reportAtMs[0]], [3, 1000]);
  tickAfter(59_000);
  assert.equal(fetch.urls.length, 2);
  tickAfter(1000);
  assert.equal(fetch.urls.length, 3);
});

test('asks again at once when the prober found the endpoint up', async () => {
  const spec = endpointAt(0);
  const { scraper, fetch, tickAfter } = setUp([spec]);
  scraper.tick();
  await fetch.fail('ECONNREFUSED');
  scraper.retryNow('nobody@nowhere');
  tickAfter(100);
  assert.equal(fetch.urls.length, 1);
  scraper.retryNow(spec.id);
  tickAfter(0);
  assert.equal(fetch.urls.length, 2);
});

test('an engine without metrics is asked again after ten minutes', async () => {
  const { scraper, fetch, tickAfter } = setUp([endpointAt(0)]);
  scraper.tick();
  await fetch.reply(404, '');
  await fetch.reply(404, '', '/prometheus/metrics');
  tickAfter(599_000);
  assert.equal(fetch.urls.length, 2);
  tickAfter(1000);
  assert.equal(fetch.urls.length, 3);
});

test('finds the page of TensorRT-LLM and stays there', async () => {
  const { scraper, fetch, columns, tickAfter } = setUp([endpointAt(0)]);
  scraper.tick();
  await fetch.reply(200, '[{"iter":1}]');
  await fetch.reply(200, 'trtllm_num_requests_waiting 4\n', '/prometheus/metrics');
  assert.deepEqual([columns.running[0], columns.waiting[0]], [-1, 4]);
  tickAfter(1000);
  assert.equal(fetch.urls.at(-1), 'http://10.0.0.0:8000/prometheus/metrics');
});

test('bounds the scrapes over all engines and goes on as they end', async () => {
  const specs = Array.from({ length: 100 }, (_, slot) => endpointAt(slot));
  const { scraper, fetch } = setUp(specs);
  scraper.tick();
  assert.equal(fetch.open.length, 64);
  for (let at = 0; at < 30; at++) await fetch.reply(200, PAGE);
  assert.equal(fetch.open.length, 64);
  while (fetch.open.length > 0) await fetch.reply(200, PAGE);
  assert.equal(new Set(fetch.urls).size, 100);
  assert.equal(fetch.urls.length, 100);
});

test('the longest overdue engine comes first', async () => {
  const specs = Array.from({ length: 100 }, (_, slot) => endpointAt(slot));
  const { scraper, fetch, tickAfter } = setUp(specs);
  scraper.tick();
  for (let at = 0; at < 30; at++) await fetch.reply(200, PAGE);
  tickAfter(1000);
  await fetch.reply(200, PAGE);
  assert.equal(fetch.urls.at(-1), 'http://10.0.0.94:8000/metrics');
});

test('tells the size of the cache, and how often the engine started anew', async () => {
  const { bench, scraper, fetch, columns, tickAfter } = setUp([endpointAt(2)]);
  const page = (startS: number): string =>
    [
      PAGE,
      `process_start_time_seconds ${startS}`,
      'vllm:cache_config_info{block_size="16",num_gpu_blocks="100"} 1',
    ].join('\n');
  const seen = (): number[] => [columns.cacheTokens[2]!, columns.restarts[2]!];
  scraper.tick();
  assert.deepEqual(seen(), [-1, 0]);
  await fetch.reply(200, page(100));
  assert.deepEqual(seen(), [1600, 0]);
  tickAfter(1000);
  await fetch.fail('ECONNREFUSED');
  assert.deepEqual(seen(), [1600, 0]);
  tickAfter(60_000);
  await fetch.reply(200, page(150));
  assert.deepEqual(seen(), [1600, 1]);
  tickAfter(1000);
  await fetch.reply(200, page(150));
  assert.deepEqual(seen(), [1600, 1]);
  bench.specs = [];
  scraper.tick();
  assert.deepEqual(seen(), [-1, 0]);
});

test('leaves an engine alone while all that it serves is in maintenance', () => {
  const apiBase = 'http://e:1/v1';
  const specs = [endpointAt(0, { apiBase }), endpointAt(1, { apiBase, modelName: 'n' })];
  const { scraper, fetch, columns, tickAfter } = setUp(specs);
  columns.operatorState.fill(OPERATOR_MAINTENANCE, 0, 2);
  scraper.tick();
  assert.equal(fetch.urls.length, 0);
  columns.operatorState[1] = OPERATOR_ENABLED;
  tickAfter(100);
  assert.equal(fetch.urls.length, 1);
});

test('shows what requests show, and asks again at once when that changed', async () => {
  const withKey = (key: string) =>
    endpointAt(0, { apiKey: 'k', own: own({ headers: [['X-Key', key]] }) });
  const { bench, scraper, fetch, columns, tickAfter } = setUp([withKey('old')]);
  scraper.tick();
  assert.deepEqual(fetch.open[0]?.headers, { authorization: 'Bearer k', 'x-key': 'old' });
  await fetch.reply(403, '');
  tickAfter(1000);
  assert.equal(fetch.open.length, 0, 'a refusal is a long pause');
  bench.specs = [withKey('new')];
  tickAfter(1);
  assert.equal(fetch.open[0]?.headers['x-key'], 'new');
  bench.specs = [withKey('newer')];
  tickAfter(1);
  await fetch.reply(403, '');
  tickAfter(1);
  assert.equal(fetch.open[0]?.headers['x-key'], 'newer');
  await fetch.reply(200, PAGE);
  assert.equal(columns.running[0], 3);
});

test('takes the fields of one endpoint for an engine, not some of each', () => {
  const apiBase = 'http://e:1/v1';
  const specs = [
    endpointAt(0, { apiBase }),
    endpointAt(1, { apiBase, modelName: 'n', own: own({ headers: [['X-Key', 'n']] }) }),
    endpointAt(2, { apiBase, modelName: 'o', apiKey: 'o' }),
  ];
  const { scraper, fetch } = setUp(specs);
  scraper.tick();
  assert.deepEqual(fetch.open[0]?.headers, { 'x-key': 'n' });
});
