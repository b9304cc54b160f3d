import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ERRORS } from '../core/errors.ts';
import * as exported from './parse-error.ts';

const { detailOf, errorCodeOf, parseErrorKinds } = exported;

describe('parse errors', () => {
  const constants = Object.values(exported).filter((value) => typeof value === 'number');

  it('are distinct negative integers, each with a row of its own', () => {
    assert.ok(constants.every((kind) => Number.isInteger(kind) && kind < 0));
    assert.deepEqual(new Set(parseErrorKinds()), new Set(constants));
    assert.equal(new Set(constants).size, constants.length);
  });

  it('have a known error code and a phrase that no other kind has', () => {
    for (const kind of constants) {
      assert.ok(Object.hasOwn(ERRORS, errorCodeOf(kind)));
      assert.match(detailOf(kind), /^[^{}]+[^.]$/);
    }
    assert.equal(new Set(constants.map(detailOf)).size, constants.length);
  });

  it('refuse to explain what is not one of them', () => {
    assert.throws(() => detailOf(0), RangeError);
    assert.throws(() => errorCodeOf(-1000), RangeError);
  });
});
