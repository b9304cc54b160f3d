import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BODY_CHUNKED, BODY_LENGTH, BODY_NONE } from './body-framing.ts';
import { FIELD_AUTHORIZATION, FIELD_OTHER, fieldIndex, fieldValue } from './fields.ts';
import { detailOf, HEAD_TOO_LARGE } from './parse-error.ts';
import {
  METHOD_DELETE,
  METHOD_GET,
  METHOD_HEAD,
  METHOD_OPTIONS,
  METHOD_OTHER,
  METHOD_PATCH,
  METHOD_POST,
  METHOD_PUT,
  parseRequestHead,
  RequestHead,
} from './request-head.ts';

function parse(text: string, head = new RequestHead()): number {
  const buf = Buffer.from(text, 'latin1');
  return parseRequestHead(buf, 0, buf.length, head);
}

function accepted(text: string): RequestHead {
  const head = new RequestHead();
  assert.equal(parse(text, head), text.length, kindName(parse(text)));
  return head;
}

function kindName(kind: number): string {
  return kind < 0 ? detailOf(kind) : `consumed ${kind}`;
}

/** Parses the bytes before `end`; what lies behind them in the buffer is not theirs. */
function parsePrefix(text: string, end: number, head: RequestHead): number {
  const buf = Buffer.alloc(end + 4);
  buf.write(text.slice(0, end), 'latin1');
  return parseRequestHead(buf, 0, end, head);
}

const get = (fields: string): string => `GET / HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;
const post = (fields: string): string => `POST /x HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;
const host = (value: string): string => `GET / HTTP/1.1\r\nHost:${value}\r\n\r\n`;
const line = (text: string): string => `${text}\r\nHost: a\r\n\r\n`;

const ACCEPTED = [
  get(''),
  get('A:b\r\nC:\r\nD: \t e f \t\r\nX-\xe4: no'.replace('X-\xe4: no', 'G: \xe4\xff\r\n')),
  post('Content-Length: 0\r\n'),
  post('Content-Length: 9007199254740991\r\n'),
  post('content-LENGTH:\t12 \r\nCONNECTION: close\r\n'),
  post('Transfer-Encoding: Chunked\r\nExpect: 100-Continue\r\n'),
  '\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n',
  'GET / HTTP/1.0\r\n\r\n',
  'OPTIONS * HTTP/1.1\r\nHost: [::1]:65535\r\n\r\n',
  'M-SEARCH //v1/a?b=c?d HTTP/1.1\r\nHost: a_b.c-d~e%20\r\n\r\n',
  `GET /{a}|"^\`<b>'~?[c] HTTP/1.1\r\nHost: 127.0.0.1:0\r\n\r\n`,
];

