import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SCENARIOS, TARGETS } from '../options.ts';
import { ALL_SCENARIOS } from './all.ts';

test('the scenarios that can be chosen are those that exist', () => {
  assert.deepEqual(
    ALL_SCENARIOS.map(({ name }) => name),
    [...SCENARIOS],
  );
});

test('every scenario is for targets that exist, and for the router in any case', () => {
  for (const { targets } of ALL_SCENARIOS) {
    assert.ok(targets.includes('router'));
    assert.ok(targets.every((target) => (TARGETS as readonly string[]).includes(target)));
  }
});

test('every scenario has its tables even where nothing was measured', () => {
  for (const { tabulate } of ALL_SCENARIOS) {
    const options = { openStreams: 1 } as never;
    for (const table of tabulate(new Map([['router', [{}]]]), options)) {
      assert.equal(table.rows.length <= 1, true);
      assert.ok(table.title.length > 0);
    }
  }
});
