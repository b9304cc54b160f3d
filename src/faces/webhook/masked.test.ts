import assert from 'node:assert/strict';
import { test } from 'node:test';
import { maskedAddress, withoutKey } from './masked.ts';

const URLS = [
  'https://robot.example/cgi-bin/webhook/send?key=canary-1234',
  'https://robot.example/hook/canary-1234',
  'https://robot.example/services/T1/B1/canary-1234',
  'https://user:canary-1234@robot.example/x',
];

test('shows no more of an address than its host', () => {
  for (const url of URLS) assert.equal(maskedAddress(url), 'https://robot.example/***');
});

test('takes the key out of what a robot quotes', () => {
  for (const url of URLS) {
    for (const text of [`asked for ${url}`, 'no such key: canary-1234']) {
      assert.doesNotMatch(withoutKey(text, url), /canary/);
    }
  }
  const encoded = 'https://robot.example/send?key=canary%2F1234';
  assert.equal(withoutKey('bad key canary/1234', encoded), 'bad key ***');
});

test('leaves short common words alone', () => {
  assert.equal(withoutKey('send a key', URLS[0]!), 'send a key');
});
