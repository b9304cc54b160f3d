/**
 * The launcher and run.sh in a copy of the project that holds fake Nodes and a fake npm: which
 * Node is chosen, what is said when none fits, and what is installed and built when.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';

const PROJECT = resolve(import.meta.dirname, '..');
const ARCH = process.arch === 'arm64' ? 'arm64' : 'x64';
const PINNED = `node_modules/node-linux-${ARCH}/bin/node`;

let root = '';

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'llm-router-launcher-'));
  for (const path of ['bin/llm-router', 'run.sh', 'tools/install.sh']) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    cpSync(join(PROJECT, path), join(root, path));
  }
  write('dist/main.js', '');
  write('dist/worker.js', '');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(path: string, text: string, ageSeconds = 0): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
  const time = Date.now() / 1000 - ageSeconds;
  utimesSync(join(root, path), time, time);
}

function script(path: string, body: string): void {
  write(path, `#!/bin/sh\n${body}\n`);
  chmodSync(join(root, path), 0o755);
}

/** A Node that knows its version and otherwise prints its name and arguments. */
function fakeNode(path: string, version: string): void {
  script(path, `if [ "$1" = --version ]; then echo ${version}; else echo "${path} $*"; fi`);
}

function run(command: string, args: readonly string[], env: Record<string, string> = {}) {
  const path = `${join(root, 'system')}:/usr/bin:/bin`;
  const result = spawnSync(join(root, command), args, {
    cwd: tmpdir(),
    encoding: 'utf8',
    env: { PATH: path, ...env },
  });
  return {
    code: result.status,
    out: result.stdout.replaceAll(root, '.').trim(),
    err: result.stderr.replaceAll(root, '.').trim(),
  };
}

test('takes the Node of the system when it is new enough', () => {
  fakeNode('system/node', 'v22.12.0');
  fakeNode(PINNED, 'v24.0.0');
  const { code, out } = run('bin/llm-router', ['-config', 'a b.yaml']);
  assert.equal(out, 'system/node ./dist/main.js -config a b.yaml');
  assert.equal(code, 0);
});

test('takes the pinned Node when that of the system is too old', () => {
  fakeNode(PINNED, 'v24.0.0');
  for (const version of ['v20.20.2', 'v22.11.9', 'v9.0.0', 'nonsense', '']) {
    fakeNode('system/node', version);
    assert.match(run('bin/llm-router', []).out, /^node_modules\/node-linux/, version);
  }
});

test('takes the pinned Node that npm put beside the package', () => {
  const beside = `../node-linux-${ARCH}/bin/node`;
  fakeNode('system/node', 'v20.0.0');
  const package_ = join(root, 'package');
  cpSync(join(root, 'bin'), join(package_, 'bin'), { recursive: true });
  cpSync(join(root, 'dist'), join(package_, 'dist'), { recursive: true });
  fakeNode(join('package', beside), 'v24.0.0');
  assert.match(run('package/bin/llm-router', []).out, /^node-linux/);
});

test('takes the Node of LLM_ROUTER_NODE before all others', () => {
  fakeNode('system/node', 'v24.0.0');
  fakeNode('mine/node', 'v22.12.0');
  const { out } = run('bin/llm-router', [], { LLM_ROUTER_NODE: join(root, 'mine/node') });
  assert.match(out, /^mine\/node/);
  const missing = run('bin/llm-router', [], { LLM_ROUTER_NODE: join(root, 'none') });
  assert.equal(missing.code, 1);
  assert.match(missing.err, /^llm-router: LLM_ROUTER_NODE=\.\/none is not a Node\.js 22\.12 .*\.$/);
});

test('says in one sentence that no Node fits', () => {
  fakeNode('system/node', 'v20.0.0');
  const { code, err } = run('bin/llm-router', []);
  assert.equal(code, 1);
  assert.match(err, /^llm-router: needs Node\.js 22\.12 or newer: .*npm ci in \.\.$/);
});

const BUN_ARCH = process.arch === 'arm64' ? 'aarch64' : 'x64';
const PINNED_BUN = `node_modules/@oven/bun-linux-${BUN_ARCH}/bin/bun`;
const ON_BUN = { LLM_ROUTER_RUNTIME: 'bun' };

