import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Loaded } from '../config/load.ts';
import { NO_RULES } from '../config/model-names.ts';
import { parseEndpoints, parseMain } from '../config/parse.ts';
import { BY_FILES, type ReloadResult, Reloads } from './reloads.ts';

/** Files that say this weight, or nothing valid. */
function files(weight: number, main = ''): Loaded {
  const item = `{model_name: m, litellm_params: {api_base: 'http://e/v1', api_key: sk-${weight}, `;
  const text = `model_list: [${item}weight: ${weight}}}]`;
  const { value: endpoints = [] } = parseEndpoints(text, 'e.yaml', 'openai');
  const { value, settings = new Map(), problems } = parseMain(main, 'config.yaml');
  const rest = { endpoints, problems, files: [], byFile: new Map(), dir: 'd', listed: true };
  return value === undefined ? rest : { ...rest, config: value, settings };
}

const BROKEN = files(1, 'server: {prot: 1}');

function setUp(start = files(1)) {
  const seen = {
    /** Loads that hang until the test ends them, oldest first. */
    open: [] as { resolve(value: Loaded): void; reject(error: Error): void }[],
    loads: 0,
    weights: [] as (number | undefined)[],
    results: [] as ReloadResult[],
    async end(value: Loaded | Error): Promise<void> {
      await settled();
      const load = seen.open.shift()!;
      if (value instanceof Error) load.reject(value);
      else load.resolve(value);
      await settled();
    },
  };
  const reloads = new Reloads(
    {
      load() {
        seen.loads++;
        return new Promise((resolve, reject) => seen.open.push({ resolve, reject }));
      },
      stateOf: ({ settings = new Map(), endpoints }) => {
        return { settings, entries: endpoints, names: NO_RULES };
      },
      apply: ({ endpoints }) => seen.weights.push(endpoints[0]?.weight),
      onResult: (result) => seen.results.push(result),
      wallMs: () => 1000 + seen.loads,
    },
    start,
  );
  return { reloads, seen };
}

function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

test('reads, applies and says what changed, without secrets', async () => {
  const { reloads, seen } = setUp();
  const result = reloads.reload({ by: 'admin' });
  await seen.end(files(2, 'routing: {num_retries: 9}\nserver: {port: 9, api_keys: [sk-client]}'));
  const { outcome, diff } = await result;
  assert.equal(outcome, 'applied');
  assert.deepEqual(seen.weights, [2]);
  assert.deepEqual(diff.options, [
    { path: 'server.port', from: 8000, to: 9, needsRestart: true },
    { path: 'server.api_keys', from: [], to: '***', needsRestart: false },
    { path: 'routing.num_retries', from: 3, to: 9, needsRestart: false },
  ]);
  const fields = { weight: { from: 1, to: 2 }, api_key: { from: '***', to: '***' } };
  assert.deepEqual(diff.endpoints.changed, [{ id: 'm@http://e/v1', fields }]);
  assert.doesNotMatch(JSON.stringify(seen.results), /sk-/);
  assert.equal(reloads.status.version, 2);
  assert.deepEqual(reloads.status.restart_needed, ['server.port']);
});

test('reads once more, and only once, when asked while reading', async () => {
  const { reloads, seen } = setUp();
  reloads.request(BY_FILES);
  await settled();
  for (let n = 0; n < 3; n++) reloads.request(BY_FILES);
  await seen.end(files(2));
  assert.equal(seen.loads, 2);
  await seen.end(files(3));
  assert.equal(seen.loads, 2);
  assert.deepEqual(seen.weights, [2, 3]);
});

test('a dry run says what would change, and nothing does', async () => {
  const { reloads, seen } = setUp();
  const result = reloads.reload({ by: 'admin', dryRun: true });
  await seen.end(files(2));
  const { outcome, diff } = await result;
  assert.equal(outcome, 'dry_run');
  assert.equal(diff.endpoints.changed.length, 1);
  assert.deepEqual(seen.weights, []);
  assert.equal(reloads.status.version, 1);
});

test('what is not valid changes nothing and is shown until it is mended', async () => {
  const { reloads, seen } = setUp();
  reloads.request(BY_FILES);
  await seen.end(BROKEN);
  assert.equal(seen.results[0]?.outcome, 'refused');
  const { refused, refused_at_ms: atMs } = reloads.status;
  assert.match(refused.join(), /server\.prot: unknown key/);
  assert.equal(atMs, 1001);
  reloads.request(BY_FILES);
  await seen.end(new Error('the thread died'));
  assert.match(reloads.status.refused.join(), /the thread died/);
  reloads.request(BY_FILES);
  await seen.end(files(1));
  assert.deepEqual(reloads.status.refused, []);
  assert.equal(reloads.status.refused_at_ms, null);
  assert.equal(reloads.status.version, 1, 'nothing was different in the end');
});

test('a rollback goes back, holds until the files change, and can be undone', async () => {
  const { reloads, seen } = setUp();
  assert.equal((await reloads.rollback('admin')).outcome, 'refused');
  reloads.request(BY_FILES);
  await seen.end(files(2));
  assert.equal((await reloads.rollback('admin')).outcome, 'applied');
  assert.deepEqual(seen.weights, [2, 1]);
  assert.equal(reloads.status.held, true);
  reloads.request(BY_FILES);
  await seen.end(files(2));
  assert.deepEqual(seen.weights, [2, 1], 'the watcher brings nothing new');
  assert.equal((await reloads.rollback('admin')).outcome, 'applied');
  assert.deepEqual(seen.weights, [2, 1, 2]);
  await reloads.rollback('admin');
  const asked = reloads.reload({ by: 'SIGHUP' });
  await seen.end(files(2));
  assert.equal((await asked).outcome, 'applied', 'somebody asked for it');
  await reloads.rollback('admin');
  reloads.request(BY_FILES);
  await seen.end(files(5));
  assert.equal(seen.weights.at(-1), 5, 'the files say something new');
  assert.equal(reloads.status.held, false);
});

test('nothing is applied after the end', async () => {
  const { reloads, seen } = setUp();
  reloads.request(BY_FILES);
  await settled();
  reloads.stop();
  await seen.end(files(2));
  assert.deepEqual(seen.weights, []);
});
