import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePicks, parsePrompt } from './pick-output.ts';

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

const PROMPT = `
┌───────────────────────────────┬────────┬─────────┬─────────┐
│ (index)                       │ pick   │ record  │ read    │
├───────────────────────────────┼────────┼─────────┼─────────┤
│ 0 of 64 blocks shared by all  │ '9.21' │ '14.16' │         │
│ 8 of 64 blocks shared by all  │ '7.25' │ '11.45' │         │
│ 32 KB of prose                │        │         │ '13.67' │
└───────────────────────────────┴────────┴─────────┴─────────┘
`;

test('placing a prompt is read part by part', () => {
  assert.deepEqual(Object.fromEntries(parsePrompt(PROMPT)), {
    read: 13.67,
    pick: 7.25,
    record: 11.45,
  });
  assert.throws(() => parsePrompt(PROMPT.replace('of prose', '')), /no read/);
});

test('output without picks is refused', () => {
  assert.throws(() => parsePicks('nothing\n'), SyntaxError);
});
