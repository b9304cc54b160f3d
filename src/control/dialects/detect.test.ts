import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { readReport, UNKNOWN_REPORT } from './detect.ts';
import type { EngineReport } from './dialect.ts';

const SAMPLES = new URL('../../../../shared/data/metrics-samples/', import.meta.url);
const skip = existsSync(SAMPLES) ? false : 'the samples are not here';

function sample(name: string): string {
  return readFileSync(new URL(name, SAMPLES), 'utf8');
}

function expected(values: Partial<EngineReport>): EngineReport {
  return { ...UNKNOWN_REPORT, ...values };
}

test('sums over the data-parallel engines of vLLM and averages their cache', () => {
  const text = [
    '# TYPE vllm:num_requests_running gauge',
    'vllm:num_requests_running{engine="0",model_name="m"} 7.0',
    'vllm:num_requests_running{engine="1",model_name="m"} 2.0',
    'vllm:num_requests_waiting{engine="0",model_name="m"} 0.0',
    'vllm:num_requests_waiting{engine="1",model_name="m"} 4.0',
    'vllm:kv_cache_usage_perc{engine="0",model_name="m"} 0.25',
    'vllm:kv_cache_usage_perc{engine="1",model_name="m"} 0.75',
  ].join('\n');
  const report = expected({
    engine: 'vllm',
    running: 9,
    waiting: 4,
    kvUsage: 0.5,
    kvUsageMax: 0.75,
  });
  assert.deepEqual(readReport(text), report);
});

test('a missing gauge is unknown, not zero', () => {
  const report = readReport('vllm:num_requests_running 3\n');
  assert.deepEqual(report, expected({ engine: 'vllm', running: 3 }));
});

test('a value that is not a number is unknown', () => {
  const text = 'vllm:num_requests_running NaN\nvllm:kv_cache_usage_perc +Inf\n';
  assert.deepEqual(readReport(text), expected({ engine: 'vllm' }));
});

test('cache usage stays between 0 and 1', () => {
  const text =
    'vllm:kv_cache_usage_perc{engine="0"} 1.5\nvllm:kv_cache_usage_perc{engine="1"} -1\n';
  const report = readReport(text);
  assert.deepEqual([report.kvUsage, report.kvUsageMax], [0.5, 1]);
});

test('takes the maximum over tensor-parallel lines and the sum over ranks', () => {
  const text = [
    'sglang_num_running_reqs{dp_rank="0",tp_rank="0"} 4',
    'sglang_num_running_reqs{dp_rank="0",tp_rank="1"} 5',
    'sglang_num_running_reqs{dp_rank="1",tp_rank="2"} 6',
    'sglang_num_running_reqs{dp_rank="1",tp_rank="3"} 6',
  ].join('\n');
  assert.equal(readReport(text).running, 11);
});

test('takes the aggregate of priority scheduling, or the sum when there is none', () => {
  const lines = ['priority="-1"} 2', 'priority="0"} 3'].map(
    (end) => `sglang:num_queue_reqs{${end}`,
  );
  assert.equal(readReport(lines.join('\n')).waiting, 5);
  lines.push('sglang:num_queue_reqs{priority=""} 6');
  assert.equal(readReport(lines.join('\n')).waiting, 6);
});

test('reads engines that name nothing but batch and queue', () => {
  const cases: readonly [string, string, string][] = [
    ['tensorrt-llm', 'trtllm_num_requests_running', 'trtllm_num_requests_waiting'],
    ['tgi', 'tgi_batch_current_size', 'tgi_queue_size'],
    ['lmdeploy', 'lmdeploy:num_requests_running', 'lmdeploy:num_requests_waiting'],
    ['llamacpp', 'llamacpp:requests_processing', 'llamacpp:requests_deferred'],
    ['unprefixed', 'num_requests_running', 'num_requests_waiting'],
  ];
  for (const [engine, running, waiting] of cases) {
    const report = readReport(`${running} 2\n${waiting} 3\n`);
    assert.deepEqual(report, expected({ engine, running: 2, waiting: 3 }));
  }
});

test('tells the numbers of Triton apart by their labels', () => {
  const block = (type: string, value: number) =>
    `nv_trt_llm_kv_cache_block_metrics{kv_cache_block_type="${type}",model="m"} ${value}`;
  const asked = (type: string, value: number) =>
    `nv_trt_llm_request_metrics{model="m",request_type="${type}",version="1"} ${value}`;
  const text = [
    ...[asked('waiting', 4), asked('context', 9), asked('scheduled', 6), asked('max', 512)],
    ...[block('used', 25), block('tokens_per', 64), block('max', 100), block('fraction', 0.25)],
  ].join('\n');
  const report = { engine: 'triton', running: 6, waiting: 4, kvUsage: 0.25, kvUsageMax: 0.25 };
  assert.deepEqual(readReport(text), expected({ ...report, cacheTokens: 6400 }));
});

/** How many tokens a page says that the cache holds. */
function cacheOf(...lines: string[]): number {
  return readReport(lines.join('\n')).cacheTokens;
}

