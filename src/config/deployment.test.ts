/** Endpoint files: each deployment stands alone, and no message shows a key. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseEndpoints } from './parse.ts';
import { formatProblem } from './problem.ts';

const ENV = { KEY: 'sk-canary', HOST: 'http://h1/v1', EMPTY_VAR: '' };

function parse(text: string) {
  const { value, problems } = parseEndpoints(text, 'e.yaml', 'self_deployed', ENV);
  return { entries: value, lines: problems.map(formatProblem), problems };
}

/** One deployment whose litellm_params are `params`, in flow style. */
function one(params: string, beside = '') {
  return parse(`model_list:\n- {model_name: m, ${beside}litellm_params: {${params}}}`);
}

const BASE = 'api_base: http://h/v1';

test('a full entry is read', () => {
  const text = [
    'model_list:',
    '  - model_name: qwen',
    '    litellm_params:',
    '      model: openai/Qwen/Qwen3-8B',
    '      api_base: http://H:8000/v1/',
    '      api_key: os.environ/KEY',
    '      weight: 2.5',
    '      rpm_limit: "60"',
    '      supports_vision: yes',
    '      source_type: lab',
  ].join('\r\n');
  const { entries, lines } = parse(text);
  assert.deepEqual(lines, []);
  const { apiKey, ...rest } = entries![0]!;
  assert.equal(apiKey.reveal(), 'sk-canary');
  assert.deepEqual(rest, {
    id: 'qwen@http://h:8000/v1',
    modelName: 'qwen',
    upstreamModel: 'Qwen/Qwen3-8B',
    apiBase: 'http://h:8000/v1',
    weight: 2.5,
    rpmLimit: 60,
    supportsVision: true,
    sourceType: 'lab',
    place: { file: 'e.yaml', line: 2, column: 5 },
  });
});

test('what is left out has a default', () => {
  const { entries, lines } = one(BASE);
  assert.deepEqual(lines, []);
  const { apiKey, place: _place, ...rest } = entries![0]!;
  assert.equal(apiKey.reveal(), '');
  assert.deepEqual(rest, {
    id: 'm@http://h/v1',
    modelName: 'm',
    upstreamModel: 'm',
    apiBase: 'http://h/v1',
    weight: 1,
    rpmLimit: 0,
    supportsVision: false,
    sourceType: 'self_deployed',
  });
});

for (const text of ['', '# all commented\n', 'model_list:', 'model_list: []', '{}']) {
  test(`${JSON.stringify(text)} has no endpoints and is good`, () => {
    assert.deepEqual(parse(text), { entries: [], lines: [], problems: [] });
  });
}

for (const text of [
  '- a',
  'model_list: x',
  'model_list: {a: 1}',
  'a: [',
  'model_list: []\nmodel_list: []',
]) {
  test(`${JSON.stringify(text)} is no endpoint file`, () => {
    const { entries, problems } = parse(text);
    assert.equal(entries, undefined);
    assert.equal(problems[0]?.severity, 'error');
  });
}

const FIELDS: readonly (readonly [params: string, field: string, value: unknown])[] = [
  ['api_key: ""', 'apiKey', ''],
  ['api_key: ~', 'apiKey', ''],
  ['api_key: EMPTY', 'apiKey', 'EMPTY'],
  ['api_key: none', 'apiKey', 'none'],
  ['api_key: 0123', 'apiKey', '0123'],
  ['api_key: os.environ/EMPTY_VAR', 'apiKey', ''],
  ['api_key: os.environ/KEY', 'apiKey', 'sk-canary'],
  ['weight: 0', 'weight', 1],
  ['weight: ~', 'weight', 1],
  ['weight: "3"', 'weight', 3],
  ['rpm_limit: null', 'rpmLimit', 0],
  ['rpm_limit: 0', 'rpmLimit', 0],
  ['rpm: 5', 'rpmLimit', 5],
  ['rpm_limit: 4, rpm: 5', 'rpmLimit', 4],
  ['model: 1.10', 'upstreamModel', '1.10'],
];

for (const [params, field, value] of FIELDS) {
  test(`${params} gives ${field} ${JSON.stringify(value)}`, () => {
    const entry = one(`${BASE}, ${params}`).entries![0]! as unknown as Record<string, unknown>;
    const found =
      field === 'apiKey' ? (entry.apiKey as { reveal(): string }).reveal() : entry[field];
    assert.equal(found, value);
  });
}

test('the rate limit is looked for in the entry, then the parameters, then the information', () => {
  const info = 'model_info: {rpm: 3}, ';
  assert.equal(one(`${BASE}, rpm_limit: 2`, `rpm: 1, ${info}`).entries![0]!.rpmLimit, 1);
  assert.equal(one(`${BASE}, rpm_limit: 2`, info).entries![0]!.rpmLimit, 2);
  assert.equal(one(BASE, info).entries![0]!.rpmLimit, 3);
});

