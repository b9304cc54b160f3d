import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../core/clock.ts';
import { MAX_GUESSES, MAX_PEERS, WrongTokens } from './wrong-tokens.ts';

function setUp() {
  const clock = new FakeClock(1000);
  return { clock, wrong: new WrongTokens(clock) };
}

function guess(wrong: WrongTokens, peer: string, count = MAX_GUESSES): boolean[] {
  return Array.from({ length: count }, (_, index) => wrong.note(peer, `guess-${index}`));
}

test('makes an address wait for the rest of its minute after its last guess', () => {
  const { clock, wrong } = setUp();
  assert.deepEqual(guess(wrong, '10.0.0.1', MAX_GUESSES - 1).includes(true), false);
  assert.equal(wrong.waitMs('10.0.0.1'), 0);
  clock.advance(20_000);
  assert.equal(wrong.note('10.0.0.1', 'another'), true);
  assert.equal(wrong.note('10.0.0.1', 'more'), false);
  assert.equal(wrong.waitMs('10.0.0.1'), 40_000);
  assert.equal(wrong.waitMs('10.0.0.2'), 0);
  clock.advance(40_000);
  assert.equal(wrong.waitMs('10.0.0.1'), 0);
});

test('takes the same wrong token as one guess, however often it comes', () => {
  const { wrong } = setUp();
  for (let times = 0; times < 1000; times++) wrong.note('10.0.0.1', 'old-token');
  assert.equal(wrong.waitMs('10.0.0.1'), 0);
});

test('takes a network of IPv6 as one address, and IPv4 in it as IPv4', () => {
  const { wrong } = setUp();
  for (const [index, host] of ['::a', ':1:2:7:8', '::', ':1::9'].entries()) {
    for (let times = 0; times < 3; times++) {
      wrong.note(`2001:db8:1:2${host}`, `${index}-${times}`);
    }
  }
  assert.ok(wrong.waitMs('2001:db8:1:2::ffff') > 0);
  assert.equal(wrong.waitMs('2001:db8:1:3::ffff'), 0);
  guess(wrong, '::ffff:10.0.0.9');
  assert.ok(wrong.waitMs('10.0.0.9') > 0);
  assert.equal(wrong.waitMs('::ffff:10.0.0.8'), 0);
  guess(wrong, '::1');
  assert.ok(wrong.waitMs('::1') > 0);
});

test('forgets the first of too many addresses', () => {
  const { wrong } = setUp();
  for (let peer = 0; peer <= MAX_PEERS; peer++) guess(wrong, `10.1.${peer >> 8}.${peer & 255}`);
  assert.equal(wrong.waitMs('10.1.0.0'), 0);
  assert.ok(wrong.waitMs('10.1.0.1') > 0);
});
