import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { bySpecificity, fillPattern, isPattern, matchPattern } from './model-pattern.ts';

describe('a model pattern', () => {
  it('says what its stars stand for', () => {
    for (const [pattern, name, matched] of [
      ['*', 'gpt-4', ['gpt-4']],
      ['*', '', ['']],
      ['openai/*', 'openai/gpt-4', ['gpt-4']],
      ['openai/*', 'openai', undefined],
      ['*-mini', 'o4-mini', ['o4']],
      ['a*b*c', 'a1b2c', ['1', '2']],
      ['a*b*c', 'abc', ['', '']],
      ['a*b*c', 'ac', undefined],
      ['ab*ba', 'aba', undefined],
      ['x', 'x', []],
      ['x', 'xx', undefined],
    ] as const) {
      assert.deepEqual(matchPattern(pattern, name), matched, `${pattern} ${name}`);
    }
  });

  it('is filled with what another one matched', () => {
    assert.equal(fillPattern('provider/*', ['x']), 'provider/x');
    assert.equal(fillPattern('*-*', ['a', 'b']), 'a-b');
    assert.equal(fillPattern('*-*', ['a']), 'a-a');
    assert.equal(fillPattern('plain', ['a']), 'plain');
    assert.equal(isPattern('plain'), false);
  });

  it('comes before one that says less', () => {
    const sorted = ['*', 'openai/*', 'b*', 'openai/*-mini', 'a*'].sort(bySpecificity);
    assert.deepEqual(sorted, ['openai/*-mini', 'openai/*', 'a*', 'b*', '*']);
  });

  it('agrees with a regular expression', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '/'), maxLength: 8 });
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 5 });
    fc.assert(
      fc.property(pattern, text, (given, name) => {
        const oracle = new RegExp(`^${given.replaceAll('*', '(.*?)')}$`);
        const found = matchPattern(given, name);
        assert.equal(found !== undefined, oracle.test(name), `${given} ${name}`);
        if (found !== undefined) assert.equal(fillPattern(given, found), name);
      }),
      { seed: 5, numRuns: 2000 },
    );
  });
});
