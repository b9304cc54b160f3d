import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StatusSnapshot } from '../../control/status.ts';
import { EventReader, isDue } from './feed.ts';
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

test('draws at the interval that the router says, and at once after its start', () => {
  const at = (seq: number, refreshMs: number) => ({
    ...FIRST,
    seq,
    router: { ...FIRST.router, refresh_interval_ms: refreshMs },
  });
  const drawn = (refreshMs: number) => {
    let last: StatusSnapshot | undefined;
    return [5, 6, 7, 8, 9, 10].filter((seq) => {
      const isNow = isDue(last, at(seq, refreshMs));
      if (isNow) last = at(seq, refreshMs);
      return isNow;
    });
  };
  assert.deepEqual(drawn(2000), [5, 7, 9]);
  assert.deepEqual(drawn(3000), [5, 8]);
  for (const refreshMs of [100, 1000]) assert.equal(drawn(refreshMs).length, 6);
  assert.equal(isDue(at(100, 60_000), at(0, 60_000)), true);
});
