import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type FileResult, runFile } from './run-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'llm-router-run-file-'));
after(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;

async function run(source: string, timeoutMs = 30_000): Promise<FileResult> {
  const file = join(folder, `sample-${files++}.mjs`);
  writeFileSync(file, `import { describe, test, before } from 'node:test';\n${source}`);
  return await runFile(file, { timeoutMs, graceMs: 100 });
}

const summary = ({ passed, skipped, failures }: FileResult) => ({
  passed,
  skipped,
  failures: failures.map(({ name }) => name.replace(/\d+/g, 'N')),
});

test('counts tests, not suites, and names them by their path', async () => {
  const result = await run(`
    describe('outer', () => {
      test('a', () => {});
      test('b', () => { throw new Error('broken b'); });
      test('c', { skip: 'not here' }, () => {});
    });
    test('d', () => {});`);
  assert.deepEqual(summary(result), { passed: 2, skipped: 1, failures: ['outer > b'] });
  assert.match(result.failures[0]!.detail, /broken b/);
  assert.match(result.failures[0]!.place, /sample-\d+\.mjs:5$/);
});

test('counts a suite whose hook broke', async () => {
  const result = await run(`
    describe('outer', () => {
      before(() => { throw new Error('hook'); });
      test('a', () => {});
    });`);
  assert.ok(result.failures.length >= 1);
  assert.equal(result.passed, 0);
});

test('counts a crash while loading as a failure', async () => {
  const result = await run(`throw new Error('at load');`);
  assert.equal(result.failures.length, 1);
  assert.match(JSON.stringify(result.failures), /at load/);
});

test('counts an early exit as a failure although its code is 0', async () => {
  const result = await run(`
    test('a', () => {});
    test('b', () => { process.exit(0); });`);
  assert.deepEqual(summary(result).failures, [
    'the file has no tests, or ended with code N before they did',
  ]);
});

test('counts a file without tests as a failure', async () => {
  assert.deepEqual(summary(await run('')).failures, [
    'the file has no tests, or ended with code N before they did',
  ]);
});

test('counts a bad exit code of passing tests as a failure', async () => {
  const result = await run(`
    test('a', () => {});
    process.on('exit', () => { process.exitCode = 9; });`);
  assert.deepEqual(summary(result), {
    passed: 1,
    skipped: 0,
    failures: ['the file ended with code N'],
  });
});

test('ends a file that hangs', async () => {
  const result = await run(`test('a', () => new Promise(() => setInterval(() => {}, 1e6)));`, 700);
  assert.deepEqual(summary(result).failures, ['the file did not end in time']);
});

test('finds and ends a process left behind, even in a group of its own', async () => {
  const result = await run(`
    import { spawn } from 'node:child_process';
    test('a', () => {
      spawn('sleep', ['60'], { detached: true, stdio: 'ignore' }).unref();
    });`);
  assert.deepEqual(summary(result), {
    passed: 1,
    skipped: 0,
    failures: ['left process N behind'],
  });
  const pid = Number(/\d+/.exec(result.failures[0]!.name)![0]);
  while (isRunning(pid)) await new Promise((resolve) => setImmediate(resolve));
});

// An ended process that nobody has collected yet has no command line.
function isRunning(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8') !== '';
  } catch {
    return false;
  }
}
