import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryInUseBytes } from './memory-in-use.ts';

test('tells the last reading while there is no descriptor for another', () => {
  assert.equal(
    memoryInUseBytes(() => 5),
    5,
  );
  const exhausted = () => {
    throw new Error('EMFILE: too many open files');
  };
  assert.equal(memoryInUseBytes(exhausted), 5);
  assert.ok(memoryInUseBytes() > 1_000_000);
});
