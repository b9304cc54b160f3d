import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StatusSnapshot } from '../../control/status.ts';
import { EventReader } from './feed.ts';
import { fixtureEndpoint, fixtureStatus } from './status-fixture.ts';

const FIRST = fixtureStatus([fixtureEndpoint('m', 1)]);
const DELTA = { seq: 2, now_at_ms: 101_000, endpoints: { 0: { state: 'down' } } };

function read(pieces: readonly string[]) {
  const seen: StatusSnapshot[] = [];
  const reader = new EventReader({ onStatus: (status) => seen.push(status), onTrouble: () => {} });
  const follows = pieces.map((piece) => reader.read(piece));
  return { seen, follows: follows.every(Boolean) };
}

const TEXT =
  `retry: 2000\n\nevent: snapshot\ndata: ${JSON.stringify(FIRST)}\n\n` +
  `event: delta\ndata: ${JSON.stringify(DELTA)}\n\n`;

test('events are the same however they are cut', () => {
  const whole = read([TEXT]);
  assert.equal(whole.seen.length, 2);
  assert.equal(whole.seen[1]!.endpoints[0]!.state, 'down');
  for (let at = 0; at < TEXT.length; at += 7) {
    assert.deepEqual(read([TEXT.slice(0, at), TEXT.slice(at)]), whole);
  }
});

test('a change that does not follow is told', () => {
  const gap = `event: delta\ndata: ${JSON.stringify({ ...DELTA, seq: 9 })}\n\n`;
  assert.equal(read([TEXT, gap]).follows, false);
  assert.equal(read([gap]).follows, false);
});
