import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PrefixCache } from './prefix-cache.ts';
import { EchoVoice, hashText, LoremVoice } from './text.ts';

test('tokens and text of a voice agree, and the seed decides', () => {
  for (const voice of [new LoremVoice(3, 40), new EchoVoice('say  "it"\nagain, 数据!')]) {
    let text = '';
    for (let index = 0; index < 40; index++) text += JSON.parse(voice.json(index));
    assert.equal(voice.text(40), text);
  }
  assert.equal(new LoremVoice(3, 9).text(9), new LoremVoice(3, 9).text(9));
  assert.notEqual(new LoremVoice(3, 9).text(9), new LoremVoice(4, 9).text(9));
});

test('an echo gives the prompt back and knows where it ends', () => {
  const voice = new EchoVoice('one  two\nthree');
  assert.equal(voice.length, 3);
  assert.equal(voice.text(3), 'one  two\nthree');
  assert.equal(new EchoVoice('').text(1), '.');
});

test('hashes like FNV-1a', () => {
  assert.equal(hashText(''), 0x811c9dc5);
  assert.equal(hashText('foobar'), 0xbf9cf968);
});

test('the prefix cache knows the blocks it has seen, from the start of a prompt on', () => {
  const cache = new PrefixCache(100, 1);
  assert.equal(cache.touch('aaaabbbbcccc'), 0);
  assert.equal(cache.touch('aaaabbbbdddd'), 2 / 3);
  assert.equal(cache.touch('xxxxbbbbcccc'), 0);
  assert.equal(cache.touch('aaaabbbbccccee'), 1);
  assert.equal(cache.touch('abc'), 0);
});

test('the prefix cache drops what was not used for longest', () => {
  const cache = new PrefixCache(2, 1);
  cache.touch('aaaa');
  cache.touch('bbbb');
  cache.touch('aaaa');
  cache.touch('cccc');
  assert.equal(cache.touch('aaaa'), 1);
  assert.equal(cache.touch('bbbb'), 0);
});