describe('a request head that keeps the rules', () => {
  it('is accepted whole and asks for more bytes at every earlier end', () => {
    for (const text of ACCEPTED) {
      const head = new RequestHead();
      for (let end = 0; end < text.length; end++) {
        assert.equal(parsePrefix(text, end, head), 0, JSON.stringify(text.slice(0, end)));
      }
      assert.equal(parse(text, head), text.length, text);
    }
  });

  it('is parsed the same at any place of a buffer, with offsets absolute in it', () => {
    for (const text of ACCEPTED) {
      const padded = Buffer.from(`GET /junk${text}POST /next`, 'latin1');
      const head = new RequestHead();
      assert.equal(parseRequestHead(padded, 9, padded.length, head), text.length);
      const alone = accepted(text);
      assert.equal(head.targetStart, alone.targetStart + 9);
      assert.equal(head.fieldsEnd, alone.fieldsEnd + 9);
      for (let i = 0; i < alone.fieldCount; i++) {
        assert.equal(head.valueStart[i], alone.valueStart[i] + 9);
      }
    }
  });

  it('leaves nothing behind for the head parsed after it', () => {
    const used = new RequestHead();
    for (const first of [...ACCEPTED, post('Expect: x\r\nContent-Encoding: br\r\n')]) {
      for (const second of ACCEPTED) {
        parse(first, used);
        parse(second, used);
        const fresh = accepted(second);
        const count = fresh.fieldCount;
        for (const head of [used, fresh]) {
          for (const column of [head.nameStart, head.nameEnd, head.valueStart, head.valueEnd]) {
            column.fill(0, count);
          }
          head.fieldId.fill(0, count);
          head.hop.fill(0, count);
        }
        assert.deepEqual(used, fresh);
      }
    }
  });

  it('tells the method, case-sensitively', () => {
    const methods: [string, number][] = [
      ['GET', METHOD_GET],
      ['POST', METHOD_POST],
      ['HEAD', METHOD_HEAD],
      ['OPTIONS', METHOD_OPTIONS],
      ['PUT', METHOD_PUT],
      ['DELETE', METHOD_DELETE],
      ['PATCH', METHOD_PATCH],
    ];
    for (const [name, method] of methods) {
      assert.equal(accepted(line(`${name} / HTTP/1.1`)).method, method);
      for (const other of [name.toLowerCase(), `${name}S`, name.slice(0, -1), `X${name}`]) {
        assert.equal(accepted(line(`${other} / HTTP/1.1`)).method, METHOD_OTHER, other);
      }
    }
    const other = accepted(line('ABCDEFGHIJKLMNOP / HTTP/1.1'));
    assert.deepEqual([other.method, other.methodStart, other.methodEnd], [METHOD_OTHER, 0, 16]);
  });

  it('tells the target and where its path ends', () => {
    const text = line('POST //v1/chat%2F?a=/b?c HTTP/1.1');
    const head = accepted(text);
    assert.equal(text.slice(head.targetStart, head.targetEnd), '//v1/chat%2F?a=/b?c');
    assert.equal(text.slice(head.targetStart, head.pathEnd), '//v1/chat%2F');
    const plain = accepted(line('GET /a HTTP/1.1'));
    assert.equal(plain.pathEnd, plain.targetEnd);
  });

  it('may be as large as the limits, to the byte', () => {
    const frame = get('A: \r\n').length;
    accepted(get(`A: ${'a'.repeat(32768 - frame)}\r\n`));
    assert.equal(parse(get(`A: ${'a'.repeat(32769 - frame)}\r\n`)), HEAD_TOO_LARGE);
    accepted(get('A: b\r\n'.repeat(127)));
    accepted(line(`GET /${'a'.repeat(8191)} HTTP/1.1`));
    accepted(get(`Connection: ${'a,'.repeat(64)}\r\n`));
  });

  it('may be followed by any number of body bytes', () => {
    const text = post('Content-Length: 100000\r\n');
    assert.equal(parse(text + '\0'.repeat(100_000)), text.length);
  });

  it('tells how the body is framed', () => {
    const none = accepted(get(''));
    assert.deepEqual([none.bodyKind(), none.contentLength, none.chunked], [BODY_NONE, -1, false]);
    const empty = accepted(post('Content-Length: 0\r\n'));
    assert.deepEqual([empty.bodyKind(), empty.contentLength], [BODY_NONE, 0]);
    const sized = accepted(post('Content-Length: 9007199254740991\r\n'));
    assert.deepEqual(
      [sized.bodyKind(), sized.contentLength],
      [BODY_LENGTH, Number.MAX_SAFE_INTEGER],
    );
    const chunked = accepted(post('transfer-encoding:CHUNKED\r\n'));
    assert.deepEqual([chunked.bodyKind(), chunked.chunked], [BODY_CHUNKED, true]);
  });

  it('tells whether the connection persists', () => {
    const old = (fields: string): string => `GET / HTTP/1.0\r\n${fields}\r\n`;
    const persistence: [string, boolean][] = [
      [get(''), true],
      [get('Connection: close\r\n'), false],
      [get('Connection: CLOSE\r\n'), false],
      [get('Connection: keep-alive\r\n'), true],
      [get('Connection: keep-alive, close\r\n'), false],
      [get('Connection: keep-alive\r\nConnection:a ,\tclose\r\n'), false],
      [get('Connection: closed, x-close\r\n'), true],
      [get('Proxy-Connection: close\r\n'), true],
      [old(''), false],
      [old('Connection: Keep-Alive\r\n'), true],
      [old('Connection: keep-alive, close\r\n'), false],
      [old('Proxy-Connection: keep-alive\r\n'), false],
    ];
    for (const [text, keepAlive] of persistence) {
      assert.equal(accepted(text).keepAlive, keepAlive, text);
    }
  });

  it('tells what is expected, and from whom', () => {
    const expects = (text: string): [boolean, boolean] => {
      const head = accepted(text);
      return [head.expectContinue, head.expectOther];
    };
    assert.deepEqual(expects(get('')), [false, false]);
    assert.deepEqual(expects(post('Expect: 100-continue\r\n')), [true, false]);
    assert.deepEqual(expects('PUT / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n'), [false, false]);
    assert.deepEqual(expects(post('Expect: 100-continued\r\n')), [false, true]);
    assert.deepEqual(expects(post('Expect: x\r\nExpect: 100-continue\r\n')), [true, true]);
  });

  it('gives the value of Host, which HTTP/1.0 may omit', () => {
    for (const value of ['a', 'a:1', 'A.b-c:65535', '[::1]', '[fe80::1%25eth0]:80', '1.2.3.4']) {
      const text = host(` ${value} `);
      const head = accepted(text);
      assert.equal(text.slice(head.hostStart, head.hostEnd), value);
    }
    const none = accepted('GET / HTTP/1.0\r\n\r\n');
    assert.equal(none.hostStart, none.hostEnd);
  });

  it('gives every field by place, id and trimmed value', () => {
    const text = get(
      'X-Other: 1\r\nAUTHORIZATION:\t Bearer k \t\r\nAuthorization: second\r\nE:\r\n',
    );
    const buf = Buffer.from(text);
    const head = accepted(text);
    const names: string[] = [];
    for (let i = 0; i < head.fieldCount; i++) {
      names.push(text.slice(head.nameStart[i], head.nameEnd[i]));
    }
    assert.deepEqual(names, ['Host', 'X-Other', 'AUTHORIZATION', 'Authorization', 'E']);
    assert.equal(head.fieldId[1], FIELD_OTHER);
    assert.equal(fieldIndex(head, FIELD_AUTHORIZATION), 2);
    assert.equal(fieldValue(buf, head, FIELD_AUTHORIZATION), 'Bearer k');
    assert.equal(head.valueStart[4], head.valueEnd[4]);
  });

  it('tells a compressed body from a plain one', () => {
    assert.equal(accepted(post('Content-Encoding: gzip\r\n')).contentEncoded, true);
    assert.equal(accepted(post('Content-Encoding: Identity\r\n')).contentEncoded, false);
    assert.equal(accepted(post('Content-Encoding:\r\n')).contentEncoded, false);
  });
});
