/** References to the environment: what they become, where they may stand, what is never shown. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseEndpoints, parseMain } from './parse.ts';
import { formatProblem } from './problem.ts';
import { fillIn } from './references.ts';

const ENV = { PORT: '9000', KEY: 'sk-canary', HOST: 'h1', EMPTY: '', LINE: 'x\n' };

function fill(text: string): string | null {
  const { tree, fault } = fillIn({ kind: 'scalar', at: 0, value: text, source: text }, ENV);
  if (fault !== '') return `fault: ${fault}`;
  return tree.kind === 'scalar' && tree.value !== null ? tree.source : null;
}

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: they are the cases.
const CASES: readonly (readonly [written: string, read: string | null])[] = [
  ['plain $5 and {x}', 'plain $5 and {x}'],
  ['os.environ/PORT', '9000'],
  ['os.environ/LINE', 'x'],
  ['os.environ/EMPTY', null],
  ['os.environ/NONE', 'fault: the environment has no variable NONE'],
  ['not os.environ/PORT', 'not os.environ/PORT'],
  ['${PORT}', '9000'],
  ['http://${HOST}:${PORT}/v1', 'http://h1:9000/v1'],
  ['${NONE:-8000}', '8000'],
  ['${EMPTY:-8000}', '8000'],
  ['${PORT:-8000}', '9000'],
  ['${NONE:-}', null],
  ['${NONE:-a:-b c}', 'a:-b c'],
  ['${EMPTY}', null],
  ['a${EMPTY}b', 'ab'],
  ['${NONE}', 'fault: the environment has no variable NONE'],
  ['$${PORT}', '${PORT}'],
  ['${KEY}$${KEY}', 'sk-canary${KEY}'],
];

for (const [written, read] of CASES) {
  test(`"${written}" is ${JSON.stringify(read)}`, () => {
    assert.equal(fill(written), read);
  });
}

test('refuses a reference that is not one', () => {
  for (const text of ['${', '${}', '${A', '${1A}', '${A-b}', '${A:-${PORT}}']) {
    assert.match(fill(text)!, /^fault: has a "\$\{" that does not begin/, text);
  }
});

test('does not read a value of the environment a second time', () => {
  const env = { A: '${B}', B: 'canary' };
  const written = { kind: 'scalar', at: 0, value: '${A}', source: '${A}' } as const;
  const { tree } = fillIn(written, env);
  assert.equal(tree.kind === 'scalar' && tree.source, '${B}');
});

test('the main file takes references in any value, lists included', () => {
  const text = [
    'server:',
    '  host: os.environ/HOST',
    '  port: ${PORT}',
    'log:',
    '  level: ${LEVEL:-debug}',
    'dashboard:',
    '  enabled: ${DASHBOARD:-off}',
    'backends:',
    '  enabled_sources: [os.environ/HOST, "${NONE:-lab}"]',
    'routing:',
    '  num_retries: ${NONE:-}',
  ].join('\n');
  const { value, problems } = parseMain(text, 'config.yaml', {}, ENV);
  assert.deepEqual(problems, []);
  assert.equal(value?.server.host, 'h1');
  assert.equal(value?.server.port, 9000);
  assert.equal(value?.log.level, 'debug');
  assert.equal(value?.dashboard.enabled, false);
  assert.deepEqual(value?.backends.enabledSources, ['h1', 'lab']);
  assert.equal(value?.routing.numRetries, 3);
});

test('a missing variable is an error at its value, and a wrong one is not shown', () => {
  const text = 'server:\n  host: ${NONE}\n  port: ${KEY}\nwebhook:\n  url: ${KEY}\n';
  const { value, problems } = parseMain(text, 'config.yaml', {}, ENV);
  assert.equal(value, undefined);
  assert.deepEqual(problems.map(formatProblem), [
    'config.yaml:2:9: server.host: the environment has no variable NONE',
    'config.yaml:3:9: server.port: must be a whole number from 0 to 65535, ' +
      'not the value of "${KEY}"',
    'config.yaml:5:8: webhook.url: must be an http:// or https:// address',
  ]);
});

function deployment(...params: string[]) {
  const lines = params.map((param) => `      ${param}\n`).join('');
  const text = `model_list:\n  - model_name: \${NAME:-m}\n    litellm_params:\n${lines}`;
  const { value = [], problems } = parseEndpoints(text, 'e.yaml', 'lab', ENV);
  return { entries: value, lines: problems.map(formatProblem) };
}

test('a deployment takes references in any value', () => {
  const { entries, lines } = deployment(
    ...['api_base: http://${HOST}:${PORT}/v1', 'api_key: ${KEY}', 'weight: ${WEIGHT:-2}'],
    ...['rpm_limit: os.environ/PORT', 'supports_vision: ${VISION:-yes}', 'unread: ${NONE}'],
  );
  assert.deepEqual(lines, ['e.yaml:1:1: ignored keys: litellm_params.unread']);
  const { apiKey, place: _, ...rest } = entries[0]!;
  assert.equal(apiKey.reveal(), 'sk-canary');
  assert.deepEqual(rest, {
    id: 'm@http://h1:9000/v1',
    modelName: 'm',
    upstreamModel: 'm',
    apiBase: 'http://h1:9000/v1',
    weight: 2,
    rpmLimit: 9000,
    supportsVision: true,
    sourceType: 'lab',
  });
});

test('a deployment whose variable is missing is left out with one message', () => {
  const { entries, lines } = deployment('api_base: ${NONE}', 'api_key: os.environ/NONE');
  assert.deepEqual(entries, []);
  assert.deepEqual(lines, [
    'e.yaml:4:17: model_list[0].litellm_params.api_base: ' +
      'the environment has no variable NONE (this endpoint is left out)',
    'e.yaml:5:16: model_list[0].litellm_params.api_key: ' +
      'the environment has no variable NONE (this endpoint is left out)',
  ]);
});

test('no message shows what the environment holds', () => {
  for (const key of ['api_base', 'weight', 'rpm_limit', 'supports_vision']) {
    const params = key === 'api_base' ? [] : ['api_base: http://h/v1'];
    const { entries, lines } = deployment(...params, `${key}: os.environ/KEY`);
    assert.equal(entries.length, 0, key);
    assert.equal(lines.length, 1, key);
    assert.doesNotMatch(lines[0]!, /canary/);
  }
});
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: they are the cases.
