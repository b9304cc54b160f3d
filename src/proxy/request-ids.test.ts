import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Xorshift } from '../core/random.ts';
import { RequestIds } from './request-ids.ts';

test('counts on from 1 in base 36', () => {
  const ids = new RequestIds(new Xorshift(1), 3);
  const counter = (text: string) => Number.parseInt(text.split('-')[2]!, 36);
  for (let count = 1; count <= 100_000; count++) {
    assert.equal(counter(ids.nextText()), count);
  }
});

test('names process and worker in front of the counter', () => {
  const ids = new RequestIds(new Xorshift(1), 3);
  assert.match(ids.nextText(), /^r[0-9a-f]{14}-3-0000001$/);
  const other = new RequestIds(new Xorshift(2), 3);
  assert.notEqual(other.nextText().split('-')[0], ids.nextText().split('-')[0]);
});

test('begins anew after the last one it can name', () => {
  const ids = new RequestIds(new Xorshift(1), 0);
  ids.bytes.fill('z', ids.bytes.length - 7);
  assert.match(ids.nextText(), /-0000000$/);
});
