import assert from 'node:assert/strict';
import { test } from 'node:test';
import { affordable, parseLimits } from './descriptors.ts';

const HEAD = 'Limit                     Soft Limit           Hard Limit           Units     \n';

test('the hard limit of open files is the second figure', () => {
  const line = 'Max open files            1024                 20000                files     \n';
  assert.equal(parseLimits(HEAD + line), 20_000);
  const open = 'Max open files            1024                 unlimited            files     \n';
  assert.equal(parseLimits(HEAD + open), Number.POSITIVE_INFINITY);
  assert.throws(() => parseLimits(HEAD), SyntaxError);
});

test('a load is made smaller only where the limit does not carry it', () => {
  assert.equal(affordable(4000, 2, 20_000), 4000);
  assert.equal(affordable(4000, 2, 4096), 1748);
  assert.equal(affordable(10_000, 1, Number.POSITIVE_INFINITY), 10_000);
});
