import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BODY_CHUNKED, BODY_LENGTH, BODY_NONE, BODY_UNTIL_CLOSE } from './body-framing.ts';
import { FIELD_CONTENT_TYPE, fieldValue } from './fields.ts';
import * as kinds from './parse-error.ts';
import {
  parseResponseHead,
  RETRY_NO,
  RETRY_UNSAID,
  RETRY_YES,
  ResponseHead,
} from './response-head.ts';

function parse(text: string, head = new ResponseHead()): number {
  const buf = Buffer.from(text, 'latin1');
  return parseResponseHead(buf, 0, buf.length, head);
}

function accepted(text: string): ResponseHead {
  const head = new ResponseHead();
  assert.equal(parse(text, head), text.length, JSON.stringify(text));
  return head;
}

/** Parses the bytes before `end`; what lies behind them in the buffer is not theirs. */
function parsePrefix(text: string, end: number, head: ResponseHead): number {
  const buf = Buffer.alloc(end + 4);
  buf.write(text.slice(0, end), 'latin1');
  return parseResponseHead(buf, 0, end, head);
}

const ok = (fields: string): string => `HTTP/1.1 200 OK\r\n${fields}\r\n`;

const REFUSED: readonly (readonly [kind: number, examples: readonly string[]])[] = [
  [
    kinds.BAD_VERSION,
    ['http/1.1 200 OK', 'HTTP/1 200 OK', '\r\nHTTP/1.1 200 OK', 'HTP/1.1', '200 OK', 'HTTP/11.1'],
  ],
  [kinds.UNSUPPORTED_VERSION, ['HTTP/2.0 200 OK', 'HTTP/0.9 200 OK', 'HTTP/1.2 200 OK']],
  [
    kinds.BAD_STATUS,
    [
      'HTTP/1.1  200 OK',
      'HTTP/1.1\t200 OK',
      'HTTP/1.10 200 OK',
      'HTTP/1.1 20 OK',
      'HTTP/1.1 2000 OK',
      'HTTP/1.1 099 OK',
      'HTTP/1.1 000 OK',
      'HTTP/1.1 -20 OK',
      'HTTP/1.1 200OK',
      'HTTP/1.1 200\tOK',
      'HTTP/1.1\r\n',
    ],
  ],
  [kinds.BAD_REASON, ['HTTP/1.1 200 O\0K', 'HTTP/1.1 200 \x7f', 'HTTP/1.1 200 \x1b[0m']],
  [kinds.UPGRADED, ['HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n']],
  [kinds.BARE_CR, ['HTTP/1.1 200 OK\rX', 'HTTP/1.1 200\rX', ok('A: b\rC: d\r\n')]],
  [kinds.BARE_LF, ['HTTP/1.1 200 OK\n', 'HTTP/1.1 200\n', ok('A: b\n'), ok('\n')]],
  [kinds.OBS_FOLD, [ok('A: b\r\n c\r\n')]],
  [kinds.LEADING_SPACE, [ok(' A: b\r\n')]],
  [kinds.SPACE_BEFORE_COLON, [ok('Content-Length : 5\r\n')]],
  [kinds.NO_COLON, [ok('A\r\n')]],
  [kinds.EMPTY_NAME, [ok(':\r\n')]],
  [kinds.NAME_CHARACTER, [ok('A(: b\r\n'), ok('\x80: b\r\n')]],
  [kinds.VALUE_CHARACTER, [ok('A: \0\r\n'), ok('A: \x7f\r\n')]],
  [kinds.LENGTH_TWICE, [ok('Content-Length: 5\r\nContent-Length: 5\r\n')]],
  [kinds.LENGTH_SYNTAX, [ok('Content-Length: 5, 5\r\n'), ok('Content-Length:\r\n')]],
  [kinds.LENGTH_LEADING_ZERO, [ok('Content-Length: 05\r\n')]],
  [kinds.LENGTH_TOO_LARGE, [ok('Content-Length: 9007199254740992\r\n')]],
  [kinds.LENGTH_AND_CODING, [ok('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n')]],
  [kinds.CODING_TWICE, [ok('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n')]],
  [kinds.CODING_IN_HTTP10, ['HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n']],
  [kinds.CODING_SYNTAX, [ok('Transfer-Encoding: chunked,\r\n')]],
  [kinds.CODING_REPEATED, [ok('Transfer-Encoding: chunked, chunked\r\n')]],
  [kinds.CHUNKED_NOT_LAST, [ok('Transfer-Encoding: chunked, gzip\r\n')]],
  [kinds.UNKNOWN_CODING, [ok('Transfer-Encoding: gzip, chunked\r\n')]],
  [kinds.HEAD_TOO_LARGE, [ok(`A: ${'a'.repeat(32768)}\r\n`), `HTTP/1.1 200 ${'a'.repeat(32768)}`]],
  [kinds.TOO_MANY_FIELDS, [ok('A: b\r\n'.repeat(129))]],
  [kinds.TOO_MANY_OPTIONS, [ok(`Connection: ${'a,'.repeat(65)}\r\n`)]],
];

