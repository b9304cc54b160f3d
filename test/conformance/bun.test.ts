/**
 * Runs the transport suite under Bun, on Bun's own sockets; says so where there is no Bun. Bun's
 * node:test works only inside `bun test`, so the suite has a process of its own.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { loadavg, tmpdir } from 'node:os';
import { test } from 'node:test';
import { BUN, NO_BUN } from '../bun/installed.ts';
import { PROJECT } from '../fakes/built.ts';

const SUITE = './test/conformance/bun-suite.ts';
const LIMIT_MS = 60_000;

test("Bun's sockets keep the contract of the transport seam", { skip: NO_BUN }, () => {
  const startMs = performance.now();
  const { status, signal, error, stdout, stderr } = spawnSync(
    BUN!,
    ['test', '--timeout', '20000', SUITE],
    {
      cwd: PROJECT,
      encoding: 'utf8',
      timeout: LIMIT_MS,
      // Bun writes caches below HOME.
      env: { ...process.env, HOME: tmpdir() },
    },
  );
  const tookMs = Math.round(performance.now() - startMs);
  // Whoever sees this fail, once in hundreds of runs, has nothing else to go by: a crash, a suite
  // that hangs and a test that failed look different here, and a busy machine shows.
  const how =
    `code ${status}, signal ${signal}, ${error?.message ?? 'no error'}, after ${tookMs} ms, ` +
    `load ${loadavg()[0]!.toFixed(1)}; what it said:\n${stdout}${stderr}`;
  assert.equal(status, 0, how);
  assert.match(stderr, /^ *[1-9]\d* pass$/m, how);
});
