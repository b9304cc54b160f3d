import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HeadWriter } from '../http1/head-writer.ts';
import { parseResponseHead, ResponseHead } from '../http1/response-head.ts';
import {
  finishAnswerHead,
  SEND_CHUNKED,
  SEND_LENGTH,
  SEND_NOTHING,
  SEND_UNTIL_CLOSE,
  writeAnswerFields,
  writeOverloadFields,
} from './answer-head.ts';

function written(write: (out: HeadWriter) => void): string {
  const out = new HeadWriter(8);
  write(out);
  return out.buf.toString('latin1', 0, out.length);
}

const id = (text: string) => ({ writeId: (out: HeadWriter) => out.ascii(text) });

function withHead(text: string, write: (out: HeadWriter, chunk: Buffer, h: ResponseHead) => void) {
  const chunk = Buffer.from(`>>${text}\r\n`, 'latin1');
  const head = new ResponseHead();
  assert.equal(parseResponseHead(chunk, 2, chunk.length, head), chunk.length - 2);
  return written((out) => write(out, chunk, head));
}

describe('the head of an answer', () => {
  it('carries status, reason and end-to-end fields, and our request id', () => {
    const text = withHead(
      'HTTP/1.0 418 I am a \xe9 pot\r\nX-A: 1\r\nConnection: x-hop\r\nX-Hop: 1\r\n' +
        'Content-Length: 5\r\nX-Request-Id: theirs\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n',
      (out, chunk, head) => writeAnswerFields(out, chunk, head, id('r-1')),
    );
    assert.equal(
      text,
      'HTTP/1.1 418 I am a \xe9 pot\r\nX-A: 1\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n' +
        'X-Request-Id: r-1\r\n',
    );
  });

  it('may have no reason', () => {
    for (const line of ['HTTP/1.1 200', 'HTTP/1.1 200 ']) {
      const text = withHead(`${line}\r\n`, (out, chunk, head) => {
        writeAnswerFields(out, chunk, head, id('r'));
      });
      assert.equal(text, 'HTTP/1.1 200 \r\nX-Request-Id: r\r\n');
    }
  });

  it('says how the body is framed and whether the connection stays', () => {
    const stay = { minor: 1, keepAlive: true };
    const old = { minor: 0, keepAlive: true };
    const end = { minor: 1, keepAlive: false };
    for (const [send, client, expected] of [
      [SEND_LENGTH, stay, 'Content-Length: 42\r\n\r\n'],
      [SEND_CHUNKED, stay, 'Transfer-Encoding: chunked\r\n\r\n'],
      [SEND_NOTHING, stay, '\r\n'],
      [SEND_LENGTH, old, 'Content-Length: 42\r\nConnection: keep-alive\r\n\r\n'],
      [SEND_UNTIL_CLOSE, end, 'Connection: close\r\n\r\n'],
      [SEND_CHUNKED, end, 'Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n'],
    ] as const) {
      assert.equal(
        written((out) => finishAnswerHead(out, send, 42, client)),
        expected,
      );
    }
  });
});

describe('an overload answer', () => {
  function overload(fields: string, seconds: number): string {
    return withHead(`HTTP/1.1 503 No\r\n${fields}`, (out, _chunk, head) => {
      writeOverloadFields(out, head, seconds);
    });
  }

  it('says when to come back, and that repeating is pointless', () => {
    assert.equal(overload('', 7), 'Retry-After: 7\r\nx-should-retry: false\r\n');
    assert.equal(overload('', 0), 'x-should-retry: false\r\n');
  });

  it("does not contradict the endpoint's own words", () => {
    assert.equal(overload('Retry-After: 3\r\n', 7), 'x-should-retry: false\r\n');
    assert.equal(overload('X-Should-Retry: true\r\n', 7), 'Retry-After: 7\r\n');
  });
});