test('takes the Bun of npm when asked for Bun, else that of the system', () => {
  fakeNode('system/node', 'v24.0.0');
  fakeNode('system/bun', '1.4.0');
  fakeNode(PINNED_BUN, '1.4.5');
  assert.equal(run('bin/llm-router', ['x'], ON_BUN).out, `${PINNED_BUN} ./dist/main.js x`);
  rmSync(join(root, PINNED_BUN));
  assert.equal(run('bin/llm-router', ['x'], ON_BUN).out, 'system/bun ./dist/main.js x');
});

test('takes the Bun of LLM_ROUTER_BUN before all others', () => {
  fakeNode(PINNED_BUN, '1.4.5');
  fakeNode('mine/bun', '2.0.1');
  const { out } = run('bin/llm-router', [], { ...ON_BUN, LLM_ROUTER_BUN: join(root, 'mine/bun') });
  assert.match(out, /^mine\/bun/);
});

test('never starts on Node when asked for Bun, nor on a runtime it does not know', () => {
  fakeNode('system/node', 'v24.0.0');
  for (const version of ['1.3.9', '0.8.1', 'nonsense']) {
    fakeNode('system/bun', version);
    const { code, out, err } = run('bin/llm-router', [], ON_BUN);
    assert.equal(code, 1);
    assert.equal(out, '');
    assert.match(err, /^llm-router: LLM_ROUTER_RUNTIME=bun needs Bun 1\.4 or newer: .*\.$/);
  }
  const other = run('bin/llm-router', [], { LLM_ROUTER_RUNTIME: 'deno' });
  assert.equal(other.err, 'llm-router: LLM_ROUTER_RUNTIME=deno is unknown; it is node or bun.');
});

test('says in one sentence that nothing is built', () => {
  fakeNode('system/node', 'v24.0.0');
  rmSync(join(root, 'dist'), { recursive: true });
  const { code, err } = run('bin/llm-router', []);
  assert.equal(code, 1);
  assert.equal(err, 'llm-router: not built yet: run npm ci && npm run build in ..');
});

test('finds its files through a chain of symlinks', () => {
  fakeNode('system/node', 'v24.0.0');
  mkdirSync(join(root, 'links'));
  symlinkSync('../bin/llm-router', join(root, 'links/one'));
  symlinkSync(join(root, 'links/one'), join(root, 'links/two'));
  assert.equal(run('links/two', ['x']).out, 'system/node ./dist/main.js x');
});

/** An installed and built project: run.sh has nothing to do. */
function prepared(): void {
  fakeNode('system/node', 'v24.0.0');
  script(
    'system/npm',
    `echo "npm $*"; mkdir -p node_modules; echo >node_modules/.package-lock.json`,
  );
  write('package-lock.json', '', 100);
  write('package.json', '', 100);
  write('tools/build.ts', '', 100);
  write('src/main.ts', '', 100);
  utimesSync(join(root, 'src'), new Date(0), new Date(0));
  write('node_modules/.package-lock.json', '', 50);
}

test('run.sh is silent when there is nothing to do', () => {
  prepared();
  const { out, err } = run('run.sh', ['demo']);
  assert.equal(out, 'system/node ./dist/main.js demo');
  assert.equal(err, '');
});

test('run.sh without arguments takes the shipped configuration', () => {
  prepared();
  assert.equal(run('run.sh', []).out, 'system/node ./dist/main.js -config ./config.yaml');
});

test('run.sh installs when node_modules is missing or older than the lockfile', () => {
  prepared();
  write('package-lock.json', '', 10);
  assert.match(run('run.sh', ['demo']).err, /npm ci/);
  assert.doesNotMatch(run('run.sh', ['demo']).err, /npm ci/);
  rmSync(join(root, 'node_modules'), { recursive: true });
  assert.match(run('run.sh', ['demo']).err, /npm ci/);
});

test('run.sh builds when a source is newer than the bundle or the bundle is gone', () => {
  prepared();
  write('dist/main.js', '', 20);
  write('src/main.ts', '', 10);
  assert.match(run('run.sh', ['demo']).err, /system\/node tools\/build\.ts/);
  rmSync(join(root, 'dist/worker.js'));
  assert.match(run('run.sh', ['demo']).err, /system\/node tools\/build\.ts/);
});

test('run.sh stops when packages cannot be installed', () => {
  prepared();
  script('system/npm', 'echo "no network" >&2; exit 7');
  rmSync(join(root, 'node_modules'), { recursive: true });
  const { code, out, err } = run('run.sh', ['demo']);
  assert.notEqual(code, 0);
  assert.equal(out, '');
  assert.match(err, /no network/);
});