describe('a response head that breaks a rule', () => {
  for (const [kind, examples] of REFUSED) {
    it(`is refused: ${kinds.detailOf(kind)}`, () => {
      for (const text of examples) {
        const full = text.includes('\r\n') || text.includes('\n') ? text : `${text}\r\n\r\n`;
        assert.equal(parse(full), kind, JSON.stringify(text.slice(0, 80)));
      }
    });
  }

  it('is refused with the same error however it was cut, and never accepted before', () => {
    const head = new ResponseHead();
    for (const [, examples] of REFUSED) {
      for (const text of examples) {
        const whole = parse(text);
        const step = text.length > 1000 ? 997 : 1;
        for (let end = 0; end < text.length; end += step) {
          const result = parsePrefix(text, end, head);
          assert.ok(result === 0 || result === whole, JSON.stringify(text.slice(0, end)));
        }
      }
    }
  });
});

const ACCEPTED = [
  ok(''),
  ok('A: b\r\nContent-Length: 12\r\nServer:\r\n'),
  ok('Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n'),
  'HTTP/1.1 200\r\n\r\n',
  'HTTP/1.1 200 \r\n\r\n',
  'HTTP/1.1 999  \t\xe4 odd\r\n\r\n',
  'HTTP/1.0 200 OK\r\n\r\n',
  ok('Retry-After: 5\r\nx-should-retry: true\r\nKeep-Alive: timeout=4\r\n'),
];

