import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endpointRowOf } from '../../control/status-fixture.ts';
import { csvOf } from './csv.ts';
import { filtered, orderOf, sorted } from './endpoint-filter.ts';

const ROWS = [
  endpointRowOf({ model: 'a', send_rpm: 5, ttft_p95_ms: null }),
  endpointRowOf({ model: 'b', send_rpm: 9, state: 'down', reason: 'connection refused' }),
  endpointRowOf({ model: 'c', send_rpm: 1, ttft_p95_ms: 80, source: 'openai' }),
];

function models(query: string): string {
  const search = new URLSearchParams(query);
  return sorted(filtered(ROWS, search), orderOf(search))
    .map(({ model }) => model)
    .join('');
}

test('shows the sick first, then the order of the configuration', () => {
  assert.equal(models(''), 'bac');
});

test('all words of a search are found somewhere in the row', () => {
  assert.equal(models('q=refused'), 'b');
  assert.equal(models('q=10.0.0.1+openai'), 'c');
  assert.equal(models('q=refused+openai'), '');
});

test('filters by state, by any trouble, by model and by source', () => {
  assert.equal(models('state=down'), 'b');
  assert.equal(models('state=trouble'), 'b');
  assert.equal(models('model=a'), 'a');
  assert.equal(models('source=openai'), 'c');
});

test('sorts both ways, and keeps what is unknown last', () => {
  assert.equal(models('sort=send_rpm'), 'cab');
  assert.equal(models('sort=-send_rpm'), 'bac');
  assert.equal(models('sort=ttft_p95_ms')[0], 'c');
  assert.equal(models('sort=-ttft_p95_ms')[0], 'c');
  assert.equal(models('sort=nonsense'), 'abc');
});

test('a file keeps commas, quotes and formulas what they are', () => {
  const text = csvOf(
    ['a', 'b'],
    [
      ['x,"y"', '=1+1'],
      [null, -2],
    ],
  );
  assert.equal(text, 'a,b\r\n"x,""y""",\'=1+1\r\n,-2\r\n');
});
