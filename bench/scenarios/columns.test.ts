import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Column, columnSpread, tableOf } from './columns.ts';

const ROUNDS = new Map([
  ['router', [{ us: 40 }, { us: 60 }]],
  ['nginx', [{ us: 20 }, { us: 40 }]],
  ['direct', [{ us: null }, { us: 10 }]],
]);
const PLAIN: Column = { heading: 'µs', figure: 'us', digits: 0 };

test('a ratio to nginx is formed within each round before the median', () => {
  const spread = columnSpread({ ...PLAIN, against: 'times nginx' }, ROUNDS, 'router');
  assert.deepEqual(spread, { median: 1.75, min: 1.5, max: 2 });
});

test('what direct takes is subtracted, and direct itself has no such figure', () => {
  const added: Column = { ...PLAIN, against: 'minus direct' };
  assert.deepEqual(columnSpread(added, ROUNDS, 'router'), { median: 50, min: 50, max: 50 });
  assert.equal(columnSpread(added, ROUNDS, 'direct'), null);
});

test('a target or figure that was not measured leaves its cells empty', () => {
  const alone = new Map([['router', [{ us: 40 }]]]);
  const columns: Column[] = [PLAIN, { ...PLAIN, heading: '×', against: 'times nginx' }];
  assert.deepEqual(tableOf({ title: 'T', notes: ['n'] }, columns, alone), {
    title: 'T',
    notes: ['n'],
    columns: ['target', 'µs', '×'],
    rows: [['router', '40', '–']],
  });
});
