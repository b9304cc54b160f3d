import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limitProblems } from './limits.ts';
import { parseBenchFlags } from './parse-flags.ts';
import { readSettings } from './settings.ts';

function read(...argv: string[]) {
  const { values, problems } = parseBenchFlags(argv);
  const read = readSettings(values, {});
  return { ...read.settings, problems: [...problems, ...read.problems] };
}

test("takes the reference's command line", () => {
  const { problems, ...settings } = read(
    ...['-u', 'http://h:9000', '-c', '128', '-w', '2', '-n', '10k', '-t', '60', '-m', 'x'],
    ...['-d', '30', '--no-visual'],
  );
  assert.deepEqual(problems, []);
  assert.equal(settings.target.host, 'h');
  assert.equal(settings.target.port, 9000);
  assert.equal(settings.target.path, '/v1/chat/completions');
  assert.equal(settings.workers, 2);
  assert.equal(settings.client.timeoutMs, 60_000);
  assert.equal(settings.data.model, 'x');
  assert.equal(settings.report.visual, false);
  const { load } = settings.loads[0]!;
  assert.equal(load.requests, 10_000);
  assert.deepEqual(load.stages, [
    { label: 'c=128', durationMs: 30_000, rate: 0, concurrency: 128 },
  ]);
});

test('has the defaults of the reference', () => {
  const { target, workers, client, loads } = read();
  assert.equal(`${target.host}:${target.port}`, 'localhost:8000');
  assert.equal(workers, 1);
  assert.equal(client.timeoutMs, 600_000);
  assert.equal(loads[0]!.load.stages[0]!.concurrency, 4096);
});

test("takes the names of vLLM's bench", () => {
  const { problems, ...settings } = read(
    ...['--base-url', 'http://h', '--request-rate', '20', '--burstiness', '0.5'],
    ...['--max-concurrency', '64', '--num-prompts', '1000', '--num-warmups', '3', '--seed', '7'],
    ...['--goodput', 'ttft:200', 'tpot:50', 'e2el:5s', '--percentile-metrics', 'ttft,itl'],
    ...['--metric-percentiles', '50,99.9', '--header', 'x-a=b', 'x-c=d', '--save-result'],
    ...['--extra-body', '{"top_k":1}', '--ready-check-timeout-sec', '5', '--ignore-eos'],
    ...['--dataset-name', 'random', '--random-input-len', '8', '--random-output-len', '4'],
  );
  assert.deepEqual(problems, []);
  assert.deepEqual(settings.client.goodput, { ttftMs: 200, tpotMs: 50, e2elMs: 5000 });
  assert.deepEqual(settings.report.metrics, ['ttft', 'itl']);
  assert.deepEqual(settings.report.percentiles, [50, 99.9]);
  assert.match(settings.target.headers, /\r\nx-a: b\r\nx-c: d\r\n$/);
  assert.equal(settings.readyMs, 5000);
  assert.equal(settings.loads[0]!.load.burstiness, 0.5);
  assert.equal(read('--arrival', 'poisson', '--burstiness', '2').loads[0]!.load.burstiness, 1);
  assert.equal(read('--arrival', 'constant').loads[0]!.load.burstiness, 0);
});

test('joins addresses and paths as people write them', () => {
  const pathOf = (...argv: string[]) => read(...argv).target.path;
  assert.equal(pathOf('-u', 'http://h/v1'), '/v1/chat/completions');
  assert.equal(pathOf('-u', 'http://h/v1/'), '/v1/chat/completions');
  assert.equal(pathOf('-u', 'h:1', '-backend', 'openai'), '/v1/completions');
  assert.equal(pathOf('-u', 'http://h/api', '-endpoint', '/v1/completions'), '/api/v1/completions');
  assert.equal(read('-u', 'https://h').target.port, 443);
  assert.equal(read('-u', 'http://[::1]:8').target.host, '::1');
});

test('reads stages, sweeps and searches', () => {
  const stages = read('-stages', 'rate=10:30s,rate=50:1m').loads[0]!.load.stages;
  assert.deepEqual(
    stages.map(({ rate, durationMs }) => [rate, durationMs]),
    [
      [10, 30_000],
      [50, 60_000],
    ],
  );
  const sweep = read('-sweep', 'c=1,2,4', '-d', '5s').loads;
  assert.deepEqual(
    sweep.map(({ label }) => label),
    ['c=1', 'c=2', 'c=4'],
  );
  assert.equal(sweep[0]!.load.stages[0]!.durationMs, 5000);
  assert.equal(read('-find-max', '-slo', 'p99:ttft<1s').findMax, 'rate');
});

test('names every problem', () => {
  const { problems } = read(
    ...['-u', 'http://', '-workers', '0', '-stages', 'x', '-slo', 'y', '-goodput', 'z'],
    ...[
      '-extra-body',
      '[1]',
      '-source-ip',
      'nowhere',
      '-image-size',
      '0x0',
      '-qqqqq',
      '-timeout',
      'soon',
    ],
    ...['-dataset-name', 'sharegpt', '-header', 'bad header', '-cancel-rate', '3'],
  );
  assert.equal(problems.length, 13, problems.join('\n'));
  assert.match(read('-concurency', '5').problems[0]!, /did you mean -concurrency\?/);
});

test('a key comes from the environment and is not in any sentence', () => {
  const { values } = parseBenchFlags([]);
  const { settings } = readSettings(values, { OPENAI_API_KEY: 'sk-secret' });
  assert.match(settings.target.headers, /authorization: Bearer sk-secret\r\n/);
});

test('more connections than this machine has files or ports are refused with a remedy', () => {
  const settings = read('-c', '40k');
  const few = limitProblems(settings, { files: 20_000, ports: 28_232 });
  assert.equal(few.length, 2);
  assert.match(few[0]!, /ulimit -Hn 40100/);
  assert.match(few[1]!, /need 2 local addresses.*-source-ip/);
  assert.deepEqual(limitProblems(settings, { files: Infinity, ports: Infinity }), []);
  const two = read('-c', '40k', '-source-ip', '127.0.0.2,127.0.0.3');
  assert.deepEqual(limitProblems(two, { files: Infinity, ports: 28_232 }), []);
});
