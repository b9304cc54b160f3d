import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatSpread, formatTable } from './table.ts';

test('columns are as wide as their widest cell and figures stand right', () => {
  const text = formatTable({
    title: 'T',
    columns: ['target', 'µs'],
    rows: [
      ['nginx', '32.1'],
      ['router', '8'],
    ],
    notes: ['a note'],
  });
  assert.equal(
    text,
    [
      'T',
      '',
      '| target |   µs |',
      '| ------ | ---: |',
      '| nginx  | 32.1 |',
      '| router |    8 |',
      '',
      'a note',
    ].join('\n'),
  );
});

test('a spread shows its extremes only where rounds differ', () => {
  assert.equal(formatSpread({ median: 2, min: 1, max: 3 }, 1), '2.0 (1.0–3.0)');
  assert.equal(formatSpread({ median: 2, min: 2, max: 2 }, 0), '2');
  assert.equal(formatSpread(null, 1), '–');
});
