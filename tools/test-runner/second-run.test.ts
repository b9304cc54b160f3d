import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FileResult } from './run-file.ts';
import { deservesSecondRun } from './second-run.ts';

const failure = { name: 'a', place: '', detail: '' };

function result(file: string, failures: FileResult['failures']): FileResult {
  return { file, passed: 3, skipped: 0, failures, tookMs: 1 };
}

test('gives a failed whole-process file a second run', () => {
  assert.equal(deservesSecondRun(result('test/e2e/x.test.ts', [failure]), 0), true);
});

test('gives none to a file that passed', () => {
  assert.equal(deservesSecondRun(result('test/e2e/x.test.ts', []), 0), false);
});

test('gives none to a unit test, whose clock is injected', () => {
  assert.equal(deservesSecondRun(result('src/core/x.test.ts', [failure]), 0), false);
});

test('gives none to a third file: then it is the product', () => {
  const failed = result('test/e2e/x.test.ts', [failure]);
  assert.deepEqual(
    [1, 2].map((already) => deservesSecondRun(failed, already)),
    [true, false],
  );
});
