/** What the operators' access decides by itself; over sockets: operations-listener.test. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../core/clock.ts';
import { OperatorAccess } from './operator-access.ts';
import { MAX_GUESSES } from './wrong-tokens.ts';

const clock = new FakeClock(1000);

test('serves nobody from afar while a reload has taken the token away', () => {
  const exposed = new OperatorAccess({ token: () => '', exposed: true, clock });
  for (const authorization of ['', 'Bearer ', 'Bearer x']) {
    const caller = { headers: { authorization }, localPort: 1, peer: '10.0.0.1' };
    assert.equal(exposed.admits(caller), false, authorization);
  }
  assert.equal(exposed.signIn('', { headers: {}, localPort: 1, peer: '' }), undefined);
  assert.equal(exposed.needsToken, true);
});

test('lets a long token in, also from an address whose wrong ones are refused', () => {
  let token = '0123456789abcdef';
  const own = new OperatorAccess({ token: () => token, exposed: false, clock });
  const caller = (bearer: string) => ({
    ...{ headers: { authorization: `Bearer ${bearer}` }, localPort: 1, peer: '127.0.0.1' },
  });
  for (let guess = 0; guess < MAX_GUESSES; guess++) {
    assert.equal(own.waitMs(caller('')), 0);
    assert.equal(own.admits(caller(`0123456789abcde-${guess}`)), false);
  }
  assert.equal(own.waitMs(caller('')), 60_000);
  assert.equal(own.admits(caller(token)), true);
  assert.notEqual(own.signIn(token, caller('')), undefined);
  assert.equal(own.admits(caller('0123456789abcde-')), false);
  assert.equal(own.waitMs(caller('')), 60_000, 'that made no room for guesses');
  token = token.slice(1);
  assert.equal(own.admits(caller(token)), false, 'one that trying could find');
});

test('tells once that the token has changed', () => {
  let token = '';
  const own = new OperatorAccess({ token: () => token, exposed: false, clock });
  assert.equal(own.takeChange(), false);
  token = 'tok-new';
  assert.deepEqual([own.takeChange(), own.takeChange()], [true, false]);
});

test('marks cookies as secure where the listener speaks TLS', () => {
  const caller = { headers: {}, localPort: 8080, peer: '10.0.0.1' };
  for (const tls of [true, false]) {
    const own = new OperatorAccess({ token: () => 'tok', exposed: false, clock, tls });
    assert.equal(/; Secure$/.test(own.signIn('tok', caller)!), tls);
    assert.equal(/; Secure$/.test(own.signOut(caller)), tls);
  }
});
