/**
 * The whole-process tests again, with the router under Bun: all of test/e2e and, for what lives
 * outside the data plane (reload, the operators' listener, its client), two files of test/process.
 * Left out is the measure of first tokens, which wants a quiet machine; the benches measure Bun.
 * Only the router runs under Bun: the tests themselves, and so what they find, are the same.
 */
import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import type { StatusSnapshot } from '../../src/control/status.ts';
import { runFile } from '../../tools/test-runner/run-file.ts';
import { PROJECT } from '../fakes/built.ts';
import { startRouter } from '../fakes/router.ts';
import { BUN, NO_BUN } from './installed.ts';

const MEASURE = 'test/e2e/first-token.test.ts';
const FILES = [
  ...globSync('test/e2e/*.test.ts', { cwd: PROJECT }).filter((file) => file !== MEASURE),
  'test/process/admin.test.ts',
  'test/process/operate.test.ts',
].sort();
const LIMITS = { timeoutMs: 60_000, graceMs: 2000 };

process.env.LLM_ROUTER_RUNTIME = 'bun';
if (BUN !== undefined) process.env.LLM_ROUTER_BUN = BUN;
// Bun writes caches below HOME.
process.env.HOME = tmpdir();

suite('the router under Bun', { concurrency: 2 }, () => {
  test('is what these tests talk to', { skip: NO_BUN }, async () => {
    const router = await startRouter({ endpoints: [] });
    try {
      const answer = await fetch(`${router.operationsUrl}/admin/status`);
      const status = (await answer.json()) as StatusSnapshot;
      assert.match(status.router.runtime, /^Bun \d/);
    } finally {
      await router.stop();
    }
  });

  for (const file of FILES) {
    test(`passes ${file}`, { skip: NO_BUN }, async () => {
      const { passed, failures } = await runFile(join(PROJECT, file), LIMITS);
      const told = failures.map(({ name, place, detail }) => `${name}\n${place}\n${detail}`);
      assert.equal(failures.length, 0, told.join('\n\n'));
      assert.ok(passed > 0, 'every test of the file was skipped');
    });
  }
});
