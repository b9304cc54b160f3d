import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePicks } from './pick-output.ts';

const OUTPUT = `
┌───────────────────────────┬────────────────┬───────────────┐
│ (index)                   │ simple-shuffle │ least-waiting │
├───────────────────────────┼────────────────┼───────────────┤
│ 1 endpoints, 1 workers    │ '0.049'        │ '0.064'       │
│ 1000 endpoints, 1 workers │ '0.079'        │ '0.198'       │
│ 1000 endpoints, 4 workers │ '0.092'        │ '0.213'       │
└───────────────────────────┴────────────────┴───────────────┘
┌─────────────────────────┬─────────────────┬──────────────┐
│ (index)                 │ below the limit │ at the limit │
├─────────────────────────┼─────────────────┼──────────────┤
│ charge of a rate window │ '1.359'         │ '0.868'      │
└─────────────────────────┴─────────────────┴──────────────┘
`;

test('picks with one worker are read by strategy and size, other tables are passed over', () => {
  assert.deepEqual(
    [...parsePicks(OUTPUT)],
    [
      ['simple-shuffle, 1', 0.049],
      ['least-waiting, 1', 0.064],
      ['simple-shuffle, 1000', 0.079],
      ['least-waiting, 1000', 0.198],
    ],
  );
});

test('output without picks is refused', () => {
  assert.throws(() => parsePicks('nothing\n'), SyntaxError);
});
