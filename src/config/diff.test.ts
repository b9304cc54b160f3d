import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AT_START, liveConfig } from './at-start.ts';
import { type ConfigState, diffConfig, isEmptyDiff } from './diff.ts';
import type { Loaded } from './load.ts';
import { OPTION_PATHS } from './option-paths.ts';
import { pack, unpack } from './packed.ts';
import { parseEndpoints, parseMain } from './parse.ts';

function state(endpoints: string, main = '', names = {}): ConfigState {
  const { value: entries = [] } = parseEndpoints(`model_list: [${endpoints}]`, 'e', 'openai');
  const { settings = new Map() } = parseMain(main, 'c');
  return { entries, settings, names: { aliases: [], fallbacks: [], ...names } };
}

const PLACE = { file: 'f', line: 1, column: 1 };
const A = '{model_name: a, litellm_params: {api_base: "http://a/v1", api_key: canary-1}}';
const A2 =
  '{model_name: a, litellm_params: {api_base: "http://a/v1", api_key: canary-2, rpm: 5, ' +
  'order: 1, extra_headers: {x-key: canary-3}}}';
const B = '{model_name: b, litellm_params: {api_base: "http://b/v1"}}';
const C = '{model_name: c, litellm_params: {api_base: "http://c/v1"}}';

test('a diff names what came, went and changed, and shows no secret', () => {
  const before = state(`${A}, ${B}`, 'dashboard: {token: canary-4}');
  const aliases = [{ name: 'x', model: 'a', listed: false, place: PLACE }];
  const after = state(`${A2}, ${C}`, 'log: {level: warn}', { aliases });
  const diff = diffConfig(before, after);
  assert.deepEqual(diff.options, [
    { path: 'dashboard.token', from: '***', to: '', needsRestart: false },
    { path: 'log.level', from: 'info', to: 'warn', needsRestart: false },
  ]);
  assert.deepEqual(diff.endpoints.added, ['c@http://c/v1']);
  assert.deepEqual(diff.endpoints.removed, ['b@http://b/v1']);
  const [{ id, fields } = { id: '', fields: {} }] = diff.endpoints.changed;
  assert.equal(id, 'a@http://a/v1');
  assert.deepEqual(fields.rpm_limit, { from: 0, to: 5 });
  assert.deepEqual(fields.order, { from: null, to: 1 });
  assert.deepEqual(fields.extra_headers, { from: '***', to: '***' });
  assert.deepEqual(diff.names, [{ name: 'alias x', from: null, to: 'a (hidden)' }]);
  assert.doesNotMatch(JSON.stringify(diff), /canary/);
  assert.equal(isEmptyDiff(diff), false);
});

test('each value of an endpoint that a file changes is a change, and no other', () => {
  const base = (more: string) =>
    `{model_name: a, litellm_params: {api_base: "http://a/v1"${more}}}`;
  const changes = {
    ...{ model: 'x', api_key: 'x', weight: 2, rpm_limit: 9, tpm_limit: 9, order: 2 },
    ...{ max_parallel_requests: 9, timeout: 9, stream_timeout: 9, num_retries: 9 },
    ...{ cooldown_time: 9, extra_headers: { x: 'y' } },
  };
  for (const [key, value] of Object.entries(changes)) {
    const next = state(base(`, ${key}: ${JSON.stringify(value)}`));
    const [{ fields } = { fields: {} }] = diffConfig(state(base('')), next).endpoints.changed;
    assert.equal(Object.keys(fields).length, 1, key);
  }
});

test('the same files make an empty diff, wherever their lines stand', () => {
  const diff = diffConfig(state(`${A}, ${B}`, 'log: {}'), state(`\n\n ${A},\n ${B}`));
  assert.ok(isEmptyDiff(diff));
});

test('each option that waits for the next start exists, and keeps its value until then', () => {
  for (const path of AT_START) assert.ok(OPTION_PATHS.has(path), path);
  const { value: first } = parseMain('server: {port: 1}\nrouting: {num_retries: 1}', 'c');
  const { value: next } = parseMain('server: {port: 2}\nrouting: {num_retries: 2}', 'c');
  const live = liveConfig(first!, next!);
  assert.equal(live.server.port, 1);
  assert.equal(live.routing.numRetries, 2);
});

test('what was loaded comes whole out of another thread, secrets included', () => {
  const { entries } = state(`${A2}, ${B}`);
  const byFile: Loaded['byFile'] = new Map([['e', { sourceType: 's', entries, ok: true }]]);
  const rest = { problems: [], files: ['e'], dir: 'd', listed: true };
  const copied = unpack(structuredClone(pack({ ...rest, endpoints: entries, byFile })));
  assert.deepEqual(copied.endpoints.map(revealed), entries.map(revealed));
  assert.deepEqual({ ...copied, endpoints: 0, byFile: 0 }, { ...rest, endpoints: 0, byFile: 0 });
});

function revealed(entry: ConfigState['entries'][number]): object {
  const headers = entry.own?.headers.map(([name, value]) => [name, value.reveal()]);
  return { ...entry, apiKey: entry.apiKey.reveal(), own: { ...entry.own, headers } };
}
