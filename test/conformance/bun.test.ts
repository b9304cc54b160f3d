/**
 * Runs the transport suite under Bun, on Bun's own sockets; says so where there is no Bun. Bun's
 * node:test works only inside `bun test`, so the suite has a process of its own.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';

const PROJECT = resolve(import.meta.dirname, '..', '..');
const SUITE = './test/conformance/bun-suite.ts';
const LIMIT_MS = 60_000;

const bun =
  process.env.LLM_ROUTER_BUN ??
  globSync(join(PROJECT, 'node_modules/@oven/bun-*/bin/bun')).find(
    (file) => spawnSync(file, ['--version']).status === 0,
  );

test("Bun's sockets keep the contract of the transport seam", {
  skip: bun === undefined && 'no Bun in node_modules',
}, () => {
  const { status, stdout, stderr } = spawnSync(bun!, ['test', '--timeout', '20000', SUITE], {
    cwd: PROJECT,
    encoding: 'utf8',
    timeout: LIMIT_MS,
    // Bun writes caches below HOME.
    env: { ...process.env, HOME: tmpdir() },
  });
  assert.equal(status, 0, stdout + stderr);
  assert.match(stderr, /^ *[1-9]\d* pass$/m);
});
