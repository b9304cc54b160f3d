/** The main file: values, units, and every problem at its place. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMain } from './parse.ts';
import { formatProblem } from './problem.ts';
import { DEFAULTS } from './schema.ts';

function lines(text: string, overrides = {}): string[] {
  return parseMain(text, 'config.yaml', overrides).problems.map(formatProblem);
}

for (const text of ['', '# nothing\n', '{}', 'server:\nrouting: ~\nlog: {}\n']) {
  test(`${JSON.stringify(text)} means the defaults`, () => {
    const { value, problems, settings } = parseMain(text, 'config.yaml');
    assert.deepEqual({ value, problems }, { value: DEFAULTS, problems: [] });
    assert.deepEqual(settings, new Map());
  });
}

test('seconds become milliseconds, and text that is a number is one', () => {
  const text = [
    'server: {port: "9000", drain_timeout: 1.5, workers: 2}',
    'http_client: {request_timeout: 60, idle_conn_timeout: 0.1}',
    'health_check: {interval: "5"}',
    'routing: {queue_timeout_ms: 250, strategy: least-waiting}',
    'dashboard: {enabled: off}',
    'backends: {config_dir: /etc/router, enabled_sources: [a-b, 7]}',
  ].join('\n');
  const { value, problems } = parseMain(text, 'config.yaml');
  assert.deepEqual(problems, []);
  assert.deepEqual(value, {
    ...DEFAULTS,
    server: { ...DEFAULTS.server, port: 9000, drainTimeoutMs: 1500, workers: 2 },
    httpClient: { ...DEFAULTS.httpClient, requestTimeoutMs: 60_000, idleConnTimeoutMs: 100 },
    healthCheck: { ...DEFAULTS.healthCheck, intervalMs: 5000 },
    routing: { ...DEFAULTS.routing, queueTimeoutMs: 250, strategy: 'least-waiting' },
    dashboard: { ...DEFAULTS.dashboard, enabled: false },
    backends: { configDir: '/etc/router', enabledSources: ['a-b', '7'] },
  });
});

const FAULTS: readonly (readonly [text: string, line: string])[] = [
  [
    'routing:\n  stratgy: x',
    'config.yaml:2:3: routing.stratgy: unknown key; did you mean "strategy"?',
  ],
  ['sever: {}', 'config.yaml:1:1: sever: unknown key; did you mean "server"?'],
  ['strategy: x', 'config.yaml:1:1: strategy: unknown key; did you mean "routing.strategy"?'],
  ['zzz: 1', 'config.yaml:1:1: zzz: unknown key'],
  [
    'routing: {strategy: least-conections}',
    'config.yaml:1:21: routing.strategy: must be one of simple-shuffle, least-connections, ' +
      'least-waiting, least-latency, prefix-aware, not "least-conections"; ' +
      'did you mean "least-connections"?',
  ],
  [
    'routing: {session_keys: [x-session-id, body.id]}',
    'config.yaml:1:25: routing.session_keys: must be a list of header fields, body.session_id, ' +
      'body.user, body.prompt_cache_key or prefix, not a list',
  ],
  [
    'server: {port: 70000}',
    'config.yaml:1:16: server.port: must be a whole number from 0 to 65535, not 70000',
  ],
  [
    'server: {port: -1}',
    'config.yaml:1:16: server.port: must be a whole number from 0 to 65535, not -1',
  ],
  [
    'server: {port: 80.5}',
    'config.yaml:1:16: server.port: must be a whole number from 0 to 65535, not 80.5',
  ],
  [
    'server: {port: .nan}',
    'config.yaml:1:16: server.port: must be a whole number from 0 to 65535, not .nan',
  ],
  [
    'server: {port: yes}',
    'config.yaml:1:16: server.port: must be a whole number from 0 to 65535, not yes',
  ],
  [
    'server: {port: [1]}',
    'config.yaml:1:16: server.port: must be a whole number from 0 to 65535, not a list',
  ],
  [
    'http_client: {connect_timeout: 10s}',
    'config.yaml:1:32: http_client.connect_timeout: ' +
      'must be a number of seconds from 0.001 to 2000000, not "10s"',
  ],
  [
    'http_client: {connect_timeout: .inf}',
    'config.yaml:1:32: http_client.connect_timeout: ' +
      'must be a number of seconds from 0.001 to 2000000, not .inf',
  ],
  [
    'dashboard: {enabled: maybe}',
    'config.yaml:1:22: dashboard.enabled: must be true or false, not "maybe"',
  ],
  [
    'backends: {enabled_sources: [a/b]}',
    'config.yaml:1:29: backends.enabled_sources: ' +
      'must be a list of names made of letters, digits, "_", "-" and ".", not a list',
  ],
  ['server: 5', 'config.yaml:1:9: server: must be a section with keys, not 5'],
  ['- 1', 'config.yaml:1:1: expected sections such as "server:" and "routing:"'],
  [
    'retry: {base_delay_ms: 9000}',
    'config.yaml:1:24: retry.max_delay_ms: 5000 is less than retry.base_delay_ms (9000)',
  ],
  [
    'ejection: {max_ms: 10}',
    'config.yaml:1:20: ejection.max_ms: 10 is less than ejection.base_ms (5000)',
  ],
  [
    'server: {port: 8080}',
    'config.yaml:1:16: dashboard.web_port: must differ from server.port (8080)',
  ],
];

for (const [text, line] of FAULTS) {
  test(`refuses ${text.replace('\n', ' ')}`, () => {
    assert.deepEqual(lines(text), [line]);
    assert.equal(parseMain(text, 'config.yaml').value, undefined);
  });
}

test('all problems come at once, in the order of the file', () => {
  const text = 'routing:\n  strategy: x\n  nope: 1\nserver:\n  port: 70000\nlogs: {}\n';
  assert.deepEqual(
    lines(text).map((line) => line.split(': ', 2).join(' ')),
    [
      'config.yaml:2:13 routing.strategy',
      'config.yaml:3:3 routing.nope',
      'config.yaml:5:9 server.port',
      'config.yaml:6:1 logs',
    ],
  );
});

test('columns are right after a byte order mark and with CRLF', () => {
  assert.match(lines('\uFEFFsever: {}\r\nrouting:\r\n  x: 1\r\n')[0]!, /^config\.yaml:1:1: /);
  assert.match(lines('\uFEFFsever: {}\r\nrouting:\r\n  x: 1\r\n')[1]!, /^config\.yaml:3:3: /);
});

test('a secret option is not shown, even when it is wrong', () => {
  const text = 'webhook: {url: "http://robot/canary\\n"}';
  assert.deepEqual(lines(text), [
    'config.yaml:1:16: webhook.url: must be an http:// or https:// address',
  ]);
});

test('operations beyond this machine need a token', () => {
  const open = (text: string) => lines(`dashboard: {${text}}`);
  for (const host of ['0.0.0.0', '10.0.0.1', '"::"', 'router.internal', '128.0.0.1']) {
    const name = host.replaceAll('"', '');
    assert.deepEqual(open(`host: ${host}`), [
      'config.yaml:1:19: dashboard.host: ' +
        `${name} can be reached from other machines: set dashboard.token as well`,
    ]);
    assert.deepEqual(open(`host: ${host}, token: tok-canary`), []);
    assert.deepEqual(open(`host: ${host}, enabled: false`), []);
  }
  for (const host of ['127.0.0.1', '127.1.2.3', '"::1"', 'localhost']) {
    assert.deepEqual(open(`host: ${host}`), [], host);
  }
});

test('alerts without an address are pointed out, and the file is used', () => {
  const { value, problems } = parseMain('webhook: {enabled: true}', 'config.yaml');
  assert.equal(value?.webhook.enabled, true);
  assert.deepEqual(problems.map(formatProblem), [
    'config.yaml:1:20: webhook.enabled: no alert is sent without webhook.url',
  ]);
});

test('an address for alerts is http or https, and is not shown when it is neither', () => {
  for (const url of ['https://h/send?key=canary', 'HTTP://h:1/x', '""']) {
    assert.deepEqual(lines(`webhook: {url: ${url}}`), [], url);
  }
  for (const url of ['file:///canary', 'ftp://h/canary', 'canary', 'http://', '"http://a b"']) {
    assert.deepEqual(
      lines(`webhook: {url: ${url}}`),
      ['config.yaml:1:16: webhook.url: must be an http:// or https:// address'],
      url,
    );
  }
});

test('an override wins over the file and over its errors', () => {
  const { value, problems } = parseMain('log: {level: error}', 'config.yaml', {
    'log.level': 'debug',
    'backends.enabled_sources': ['openai'],
  });
  assert.deepEqual(problems, []);
  assert.equal(value?.log.level, 'debug');
  assert.deepEqual(value?.backends.enabledSources, ['openai']);
});

test('a bad override is a problem of the command line', () => {
  assert.deepEqual(lines('', { 'log.level': 'loud' }), [
    '(command line): log.level: must be one of trace, debug, info, warn, error, fatal, silent, ' +
      'not "loud"',
  ]);
});

test('an override of an option that does not exist is a mistake of the caller', () => {
  assert.throws(() => parseMain('', 'config.yaml', { 'log.loudness': 1 }), RangeError);
});

test('client keys are texts or have names, come from the environment too, never shown', () => {
  const read = (list: string, env = {}) =>
    parseMain(`server: {api_keys: ${list}}`, 'config.yaml', {}, env);
  const env = { KEY: 'sk-env' };
  assert.deepEqual(
    read('[sk-1, {name: alice, key: os.environ/KEY}, os.environ/KEY]', env).value?.server.apiKeys,
    ['sk-1', { name: 'alice', key: 'sk-env' }, 'sk-env'],
  );
  const wrong = ['["canary key"]', '[{key: canary}]', '[{name: a, key: ""}]', '[null]', '"canary"'];
  for (const list of [...wrong, '[{name: "a b", key: canary}]', '[os.environ/NONE]']) {
    const { value, problems } = read(list, env);
    assert.equal(value, undefined, list);
    assert.doesNotMatch(problems.map(formatProblem).join(), /canary/);
  }
  assert.equal(read('[os.environ/EMPTY]', { EMPTY: '' }).value, undefined, 'not open by accident');
});