test('adds up the caches of data-parallel ranks and takes one of tensor-parallel copies', () => {
  const vllm = (engine: number, blocks: string) =>
    `vllm:cache_config_info{block_size="16",engine="${engine}",num_gpu_blocks="${blocks}"} 1`;
  assert.equal(cacheOf(vllm(0, '100'), vllm(1, '200')), 4800);
  assert.equal(cacheOf(vllm(0, '100'), vllm(0, '100')), 1600);
  assert.equal(cacheOf(vllm(0, 'None')), -1, 'not known before the engine has measured it');
  const sglang = (dp: number, tp: number, tokens: number) =>
    `sglang_max_total_num_tokens{dp_rank="${dp}",tp_rank="${tp}"} ${tokens}`;
  assert.equal(cacheOf(sglang(0, 0, 50), sglang(0, 1, 50), sglang(1, 2, 70)), 120);
  assert.equal(cacheOf('sglang:cache_config_info{num_pages="30",page_size="64"} 1'), 1920);
  const trtllm = ['trtllm_kv_cache_max_blocks 10', 'trtllm_kv_cache_tokens_per_block 32'];
  assert.equal(cacheOf(...trtllm), 320);
  assert.equal(cacheOf(trtllm[0]!), -1);
});

test('believes the size that a cache of mixed layers tells, within what a cell can hold', () => {
  const line = (tokens: string) =>
    `vllm:cache_config_info{kv_cache_size_tokens="${tokens}",num_gpu_blocks="9",block_size="9"} 1`;
  assert.equal(cacheOf(line('70')), 70);
  assert.equal(cacheOf(line('None')), 81);
  assert.equal(cacheOf(line('99999999999')), 0x7fffffff);
});

test('tells when the process started', () => {
  const text = 'vllm:num_requests_running 0\nprocess_start_time_seconds 1.5e+09\n';
  assert.equal(readReport(text).startTimeS, 1.5e9);
});

test('a page of somebody else is unknown', () => {
  assert.deepEqual(readReport('process_start_time_seconds 1.7e9\n'), UNKNOWN_REPORT);
  assert.deepEqual(readReport('[{"iter": 1, "note": "vllm: no"}]'), UNKNOWN_REPORT);
  assert.deepEqual(readReport(''), UNKNOWN_REPORT);
});

/** What captures of real engines say, by file. */
const CAPTURES: readonly [string, Partial<EngineReport>][] = [
  [
    'vllm-v1-dp2-engine-labels.txt',
    { engine: 'vllm', running: 8, waiting: 2, kvUsageMax: 0.45, generationTokens: 60456 },
  ],
  [
    'vllm-v1-single-engine.txt',
    { engine: 'vllm', running: 3, waiting: 2, kvUsageMax: 0.42, cacheTokens: 2_197_339 },
  ],
  ['vllm-v1-early-no-engine-label.txt', { engine: 'vllm', running: 0, waiting: 0, kvUsageMax: 0 }],
  [
    'vllm-v0-0.5.x-datadog-fixture.txt',
    {
      engine: 'vllm',
      running: 0,
      waiting: 0,
      kvUsageMax: 0,
      promptTokens: 5,
      generationTokens: 7,
      cacheTokens: 16 * 7281,
      startTimeS: 1_718_140_558.3,
    },
  ],
  [
    'sglang-docs-llama31-8b.txt',
    {
      engine: 'sglang',
      running: 162,
      waiting: 2826,
      kvUsageMax: 0.28,
      promptTokens: 8_128_902,
      generationTokens: 7_557_572,
    },
  ],
  [
    'sglang-0.5.10.post1-datadog-fixture.txt',
    {
      engine: 'sglang',
      running: 0,
      waiting: 0,
      kvUsageMax: 0.25,
      promptTokens: 5,
      generationTokens: 32,
      cacheTokens: 430_839,
    },
  ],
  // The excerpt has the queue of two ranks and no running gauge.
  ['sglang-dp8-deepseek-r1-live.txt', { engine: 'sglang', running: -1, waiting: 0 }],
  ['tgi-shape.txt', { engine: 'tgi', running: 1, waiting: 2 }],
  [
    'llamacpp-server-new-no-kv-gauges.txt',
    { engine: 'llamacpp', running: 3, waiting: 1, promptTokens: 12345, generationTokens: 987 },
  ],
  [
    'llamacpp-server-old-with-kv-gauges.txt',
    { engine: 'llamacpp', running: 0, waiting: 0, kvUsageMax: 0.491063, generationTokens: 3469 },
  ],
];

test('reads the captures of real engines', { skip }, () => {
  for (const [file, values] of CAPTURES) {
    const kvUsage = file.includes('dp2') ? 0.385 : (values.kvUsageMax ?? Number.NaN);
    assert.deepEqual(readReport(sample(file)), expected({ kvUsage, ...values }), file);
  }
});

test('reads both halves of the rank and priority sample', { skip }, () => {
  const [ranks = '', priorities = ''] = sample('sglang-tp-and-priority-labels.txt').split('# (b)');
  assert.deepEqual(readReport(ranks), expected({ engine: 'sglang', running: 4, waiting: 3 }));
  assert.deepEqual(readReport(priorities), expected({ engine: 'sglang', running: 14, waiting: 2 }));
});

test('knows the names that current releases list', { skip }, () => {
  for (const file of ['vllm-v1-families-0.26.0.txt', 'lmdeploy-metric-families.txt']) {
    const page = sample(file)
      .split('\n')
      .filter((line) => /(counter|gauge)$/.test(line))
      .map((line) => line.replace(/ \w+$/, '{engine="0"} 1'))
      .join('\n');
    const { engine, cacheTokens, startTimeS, ...values } = readReport(page);
    assert.equal(file.startsWith(engine), true);
    assert.deepEqual([cacheTokens, startTimeS], [-1, -1]);
    assert.deepEqual(Object.values(values), [1, 1, 1, 1, 1, 1]);
  }
});
