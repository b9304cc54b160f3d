/** `llm-router bench` as users and scripts meet it: output, files, exit codes, signals. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Sim, startSim } from '../../src/sim/engine.ts';
import { assertBuilt, LAUNCHER, PROJECT } from '../fakes/built.ts';
import { Child } from '../fakes/child.ts';
import { until } from '../fakes/until.ts';
import { schemaProblems } from './schema-check.ts';

assertBuilt();

function folder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'llm-router-bench-'));
  t.after(() => rmSync(dir, { recursive: true }));
  return dir;
}

async function engine(t: TestContext): Promise<Sim> {
  const sim = await startSim({ timeToFirstTokenMs: 20, outputTokens: 5, interTokenLatencyMs: 2 });
  t.after(() => sim.close());
  return sim;
}

async function bench(...args: string[]): Promise<{ code: number; output: string }> {
  const child = new Child(LAUNCHER, ['bench', ...args]);
  return { code: await child.exited, output: child.output };
}

const parse = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;

test('writes every report, and the JSON is as its published schema says', async (t) => {
  const sim = await engine(t);
  const dir = folder(t);
  const [json, html, md, csv] = ['a.json', 'a.html', 'a.md', 'a.csv'].map((name) =>
    join(dir, name),
  );
  const { code, output } = await bench(
    ...['-u', sim.url, '-sweep', 'c=2,4', '-n', '20', '-input-len', '5', '-save-detailed'],
    ...['-slo', 'p99:ttft<10s', '-json', json!, '-html', html!, '-md', md!, '-csv', csv!],
    ...['-result-dir', dir, '-result-filename', 'saved.json', '-label', 'a <b> & c'],
  );
  assert.equal(code, 0, output);
  assert.match(output, /^bench: c=2: at most 2 at once, 20 requests$/m);
  assert.match(output, /^met {2}p99:ttft<10s/m);
  const schema = parse(join(PROJECT, 'docs/bench-result.schema.json'));
  assert.deepEqual(schemaProblems(schema, parse(json!)), []);
  assert.deepEqual(parse(join(dir, 'saved.json')), parse(json!));
  for (const key of ['mean_ttft_ms', 'p99_itl_ms', 'request_throughput', 'total_output_tokens']) {
    assert.equal(typeof parse(json!)[key], 'number', key);
  }
  const page = readFileSync(html!, 'utf8');
  assert.doesNotMatch(page, /<script|<link|@import|(?:src|href)=|url\(/i);
  assert.match(page, /<h1>a &lt;b&gt; &amp; c<\/h1>/);
  assert.match(page, /<svg/);
  assert.match(readFileSync(md!, 'utf8'), /^# Benchmark: a \\<b\\> & c\n[\s\S]*\| c=4 \|/);
  const lines = readFileSync(csv!, 'utf8').trimEnd().split('\r\n');
  assert.equal(lines.length, 3);
  assert.equal(lines[1]!.split(',').length, lines[0]!.split(',').length);
});

test('JSON on standard output comes alone', async (t) => {
  const sim = await engine(t);
  const path = join(folder(t), 'out.json');
  const command = `"${LAUNCHER}" bench -u ${sim.url} -c 2 -n 4 -input-len 5 -json - >${path}`;
  assert.equal(await new Child('sh', ['-c', command]).exited, 0);
  const result = parse(path);
  assert.equal(result.completed, 4);
});

test('a missed objective is exit code 4', async (t) => {
  const sim = await engine(t);
  const flags = ['-u', sim.url, '-c', '2', '-n', '10', '-input-len', '5'];
  const { code, output } = await bench(...flags, '-slo', 'p50:ttft<1ms', 'error_rate<1%');
  assert.equal(code, 4);
  assert.match(output, /^MISSED {2}p50:ttft<1ms/m);
  assert.match(output, /^met {2}error_rate<1%/m);
});

test('the first Ctrl-C lets requests end, and reports', async (t) => {
  const sim = await engine(t);
  const child = new Child(LAUNCHER, ['bench', '-u', sim.url, '-c', '3', '-input-len', '5']);
  await until('it measures', () => /req\/s/.test(child.output));
  child.signal('SIGINT');
  assert.equal(await child.exited, 0);
  assert.match(child.output, /\d+ completed, 0 failed/);
  assert.doesNotMatch(child.output, /Cut off/);
});

test('says what is wrong with flags, files and servers', async () => {
  const wrong = await bench('-concurency', '5', '-stages', 'x');
  assert.equal(wrong.code, 2);
  assert.match(wrong.output, /no flag -concurency: did you mean -concurrency\?/);
  assert.match(wrong.output, /-stages does not read "x"/);
  const dead = await bench('-u', 'http://127.0.0.1:1', '-n', '1');
  assert.equal(dead.code, 1);
  assert.match(dead.output, /127\.0\.0\.1:1\/v1\/models does not answer: ECONNREFUSED/);
  const file = await bench('-m', 'x', '-dataset-name', 'custom', '-dataset-path', '/none.jsonl');
  assert.equal(file.code, 1);
  assert.match(file.output, /\/none\.jsonl cannot be read: ENOENT/);
  const help = await bench('--help');
  assert.equal(help.code, 0);
  assert.match(help.output, /-request-rate number/);
});

test('compares results, and says what is none', async (t) => {
  const sim = await engine(t);
  const dir = folder(t);
  const path = join(dir, 'r.json');
  const flags = ['-c', '2', '-n', '10', '-input-len', '5', '-repeat', '3', '-json', path];
  assert.equal((await bench('-u', sim.url, ...flags)).code, 0);
  const same = await bench('compare', path, dir);
  assert.equal(same.code, 0, same.output);
  assert.match(same.output, /^3 against 3 runs/);
  assert.match(same.output, /Requests per second .* no difference/);
  const none = await bench('compare', path, join(PROJECT, 'package.json'));
  assert.equal(none.code, 1);
  assert.match(none.output, /package\.json is no result of a measurement/);
  assert.equal((await bench('compare', path)).code, 2);
});

test('says before it measures where it cannot write, and measures nothing', async (t) => {
  const sim = await engine(t);
  const dir = folder(t);
  const places = ['-json', dir, '-html', '/dev/null/x/a.html'];
  const { code, output } = await bench('-u', sim.url, '-n', '4', '-c', '2', ...places);
  assert.equal(code, 1, output);
  assert.equal(
    output,
    `llm-router: cannot write ${dir}: it is a folder.\n` +
      'llm-router: cannot write /dev/null/x/a.html: a part of the path is not a folder.\n',
  );
  assert.equal(sim.stats().completed, 0);
});

test('ends with 1 when no request succeeded', async () => {
  const { code, output } = await bench('-u', 'http://127.0.0.1:9/v1', '-m', 'x', '-n', '4');
  assert.equal(code, 1, output);
  assert.match(output, /connection refused[\s\S]*^llm-router: No request succeeded\.$/m);
});