describe('a response head that keeps the rules', () => {
  it('is accepted whole and asks for more bytes at every earlier end', () => {
    const head = new ResponseHead();
    for (const text of ACCEPTED) {
      const buf = Buffer.from(`junk${text}body`, 'latin1');
      for (let end = 0; end < text.length; end++) {
        assert.equal(parsePrefix(text, end, head), 0, JSON.stringify(text.slice(0, end)));
      }
      assert.equal(parseResponseHead(buf, 4, buf.length, head), text.length);
    }
  });

  it('leaves nothing behind for the head parsed after it', () => {
    const used = new ResponseHead();
    for (const first of ACCEPTED) {
      for (const second of ACCEPTED) {
        parse(first, used);
        parse(second, used);
        const fresh = accepted(second);
        for (const head of [used, fresh]) new Uint8Array(head.nameStart.buffer).fill(0);
        assert.deepEqual(used, fresh);
      }
    }
  });

  it('tells status and reason', () => {
    const rows: [string, number, string][] = [
      ['HTTP/1.1 200 OK', 200, 'OK'],
      ['HTTP/1.0 503 Service Unavailable', 503, 'Service Unavailable'],
      ['HTTP/1.1 404 ', 404, ''],
      ['HTTP/1.1 100', 100, ''],
      ['HTTP/1.1 999 x', 999, 'x'],
    ];
    for (const [line, status, reason] of rows) {
      const head = accepted(`${line}\r\n\r\n`);
      assert.equal(head.status, status);
      assert.equal(line.slice(head.reasonStart, head.reasonEnd), reason);
    }
  });

  it('tells how the body is framed', () => {
    const rows: [string, number][] = [
      [ok(''), BODY_UNTIL_CLOSE],
      [ok('Content-Length: 0\r\n'), BODY_NONE],
      [ok('Content-Length: 5\r\n'), BODY_LENGTH],
      [ok('Transfer-Encoding: chunked\r\n'), BODY_CHUNKED],
      ['HTTP/1.1 100 Continue\r\n\r\n', BODY_NONE],
      ['HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\n', BODY_NONE],
      ['HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n', BODY_NONE],
      ['HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n', BODY_NONE],
      ['HTTP/1.1 205 Reset Content\r\n\r\n', BODY_UNTIL_CLOSE],
    ];
    for (const [text, kind] of rows) {
      assert.equal(accepted(text).bodyKind(false), kind, text);
      assert.equal(accepted(text).bodyKind(true), BODY_NONE, text);
    }
  });

  it('tells whether the connection persists', () => {
    const rows: [string, boolean][] = [
      [ok(''), true],
      [ok('Connection: close\r\n'), false],
      ['HTTP/1.0 200 OK\r\n\r\n', false],
      ['HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n', true],
      ['HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n', true],
      ['HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n', false],
      ['HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n', false],
      ['HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n', true],
    ];
    for (const [text, keepAlive] of rows) assert.equal(accepted(text).keepAlive, keepAlive, text);
  });

  it('tells an event stream by its media type alone', () => {
    const rows: [string, boolean][] = [
      ['text/event-stream', true],
      ['Text/Event-Stream; charset=utf-8', true],
      ['text/event-stream ;x', true],
      ['text/event-streams', false],
      ['text/event-strea', false],
      ['application/json; a=text/event-stream', false],
      ['', false],
    ];
    for (const [type, expected] of rows) {
      const text = ok(`Content-Type: ${type}\r\n`);
      const head = accepted(text);
      assert.equal(head.isEventStream, expected, type);
      assert.equal(text.slice(head.contentTypeStart, head.contentTypeEnd), type);
      assert.equal(fieldValue(Buffer.from(text), head, FIELD_CONTENT_TYPE), type);
    }
    assert.equal(fieldValue(Buffer.from(ok('')), accepted(ok('')), FIELD_CONTENT_TYPE), '');
  });

  it('tells how long an idle connection is kept', () => {
    const rows: [string, number][] = [
      ['timeout=5', 5000],
      ['max=100, Timeout=5', 5000],
      ['timeout=0', 0],
      ['timeout=99999999999999999999', 86_400_000],
      ['timeout', -1],
      ['timeout=', -1],
      ['timeout=x', -1],
      ['xtimeout=5', -1],
      ['', -1],
    ];
    for (const [value, expected] of rows) {
      assert.equal(accepted(ok(`Keep-Alive: ${value}\r\n`)).keepAliveTimeoutMs, expected, value);
    }
    assert.equal(accepted(ok('')).keepAliveTimeoutMs, -1);
  });

  it('tells what it says about retries', () => {
    const text = ok('Retry-After:  Fri, 31 Dec 1999 23:59:59 GMT \r\nX-Should-Retry: FALSE\r\n');
    const head = accepted(text);
    const value = text.slice(head.retryAfterStart, head.retryAfterEnd);
    assert.equal(value, 'Fri, 31 Dec 1999 23:59:59 GMT');
    assert.equal(head.shouldRetry, RETRY_NO);
    assert.equal(accepted(ok('x-should-retry: true\r\n')).shouldRetry, RETRY_YES);
    assert.equal(accepted(ok('x-should-retry: maybe\r\n')).shouldRetry, RETRY_UNSAID);
    const silent = accepted(ok(''));
    assert.equal(silent.shouldRetry, RETRY_UNSAID);
    assert.equal(silent.retryAfterStart, silent.retryAfterEnd);
  });
});
