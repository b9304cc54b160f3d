import assert from 'node:assert/strict';
import { test } from 'node:test';
import { uploadBytes } from './request-bytes.ts';

test('an upload is JSON of exactly the size asked for, with its model last', () => {
  for (const size of [2000, 300_000, 1_000_001]) {
    const text = uploadBytes(8000, size).toString('latin1');
    const [head = '', body = ''] = text.split('\r\n\r\n');
    assert.match(head, new RegExp(`\\r\\nContent-Length: ${size}$`));
    assert.equal(body.length, size);
    const parsed = JSON.parse(body);
    assert.equal(Object.keys(parsed).at(-1), 'model');
    assert.ok(!body.includes('"stream"'));
  }
});

test('a large upload holds several images', () => {
  const body = uploadBytes(8000, 3_000_000).toString('latin1');
  assert.equal(body.split('data:image/png;base64,').length - 1, 11);
});

test('an upload too small for its frame is refused', () => {
  assert.throws(() => uploadBytes(8000, 500), RangeError);
});
