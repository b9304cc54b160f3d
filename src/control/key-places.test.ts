import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KEY_PLACES } from '../state/meters.ts';
import { KeyPlaces } from './key-places.ts';

test('a name keeps its place; names beyond the last place share it', () => {
  const places = new KeyPlaces();
  assert.deepEqual([places.placeOf('a'), places.placeOf('b'), places.placeOf('a')], [0, 1, 0]);
  for (let i = 0; i < 2 * KEY_PLACES; i++) places.placeOf(`n${i}`);
  assert.equal(places.placeOf('late'), KEY_PLACES - 1);
  assert.equal(places.placeOf('b'), 1);
  assert.equal(places.names.length, KEY_PLACES - 1);
});
