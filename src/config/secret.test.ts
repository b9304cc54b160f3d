/** A secret shows nowhere but in `reveal()`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { format, inspect } from 'node:util';
import { Secret } from './secret.ts';

const CANARY = 'sk-canary-4711';

test('a secret is masked in every form a log or a dump uses', () => {
  const secret = new Secret(CANARY);
  const forms = [
    String(secret),
    `${secret}`,
    JSON.stringify({ secret }),
    inspect(secret, { depth: 9, showHidden: true }),
    inspect({ deep: { secret } }),
    format('%s %o %O %j', secret, secret, secret, secret),
    JSON.stringify(Object.entries(secret)),
  ];
  for (const form of forms) assert.doesNotMatch(form, /canary/);
  assert.equal(String(secret), '***');
  assert.equal(secret.reveal(), CANARY);
});

test('a secret cannot be cloned to another thread by accident', () => {
  assert.doesNotMatch(inspect(structuredClone({ key: new Secret(CANARY) })), /canary/);
});
