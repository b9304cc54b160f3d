import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MaxSearch } from './max-search.ts';

/** Tries of a search for `limit`, and what it found. */
function search(start: number, limit: number, whole: boolean) {
  const max = new MaxSearch(start, whole);
  const tries: number[] = [];
  for (let load = max.next(); load > 0; load = max.next()) {
    tries.push(load);
    max.tell(load, load <= limit);
  }
  return { tries, found: max.found() };
}

test('finds the limit within five percent, from below and from above', () => {
  for (const start of [1, 10, 500]) {
    const { found, tries } = search(start, 137, false);
    assert.ok(found <= 137 && found > 137 / 1.06, `from ${start}: ${found}`);
    assert.ok(tries.length <= 16);
  }
});

test('tries whole numbers only where there are no others', () => {
  const { tries, found } = search(1, 9, true);
  assert.ok(tries.every(Number.isInteger));
  assert.equal(found, 9);
});

test('says that nothing was found', () => {
  assert.equal(search(64, 0, false).found, 0);
  assert.equal(search(4, 0, true).found, 0);
});
