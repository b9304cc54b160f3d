/** Suggestions are near, and absent when nothing is near. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearest } from './suggest.ts';

const KNOWN = ['strategy', 'num_retries', 'queue_timeout_ms', 'port', 'host'];

const CASES: readonly (readonly [typed: string, meant: string | undefined])[] = [
  ['stratgy', 'strategy'],
  ['Strategy', 'strategy'],
  ['numRetries', 'num_retries'],
  ['num-retrys', 'num_retries'],
  ['queue_timeout', 'queue_timeout_ms'],
  ['queue_timeout_s', 'queue_timeout_ms'],
  ['prot', 'port'],
  ['pot', undefined],
  ['hots', 'host'],
  ['', undefined],
  ['x', undefined],
  ['webhook', undefined],
  ['p'.repeat(10_000), undefined],
];

for (const [typed, meant] of CASES) {
  test(`"${typed.slice(0, 20)}" suggests ${meant}`, () => {
    assert.equal(nearest(typed, KNOWN), meant);
  });
}
