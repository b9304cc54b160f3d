/** Options from the environment: names, values, precedence, and what is wrong with them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { variableOf } from './environment.ts';
import { OPTION_PATHS } from './option-paths.ts';
import { parseMain } from './parse.ts';
import { formatProblem } from './problem.ts';

function parse(env: Record<string, string>, text = '', overrides = {}) {
  const parsed = parseMain(text, 'config.yaml', overrides, env);
  return { ...parsed, lines: parsed.problems.map(formatProblem) };
}

test('every option has a variable of its own', () => {
  const variables = [...OPTION_PATHS.keys()].map(variableOf);
  assert.equal(new Set(variables).size, variables.length);
  for (const variable of variables) assert.match(variable, /^LLM_ROUTER_[A-Z_]+?__[A-Z_]+$/);
});

test('numbers, words, booleans and lists are read as in the file', () => {
  const { value, lines } = parse({
    LLM_ROUTER_SERVER__PORT: '9000',
    LLM_ROUTER_HTTP_CLIENT__REQUEST_TIMEOUT: ' 1.5 ',
    LLM_ROUTER_ROUTING__STRATEGY: 'least-waiting',
    LLM_ROUTER_DASHBOARD__ENABLED: 'off',
    LLM_ROUTER_BACKENDS__ENABLED_SOURCES: 'lab, openai',
  });
  assert.deepEqual(lines, []);
  assert.equal(value?.server.port, 9000);
  assert.equal(value?.httpClient.requestTimeoutMs, 1500);
  assert.equal(value?.routing.strategy, 'least-waiting');
  assert.equal(value?.dashboard.enabled, false);
  assert.deepEqual(value?.backends.enabledSources, ['lab', 'openai']);
});

test('the environment wins over the file, and a flag over both', () => {
  const env = { LLM_ROUTER_LOG__LEVEL: 'warn', LLM_ROUTER_SERVER__PORT: '1' };
  const text = 'log: {level: error}\nserver: {port: 2, workers: 3}';
  const { value, settings, lines } = parse(env, text, { 'log.level': 'debug' });
  assert.deepEqual(lines, []);
  assert.equal(value?.log.level, 'debug');
  assert.equal(value?.server.port, 1);
  const origins = [...settings!].map(([path, { origin }]) => [path, origin]);
  assert.deepEqual(Object.fromEntries(origins), {
    'log.level': { kind: 'flag' },
    'server.port': { kind: 'environment', name: 'LLM_ROUTER_SERVER__PORT' },
    'server.workers': { kind: 'file', place: { file: 'config.yaml', line: 2, column: 28 } },
  });
});

test('an empty variable counts as not given', () => {
  assert.equal(parse({ LLM_ROUTER_SERVER__PORT: ' ' }).value?.server.port, 8000);
});

test('variables of other forms are of no concern', () => {
  const env = { LLM_ROUTER_SERVER_PORT: 'tcp://h:1', LLM_ROUTER_NODE: 'node', OTHER__PORT: 'x' };
  assert.deepEqual(parse(env).lines, []);
});

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: a reference is none there.
const FAULTS: readonly (readonly [name: string, value: string, said: string])[] = [
  ['SERVER__PORT', 'abc', 'must be a whole number from 0 to 65535, not "abc"'],
  ['SERVER__PORT', '70000', 'must be a whole number from 0 to 65535, not "70000"'],
  ['SERVER__PORT', '${X}', 'must be a whole number from 0 to 65535, not "${X}"'],
  ['DASHBOARD__ENABLED', 'maybe', 'must be true or false, not "maybe"'],
  [
    'LOG__LEVEL',
    'debg',
    'must be one of trace, debug, info, warn, error, fatal, silent, not "debg"; ' +
      'did you mean "debug"?',
  ],
  ['WEBHOOK__URL', 'canary', 'must be an http:// or https:// address'],
  ['SERVER__PROT', '1', 'there is no such option; did you mean "LLM_ROUTER_SERVER__PORT"?'],
  [
    'SERVER__WEB_PORT',
    '1',
    'there is no such option; did you mean "LLM_ROUTER_DASHBOARD__WEB_PORT"?',
  ],
  ['ZZZ__ZZZ', 'canary', 'there is no such option'],
  ['server__port', '1', 'there is no such option; did you mean "LLM_ROUTER_SERVER__PORT"?'],
];

// biome-ignore-end lint/suspicious/noTemplateCurlyInString: a reference is none there.
for (const [name, value, said] of FAULTS) {
  test(`refuses ${name}=${value}`, () => {
    const variable = `LLM_ROUTER_${name}`;
    const parsed = parse({ [variable]: value });
    assert.deepEqual(parsed.lines, [`environment ${variable}: ${said}`]);
    assert.equal(parsed.value, undefined);
  });
}

test('problems of the environment come together with those of the file', () => {
  const { lines } = parse({ LLM_ROUTER_SERVER__PORT: 'x' }, 'routing: {stratgy: x}');
  assert.equal(lines.length, 2);
  const broken = parse({ LLM_ROUTER_SERVER__PORT: 'x' }, 'routing: [');
  assert.ok(broken.lines.some((line) => line.startsWith('environment LLM_ROUTER_SERVER__PORT')));
});

test('a clash of two options is blamed on the one that was set', () => {
  const { lines } = parse({ LLM_ROUTER_RETRY__MAX_DELAY_MS: '1' });
  assert.deepEqual(lines, [
    'environment LLM_ROUTER_RETRY__MAX_DELAY_MS: retry.max_delay_ms: ' +
      '1 is less than retry.base_delay_ms (500)',
  ]);
});