const BAD: readonly (readonly [params: string, problem: RegExp])[] = [
  ['model: x', /api_base: is missing/],
  ['api_base: ""', /api_base: is missing/],
  ['api_base: [x]', /api_base: must be a text, not a list/],
  ['api_base: localhost:8000/v1', /did you mean "http:\/\/localhost:8000\/v1"\?$/],
  [`${BASE}, api_key: os.environ/MISSING`, /api_key: the environment has no variable MISSING/],
  [`${BASE}, api_key: "a\\nb-canary"`, /api_key: has control characters/],
  [`${BASE}, api_key: clé-canary`, /api_key: has characters that a header cannot carry/],
  [`${BASE}, api_key: [canary]`, /api_key: must be a text/],
  [`${BASE}, weight: -1`, /weight: must be a number from 0 to 1000000, not -1/],
  [`${BASE}, weight: .nan`, /weight: must be a number/],
  [`${BASE}, weight: heavy`, /weight: must be a number.*not "heavy"/],
  [`${BASE}, rpm_limit: -5`, /rpm_limit: must be null or a whole number/],
  [`${BASE}, rpm_limit: 1.5`, /rpm_limit: must be null or a whole number/],
  [`${BASE}, supports_vision: perhaps`, /supports_vision: must be true or false/],
];

for (const [params, problem] of BAD) {
  test(`{${params}} is left out, and the next one works`, () => {
    const good = `- {model_name: n, litellm_params: {${BASE}}}`;
    const text = `model_list:\n- {model_name: m, litellm_params: {${params}}}\n${good}`;
    const { entries, lines } = parse(text);
    assert.deepEqual(
      entries?.map((entry) => entry.modelName),
      ['n'],
    );
    assert.equal(lines[0]?.startsWith('e.yaml:2:'), true, lines[0]);
    assert.match(lines[0]!, problem);
    assert.match(lines[0]!, /model_list\[0\]\.litellm_params\..*\(this endpoint is left out\)/);
    assert.doesNotMatch(lines.join(), /canary/);
  });
}

test('an entry that is no section, or has no name or no parameters, is left out', () => {
  const text =
    'model_list:\n- 7\n-\n- {litellm_params: {api_base: "http://h"}}\n- {model_name: x}\n';
  const { entries, lines } = parse(text);
  assert.deepEqual(entries, []);
  assert.deepEqual(
    lines.map((line) => line.replace(' (this endpoint is left out)', '')),
    [
      'e.yaml:2:3: model_list[0]: must be a section with keys',
      'e.yaml:3:2: model_list[1]: must be a section with keys',
      'e.yaml:4:3: model_list[2].model_name: is missing',
      'e.yaml:5:3: model_list[3].litellm_params: is missing',
    ],
  );
});

test('weights of 0 are noted once per file', () => {
  const entry = `- {model_name: m, litellm_params: {${BASE}, weight: 0}}`;
  const { problems, entries } = parse(`model_list:\n${entry}\n${entry}\n`);
  assert.equal(entries?.length, 2);
  assert.deepEqual(
    problems.map(({ severity, message }) => [severity, message]),
    [['notice', '2 of 2 weights are 0, which means 1']],
  );
});

test('ignored keys are listed in one notice, with a hint where one looks mistyped', () => {
  const text = [
    'router_settings: {redis_host: r}',
    'model_list:',
    `- {model_name: m, litellm_params: {${BASE}, weigth: 2, metadata: 5},`,
    '   model_info: {id: 1, team: t}}',
    `- {model_name: n, litellm_params: {${BASE}, metadata: 5}, tps: 1}`,
  ].join('\n');
  const { problems, entries } = parse(text);
  assert.equal(entries?.length, 2);
  assert.deepEqual(
    problems.map(({ severity, message }) => [severity, message]),
    [
      [
        'notice',
        'ignored keys: litellm_params.metadata, litellm_params.weigth (did you mean weight?), ' +
          'model_info.team, router_settings.redis_host, tps',
      ],
    ],
  );
});

test('a flood of ignored keys is cut', () => {
  const flood = Array.from({ length: 500 }, (_, index) => `k${index}: 1`).join('\n');
  const { lines } = parse(`${flood}\nmodel_list: []`);
  assert.equal(lines.length, 1);
  assert.match(lines[0]!, / and 480 more$/);
});

test('merge keys and anchors share parameters', () => {
  const text = [
    'defaults: &d {api_key: k, weight: 3}',
    'model_list:',
    '- {model_name: m, litellm_params: {<<: *d, api_base: "http://a"}}',
    '- {model_name: m, litellm_params: {<<: *d, api_base: "http://b", weight: 1}}',
  ].join('\n');
  assert.deepEqual(
    parse(text).entries?.map(({ apiBase, weight }) => [apiBase, weight]),
    [
      ['http://a', 3],
      ['http://b', 1],
    ],
  );
});
