import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createFleetState } from './layout.ts';
import { sumOf, totalOf } from './reader.ts';
import { GAUGE_EXCHANGES, TOTAL_OK } from './totals.ts';

it('sums a column of one slot over all workers', () => {
  const { columns } = createFleetState(3, 4);
  for (const [worker, own] of columns.workers.entries()) {
    own.inFlight[1] = worker + 1;
    own.ok[1] = 2 ** 40;
    own.inFlight[0] = 100;
  }
  assert.equal(sumOf(columns, 'inFlight', 1), 10);
  assert.equal(sumOf(columns, 'ok', 1), 4 * 2 ** 40);
  assert.equal(sumOf(columns, 'inFlight', 2), 0);
});

it('sums a total over all workers', () => {
  const { totals } = createFleetState(1, 3);
  for (const row of totals) {
    row[TOTAL_OK] = 5;
    row[GAUGE_EXCHANGES] = 1;
  }
  assert.equal(totalOf(totals, TOTAL_OK), 15);
  assert.equal(totalOf(totals, GAUGE_EXCHANGES), 3);
});
