/** Loading from disk: which files count, and what happens to those that cannot be read. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { loadAll } from './load.ts';
import { formatProblem } from './problem.ts';

/** A folder with these files; removed after the test. */
function folder(t: TestContext, files: Record<string, string | Buffer>): string {
  const dir = mkdtempSync(join(tmpdir(), 'llm-router-load-'));
  t.after(() => rmSync(dir, { recursive: true }));
  mkdirSync(join(dir, 'configs'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
  return dir;
}

function endpoints(...addresses: string[]): string {
  const items = addresses.map(
    (address) => `- {model_name: m, litellm_params: {api_base: "http://${address}"}}\n`,
  );
  return `model_list:\n${items.join('')}`;
}

async function load(dir: string, options = {}) {
  const loaded = await loadAll(join(dir, 'config.yaml'), { env: {}, ...options });
  return {
    ...loaded,
    names: loaded.files.map((file) => file.slice(dir.length + 1)),
    hosts: loaded.endpoints.map(({ apiBase }) => apiBase.slice('http://'.length)),
    lines: loaded.problems.map((problem) => formatProblem(problem).replaceAll(`${dir}/`, '')),
  };
}

test('files of enabled sources add up, in the order of their names', async (t) => {
  const dir = folder(t, {
    'config.yaml': 'backends: {enabled_sources: [self, self_deployed]}',
    'configs/self_deployed_b.yaml': endpoints('b'),
    'configs/self_deployed_a.yml': endpoints('a1', 'a2'),
    'configs/self_x.yaml': endpoints('x'),
    'configs/openai_config.yaml': endpoints('o'),
    'configs/self_deployed_c.yaml.bak': endpoints('bak'),
    'configs/.self_deployed_d.yaml.swp': endpoints('swp'),
    'configs/self_deployed.yaml': endpoints('none'),
  });
  const { names, hosts, lines, endpoints: entries, listed } = await load(dir);
  assert.deepEqual(lines, []);
  assert.deepEqual(names, [
    'config.yaml',
    'configs/self_deployed.yaml',
    'configs/self_deployed_a.yml',
    'configs/self_deployed_b.yaml',
    'configs/self_x.yaml',
  ]);
  assert.deepEqual(hosts, ['none', 'a1', 'a2', 'b', 'x']);
  assert.deepEqual(
    entries.map(({ sourceType }) => sourceType),
    ['self', ...Array(3).fill('self_deployed'), 'self'],
  );
  assert.equal(listed, true);
});

test('flags choose the sources and override options', async (t) => {
  const dir = folder(t, {
    'config.yaml': 'backends: {enabled_sources: [self_deployed]}',
    'configs/self_deployed_a.yaml': endpoints('a'),
    'configs/openai_a.yaml': endpoints('o'),
  });
  const overrides = { 'log.level': 'debug' };
  const { hosts, config } = await load(dir, { enabledSources: ['openai'], overrides });
  assert.deepEqual(hosts, ['o']);
  assert.equal(config?.log.level, 'debug');
});

test('an absolute folder is taken as it is', async (t) => {
  const elsewhere = folder(t, { 'configs/openai_a.yaml': endpoints('o') });
  const dir = folder(t, { 'config.yaml': `backends: {config_dir: ${elsewhere}/configs}` });
  assert.deepEqual((await load(dir)).hosts, ['o']);
});

test('of one identity in two files the later counts, and both places are named', async (t) => {
  const dir = folder(t, {
    'config.yaml': '',
    'configs/openai_a.yaml': endpoints('h:80/v1/', 'other'),
    'configs/openai_b.yaml': endpoints('x', 'H/v1'),
  });
  const { hosts, lines, endpoints: entries } = await load(dir);
  assert.deepEqual(hosts, ['h/v1', 'other', 'x']);
  assert.match(entries[0]!.place.file, /openai_b\.yaml$/);
  assert.deepEqual(lines, [
    'configs/openai_b.yaml:3:3: m@http://h/v1: the same endpoint as at ' +
      'configs/openai_a.yaml:2:3; this one counts',
  ]);
});

test('a broken file is flagged and does not touch the others', async (t) => {
  const dir = folder(t, {
    'config.yaml': '',
    'configs/openai_a.yaml': 'model_list: [',
    'configs/openai_b.yaml': endpoints('b'),
    'configs/openai_c.yaml': '',
    'configs/openai_d.yaml': Buffer.from([0xff, 0xfe, 0x00]),
    'configs/openai_e.yaml': `#${'x'.repeat(1024 * 1024)}`,
  });
  mkdirSync(join(dir, 'configs/openai_f.yaml'));
  symlinkSync('nowhere', join(dir, 'configs/openai_g.yaml'));
  symlinkSync('/dev/zero', join(dir, 'configs/openai_h.yaml'));
  const { hosts, byFile, lines } = await load(dir);
  assert.deepEqual(hosts, ['b']);
  assert.deepEqual(
    [...byFile].map(([file, { ok }]) => [file.at(-6), ok]),
    [...'abcdefgh'].map((letter) => [letter, letter === 'b' || letter === 'c']),
  );
  assert.deepEqual(lines.slice(1), [
    'configs/openai_d.yaml: cannot be read: it is not UTF-8 text',
    'configs/openai_e.yaml: is larger than 1048576 bytes',
    'configs/openai_f.yaml: is not a regular file',
    'configs/openai_g.yaml: cannot be read: it does not exist',
    'configs/openai_h.yaml: is not a regular file',
  ]);
  assert.match(lines[0]!, /^configs\/openai_a\.yaml:1:\d+: /);
});

test('a missing folder is a problem, not an empty one', async (t) => {
  const dir = folder(t, { 'config.yaml': 'backends: {config_dir: nowhere}' });
  const { config, listed, lines, endpoints: entries } = await load(dir);
  assert.ok(config);
  assert.equal(listed, false);
  assert.deepEqual(entries, []);
  assert.deepEqual(lines, [
    'nowhere: backends.config_dir: cannot list the endpoint files: it does not exist',
  ]);
});

test('a bad or missing main file gives no configuration', async (t) => {
  const dir = folder(t, { 'configs/openai_a.yaml': endpoints('a') });
  const missing = await load(dir);
  assert.equal(missing.config, undefined);
  assert.deepEqual(missing.lines, ['config.yaml: cannot be read: it does not exist']);
  writeFileSync(join(dir, 'config.yaml'), 'sever: {}');
  const bad = await load(dir);
  assert.equal(bad.config, undefined);
  assert.equal(bad.byFile.size, 0);
  assert.deepEqual(bad.lines, ['config.yaml:1:1: sever: unknown key; did you mean "server"?']);
});
