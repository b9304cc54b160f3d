import assert from 'node:assert/strict';
import { test } from 'node:test';
import { widthOf } from '../faces/tui/text-width.ts';
import { tableLines } from './columns.ts';

test('counts the cells that a terminal gives to a text', () => {
  const widths = [
    ['', 0],
    ['abc', 3],
    ['通义千问-7B', 11],
    ['한국어', 6],
    ['（ｆ）', 6],
    ['é', 1],
    ['e\u0301', 1],
    ['…', 1],
    ['👍🏽', 2],
    ['a\u200bb', 2],
  ] as const;
  for (const [text, cells] of widths) {
    assert.equal(widthOf(text), cells, text);
  }
});

test('aligns columns whatever stands in them, numbers to the right', () => {
  const lines = tableLines(
    [
      ['MODEL', 'RPM', 'STATE'],
      ['通义', '5', 'up'],
      ['qwen', '120', 'down'],
    ],
    new Set([1]),
  );
  assert.deepEqual(lines, ['MODEL  RPM  STATE', '通义     5  up', 'qwen   120  down']);
});

test('shows nothing that would act on the terminal', () => {
  assert.deepEqual(tableLines([['a\u001b[31mb\n\u202ec']]), ['a [31mb  c']);
});
