/** Files written for LiteLLM, as main files and as endpoint files. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { RouteTable } from '../core/route-table.ts';
import { LITELLM_KEYS } from './litellm-sections.ts';
import { loadAll } from './load.ts';
import { mergeRules } from './model-names.ts';
import { formatProblem } from './problem.ts';
import { buildRouteTableSpec, SlotAllocator } from './route-table-spec.ts';

function folder(t: TestContext, files: Record<string, string>): string {
  const dir = mkdtempSync(join(tmpdir(), 'llm-router-litellm-'));
  t.after(() => rmSync(dir, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), text);
  }
  return dir;
}

async function load(dir: string, env = {}) {
  const loaded = await loadAll(join(dir, 'config.yaml'), { env });
  const lines = loaded.problems.map((one) => formatProblem(one).replaceAll(`${dir}/`, ''));
  const names = mergeRules([...loaded.byFile.values()].map((file) => file.names));
  const rules = { routing: { strategy: 'simple-shuffle' as const }, names };
  const { spec } = buildRouteTableSpec(loaded.endpoints, rules, new SlotAllocator(99), 1);
  return { ...loaded, lines, spec, table: new RouteTable(spec) };
}

const MAIN = `
model_list:
  - model_name: gpt-4o
    litellm_params:
      model: openai/gpt-4o
      api_base: https://api.example.com/v1
      litellm_credential_name: example
      organization: org-1
      order: 1
      tpm: 100000
  - model_name: gpt-4o
    litellm_params:
      model: hosted_vllm/Qwen/Qwen3-8B
      api_base: os.environ/VLLM_BASE
      timeout: 30
      extra_headers: {X-Team: os.environ/TEAM}
      order: 2
    model_info: {id: abc, mode: chat, disable_background_health_check: true}
  - model_name: team/*
    litellm_params: {model: openai/*, api_base: 'http://10.0.0.3/v1', cooldown_time: 0}
  - model_name: off
    litellm_params: {model: openai/x, api_base: 'http://10.0.0.4/v1'}
    model_info: {blocked: yes}
router_settings:
  routing_strategy: least-busy
  num_retries: 5
  retry_after: 2
  allowed_fails: 4
  cooldown_time: 60
  timeout: 120
  stream_timeout: 20
  default_max_parallel_requests: 8
  model_group_alias: {gpt-4: gpt-4o, gpt-hidden: {model: gpt-4o, hidden: true}}
  fallbacks: [{gpt-4o: [team/small]}]
  default_fallbacks: [gpt-4]
  redis_host: localhost
litellm_settings: {num_retries: 1, request_timeout: 9, drop_params: true}
general_settings:
  master_key: os.environ/MASTER
  health_check_interval: 120
  max_request_size_mb: 10
  global_max_parallel_requests: 50
environment_variables: {VLLM_BASE: 'http://10.0.0.2:8000/v1', TEAM: blue}
credential_list:
  - credential_name: example
    credential_values: {api_key: os.environ/EXAMPLE_KEY}
`;
const ENV = { EXAMPLE_KEY: 'sk-example', MASTER: 'sk-master' };

test('a LiteLLM file is a main file by itself', async (t) => {
  const { config, endpoints, lines, table } = await load(folder(t, { 'config.yaml': MAIN }), ENV);
  assert.deepEqual(
    lines.filter((line) => !/ignored keys/.test(line)),
    ['config.yaml:21:5: model_list[3]: is blocked (this endpoint is left out)'],
  );
  assert.match(lines.join(), /ignored keys: .*litellm_settings\.drop_params/);
  assert.match(lines.join(), /router_settings\.redis_host/);
  assert.equal(config?.routing.strategy, 'least-connections');
  assert.equal(config?.routing.numRetries, 5);
  assert.equal(config?.retry.baseDelayMs, 2000);
  assert.equal(config?.retry.failureThreshold, 5);
  assert.equal(config?.healthCheck.intervalMs, 120_000);
  assert.equal(config?.server.maxBodyBytes, 10 * 1024 * 1024);
  assert.equal(config?.server.maxRequests, 50);
  assert.deepEqual(config?.server.apiKeys, [{ name: 'master', key: 'sk-master' }]);
  const [first, second, third] = endpoints;
  assert.equal(first?.apiKey.reveal(), 'sk-example');
  assert.equal(first?.sourceType, 'openai');
  assert.equal(second?.sourceType, 'self_deployed');
  assert.equal(second?.upstreamModel, 'Qwen/Qwen3-8B');
  assert.equal(second?.apiBase, 'http://10.0.0.2:8000/v1');
  const shared = { maxParallel: 8, streamTimeoutMs: 20_000, cooldownMs: 60_000, numRetries: -1 };
  const { headers: organization, ...firstOwn } = first!.own!;
  assert.deepEqual(firstOwn, {
    ...shared,
    order: 1,
    tpmLimit: 100_000,
    timeoutMs: 120_000,
    probed: true,
  });
  assert.deepEqual(
    organization.map(([name, value]) => [name, value.reveal()]),
    [['OpenAI-Organization', 'org-1']],
  );
  const { headers: team, ...secondOwn } = second!.own!;
  assert.deepEqual(secondOwn, {
    ...shared,
    order: 2,
    tpmLimit: 0,
    timeoutMs: 30_000,
    probed: false,
  });
  assert.deepEqual(
    team.map(([name, value]) => [name, value.reveal()]),
    [['X-Team', 'blue']],
  );
  assert.equal(third?.own?.cooldownMs, 0);
  assert.deepEqual(table.modelNames, ['gpt-4o', 'gpt-4']);
  const goesTo = (model: string) =>
    table.route(model)?.fallbacks.map(({ cluster, matched }) => [cluster.name, ...matched]);
  assert.equal(table.route('gpt-hidden')?.cluster.size, 2);
  assert.deepEqual(goesTo('gpt-4'), [['team/*', 'small']]);
  assert.deepEqual(goesTo('team/large'), [['gpt-4o']], 'the default');
});

test('no secret of a LiteLLM file is printed', async (t) => {
  const text = MAIN.replace('os.environ/MASTER', '"sk canary"').replace('blue', 'cän canary');
  const { config, lines, endpoints } = await load(folder(t, { 'config.yaml': text }), ENV);
  assert.equal(config, undefined, 'a key that cannot be used must not leave the door open');
  assert.match(lines.join('\n'), /general_settings\.master_key: must be a text of visible/);
  assert.doesNotMatch(lines.join('\n'), /canary/);
  assert.doesNotMatch(JSON.stringify(endpoints), /canary|sk-example|blue/);
});

test('a master key whose variable is missing stops the start', async (t) => {
  const dir = folder(t, { 'config.yaml': MAIN });
  for (const env of [{ EXAMPLE_KEY: 'k' }, { EXAMPLE_KEY: 'k', MASTER: '' }]) {
    const { config, lines } = await load(dir, env);
    assert.equal(config, undefined);
    assert.match(lines.join('\n'), /general_settings\.master_key: /);
  }
});

test('our own sections and the environment win over what LiteLLM calls the same', async (t) => {
  const text = `${MAIN}routing: {num_retries: 7}\nhealth_check: {interval: 10}\n`;
  const env = { ...ENV, LLM_ROUTER_HEALTH_CHECK__INTERVAL: '11' };
  const { config } = await load(folder(t, { 'config.yaml': text }), env);
  assert.equal(config?.routing.numRetries, 7);
  assert.equal(config?.healthCheck.intervalMs, 11_000);
});

test('a LiteLLM file among the endpoint files settles what concerns its endpoints', async (t) => {
  const dir = folder(t, {
    'config.yaml': 'server: {port: 9}',
    'configs/openai_litellm.yaml': MAIN,
    'configs/openai_other.yaml':
      'model_list: [{model_name: o, litellm_params: {api_base: "http://o/v1"}}]',
  });
  const { config, endpoints, lines, table } = await load(dir, ENV);
  assert.equal(config?.routing.numRetries, 3);
  assert.deepEqual(config?.server.apiKeys, []);
  assert.match(
    lines.join('\n'),
    /master_key: has an effect in the main file only; set server\.api_keys there/,
  );
  assert.equal(endpoints.find(({ modelName }) => modelName === 'gpt-4o')?.own?.numRetries, 5);
  assert.equal(endpoints.find(({ modelName }) => modelName === 'o')?.own, undefined);
  assert.deepEqual(table.modelNames, ['gpt-4o', 'o', 'gpt-4']);
  assert.equal(table.route('gpt-4')?.fallbacks.length, 1);
});

test('included files add their endpoints; a missing one makes the main file invalid', async (t) => {
  const entry = (name: string) =>
    `model_list: [{model_name: ${name}, litellm_params: {model: openai/x, ` +
    `api_base: 'http://${name}/v1', litellm_credential_name: c}}]\n`;
  const credentials =
    'credential_list: [{credential_name: c, credential_values: {api_key: sk-1}}]\n';
  const dir = folder(t, {
    'config.yaml': `include: [more/a.yaml]\n${credentials}${entry('m')}`,
    'more/a.yaml': `${entry('a')}router_settings: {model_group_alias: {b: a}}\n`,
  });
  const { endpoints, files, lines, table } = await load(dir);
  assert.deepEqual(lines, []);
  assert.deepEqual(
    endpoints.map(({ modelName, apiKey }) => `${modelName} ${apiKey.reveal()}`),
    ['m sk-1', 'a sk-1'],
  );
  assert.deepEqual(
    files.map((file) => file.slice(dir.length + 1)),
    ['config.yaml', 'more/a.yaml'],
  );
  assert.equal(table.route('b')?.cluster.name, 'a');
  rmSync(join(dir, 'more/a.yaml'));
  const broken = await load(dir);
  assert.equal(broken.config, undefined);
  assert.match(broken.lines.join(), /more\/a\.yaml: cannot be read: it does not exist/);
});

test('values that make no sense are warnings with their place, and the rest counts', async (t) => {
  const text = [
    'model_list: [{model_name: m, litellm_params: {model: x, api_base: "http://m/v1"}}]',
    'router_settings:',
    '  routing_strategy: cost-based-routing',
    '  timeout: soon',
    '  fallbacks: [{m: [nobody]}, {ghost: [m]}, 5]',
    '  model_group_alias: {a: nobody, b: [x]}',
    'general_settings: 5',
    'credential_list: [{credential_name: x}]',
  ].join('\n');
  const { config, lines, table } = await load(folder(t, { 'config.yaml': text }));
  assert.notEqual(config, undefined);
  assert.deepEqual(lines, [
    'config.yaml:3:21: router_settings.routing_strategy: no strategy here is like ' +
      '"cost-based-routing"; routing.strategy stays as it is',
    'config.yaml:4:12: router_settings.timeout: must be a number that is not ' +
      'negative, not "soon"; it has no effect',
    'config.yaml:5:44: router_settings.fallbacks: must be a list of sections such as ' +
      '{model: [other, models]}, not 5; it has no effect',
    'config.yaml:6:37: router_settings.model_group_alias: must be the name of a ' +
      'model, not a list; it has no effect',
    'config.yaml:7:19: general_settings: must be a section with keys, not 5; it has no effect',
    'config.yaml:8:19: credential_list: must have credential_name and ' +
      'credential_values; it has no effect',
    'config.yaml:5:19: fallbacks.m: no endpoint serves "nobody"',
    'config.yaml:6:26: model_group_alias.a: no endpoint serves "nobody"',
    'config.yaml:5:38: fallbacks.ghost: no endpoint serves it; all goes to its fallbacks',
  ]);
  assert.equal(table.route('ghost')?.cluster.name, 'm');
});

test('sections at its top that are nobody here are ignored; slips of ours are not', async (t) => {
  const own = 'model_list: [{model_name: m, litellm_params: {model: x, api_base: "http://m/v1"}}]';
  const foreign = ['guardrails', 'mcp_servers', 'files_settings', 'vector_store_registry'];
  const text = [own, ...foreign.map((key) => `${key}: [{a: 1}]`)].join('\n');
  const { config, endpoints, lines } = await load(folder(t, { 'config.yaml': text }));
  assert.notEqual(config, undefined);
  assert.equal(endpoints.length, 1);
  assert.deepEqual(lines, [
    'config.yaml:1:1: ignored keys: files_settings, guardrails, mcp_servers, vector_store_registry',
  ]);
  const slips = [own, 'guardrails: []', 'sever: {}', 'router_setings: {}', 'strategy: x'];
  const bad = await load(folder(t, { 'config.yaml': slips.join('\n') }));
  assert.equal(bad.config, undefined);
  assert.deepEqual(
    bad.lines.filter((line) => line.includes('unknown')),
    [
      'config.yaml:3:1: sever: unknown key; did you mean "server"?',
      'config.yaml:4:1: router_setings: unknown key; did you mean "router_settings"?',
      'config.yaml:5:1: strategy: unknown key; did you mean "routing.strategy"?',
    ],
  );
});

test('each key of the sections is in the table once', () => {
  const names = LITELLM_KEYS.map(({ section, key }) => `${section}.${key}`);
  assert.equal(new Set(names).size, names.length);
});

test('the page for those who come from LiteLLM is fresh', () => {
  const root = join(import.meta.dirname, '../..');
  execFileSync(process.execPath, [join(root, 'tools/litellm-doc.ts'), '--check']);
});
