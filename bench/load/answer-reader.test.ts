import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AnswerReader } from './answer-reader.ts';

const FIXED = Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 5\r\nx: y\r\n\r\nhello');
const CHUNKED = Buffer.from(
  'HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
);

test('an answer is complete with its last byte, wherever it was split', () => {
  for (const [answer, status] of [
    [FIXED, 200],
    [CHUNKED, 503],
  ] as const) {
    for (let cut = 1; cut < answer.length; cut++) {
      const reader = new AnswerReader();
      assert.equal(reader.push(answer.subarray(0, cut)), false, `cut at ${cut}`);
      assert.equal(reader.push(answer.subarray(cut)), true, `cut at ${cut}`);
      assert.equal(reader.status, status);
    }
  }
});

test('answers follow one another on one connection', () => {
  const reader = new AnswerReader();
  assert.equal(reader.push(CHUNKED), true);
  assert.equal(reader.push(FIXED), true);
  assert.equal(reader.status, 200);
});

test('bytes behind an answer are an error', () => {
  assert.throws(() => new AnswerReader().push(Buffer.concat([FIXED, FIXED])), SyntaxError);
});

test('an answer without a length is an error', () => {
  assert.throws(() => new AnswerReader().push(Buffer.from('HTTP/1.1 200 OK\r\n\r\n')), SyntaxError);
});
