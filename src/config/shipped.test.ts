/** What ships and what users have today: generated files are fresh, and everything loads. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ENTRY_KEY_NAMES, INFO_KEYS, PARAM_KEY_NAMES } from './endpoint-keys.ts';
import { loadAll } from './load.ts';
import { formatProblem } from './problem.ts';
import { DEFAULTS, SECTIONS } from './schema.ts';

const ROOT = join(import.meta.dirname, '../..');
const TOOL = join(ROOT, 'tools/config-doc.ts');

function allOptions() {
  return Object.values(SECTIONS).flatMap((section) =>
    Object.values(section.options).map((option) => `${section.key}.${option.key}`),
  );
}

test('the generated files are fresh', () => {
  execFileSync(process.execPath, [TOOL, '--check', '--out', ROOT], { stdio: 'pipe' });
});

test('the check fails where a generated file is missing or old', (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'llm-router-doc-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const { status, stderr } = spawnSync(process.execPath, [TOOL, '--check', '--out', dir]);
  assert.equal(status, 1);
  assert.match(String(stderr), /config\.yaml is stale/);
  assert.match(String(stderr), /docs\/configuration\.md is stale/);
  assert.match(String(stderr), /docs\/config\.schema\.json is stale/);
});

test('the page has every option and endpoint key, and no other', () => {
  const page = readFileSync(join(ROOT, 'docs/configuration.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `([\w.]+)` \|/gm)].map((match) => match[1]);
  const known = [...allOptions(), ...ENTRY_KEY_NAMES, ...PARAM_KEY_NAMES];
  known.push(...INFO_KEYS.map(({ key }) => key));
  assert.deepEqual(rows, known);
});

test('the JSON Schema has every option and endpoint key, and the shipped file names it', () => {
  const schema = JSON.parse(readFileSync(join(ROOT, 'docs/config.schema.json'), 'utf8'));
  const { model_list: list, ...sections } = schema.properties;
  const paths = Object.entries<{ properties: object }>(sections).flatMap(([key, { properties }]) =>
    Object.keys(properties).map((name) => `${key}.${name}`),
  );
  assert.deepEqual(paths, allOptions());
  const { properties } = list.items;
  assert.deepEqual(Object.keys(properties), ENTRY_KEY_NAMES);
  assert.deepEqual(Object.keys(properties.litellm_params.properties), PARAM_KEY_NAMES);
  const [port] = sections.server.properties.port.anyOf;
  assert.deepEqual(port, { type: 'integer', minimum: 0, maximum: 65535 });
  const text = readFileSync(join(ROOT, 'config.yaml'), 'utf8');
  assert.match(text, /^# yaml-language-server: \$schema=docs\/config\.schema\.json\n/);
});

test('the shipped files load without a problem and mean the defaults', async () => {
  const { config, problems, endpoints, files } = await loadAll(join(ROOT, 'config.yaml'), {
    env: {},
  });
  assert.deepEqual(problems.map(formatProblem), []);
  assert.deepEqual(config, DEFAULTS);
  assert.deepEqual(endpoints, []);
  assert.equal(files.length, 3);
});

test('the shipped file shows every option', () => {
  const text = readFileSync(join(ROOT, 'config.yaml'), 'utf8');
  for (const path of allOptions()) {
    const key = path.split('.')[1]!;
    assert.match(text, new RegExp(`^ {2}${key}: `, 'm'), path);
  }
});

test("the reference's files load unchanged, with nothing but the note on weights", async () => {
  const mainFile = join(ROOT, 'test/fixtures/reference/config.yaml');
  const { config, problems, endpoints } = await loadAll(mainFile, { env: {} });
  assert.deepEqual(
    problems.map(({ severity, message }) => [severity, message]),
    [
      ['notice', '2 of 2 weights are 0, which means 1'],
      ['notice', '3 of 3 weights are 0, which means 1'],
    ],
  );
  assert.deepEqual(config, {
    ...DEFAULTS,
    server: { ...DEFAULTS.server, port: 18_000 },
    httpClient: { ...DEFAULTS.httpClient, idleConnTimeoutMs: 90_000 },
    dashboard: { ...DEFAULTS.dashboard, webPort: 80 },
  });
  assert.deepEqual(
    endpoints.map(({ modelName, weight, rpmLimit, sourceType, supportsVision }) =>
      [modelName, weight, rpmLimit, sourceType, supportsVision].join(' '),
    ),
    [
      'gpt-4o 1 60 openai true',
      'gpt-4o 1 0 openai true',
      'Qwen3-VL-8B 1 0 self_deployed true',
      'Qwen3-VL-8B 1 0 self_deployed true',
      'Qwen3-8B 1 0 self_deployed false',
    ],
  );
});

test('every option has a valid default and one line of documentation', () => {
  for (const section of Object.values(SECTIONS)) {
    for (const option of Object.values(section.options)) {
      const path = `${section.key}.${option.key}`;
      assert.ok(option.schema.safeParse(option.defaultValue).success, path);
      assert.match(option.doc, /^[A-Z][^\n|]{5,110}\.$/, path);
    }
  }
});
