import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as kinds from './parse-error.ts';
import { parseRequestHead, RequestHead } from './request-head.ts';

function parse(text: string): number {
  const buf = Buffer.from(text, 'latin1');
  return parseRequestHead(buf, 0, buf.length, new RequestHead());
}

function kindName(kind: number): string {
  return kind < 0 ? kinds.detailOf(kind) : `consumed ${kind}`;
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

/** One row per rule of PROTOCOL §1: the kind that must be reported, and bytes that break it. */
const REFUSED: readonly (readonly [kind: number, examples: readonly string[]])[] = [
  // 1.1
  [
    kinds.LENGTH_AND_CODING,
    [
      post('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n'),
      post('Transfer-Encoding: chunked\r\nContent-Length: 5\r\n'),
      post('Content-Length: 0\r\nTransfer-Encoding: identity\r\n'),
    ],
  ],
  [
    kinds.CODING_IN_HTTP10,
    [
      'POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n',
      'GET / HTTP/1.0\r\nTE: x\r\nTransfer-encoding:\r\n\r\n',
    ],
  ],
  [
    kinds.CHUNKED_NOT_LAST,
    [post('Transfer-Encoding: chunked, gzip\r\n'), post('Transfer-Encoding: gzip,chunked,br\r\n')],
  ],
  [
    kinds.UNKNOWN_CODING,
    [
      post('Transfer-Encoding: gzip\r\n'),
      post('Transfer-Encoding: gzip, chunked\r\n'),
      post('Transfer-Encoding: identity\r\n'),
      post('Transfer-Encoding: xchunked\r\n'),
      post('Transfer-Encoding: chunkedchunked\r\n'),
    ],
  ],
  [
    kinds.CODING_SYNTAX,
    [
      post('Transfer-Encoding:\r\n'),
      post('Transfer-Encoding: ,chunked\r\n'),
      post('Transfer-Encoding: chunked,\r\n'),
      post('Transfer-Encoding: "chunked"\r\n'),
      post('Transfer-Encoding: chunked;q=1\r\n'),
      post('Transfer-Encoding: chunked gzip\r\n'),
      post('Transfer-Encoding: \u00a0chunked\r\n'),
      post('Transfer-Encoding: chunked\t\r\n'),
      post('Transfer-Encoding: chunked \t \r\n'),
    ],
  ],
  [kinds.CODING_REPEATED, [post('Transfer-Encoding: chunked, chunked\r\n')]],
  [kinds.CODING_TWICE, [post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n')]],
  // 1.2
  [
    kinds.LENGTH_TWICE,
    [
      post('Content-Length: 5\r\nContent-Length: 5\r\n'),
      post('Content-Length: 5\r\ncontent-length: 6\r\n'),
    ],
  ],
  [
    kinds.LENGTH_SYNTAX,
    ['', '+5', '-5', '5 5', '5,5', '5, 5', '1_000', '0x5', '5.0', '5e1', 'a', '"5"', '\u00b2'].map(
      (value) => post(`Content-Length: ${value}\r\n`),
    ),
  ],
  [kinds.LENGTH_LEADING_ZERO, [post('Content-Length: 00\r\n'), post('Content-Length: 05\r\n')]],
  [
    kinds.LENGTH_TOO_LARGE,
    ['9007199254740992', '9007199254740993', '99999999999999999', `1${'0'.repeat(400)}`].map(
      (value) => post(`Content-Length: ${value}\r\n`),
    ),
  ],
  // 1.3
  [
    kinds.SPACE_BEFORE_COLON,
    [get('A : b\r\n'), get('Content-Length\t: 5\r\n'), get('Content-Length : 5\r\n')],
  ],
  [kinds.OBS_FOLD, [get('A: b\r\n c\r\n'), get('A: b\r\n\tc: d\r\n'), get(' \r\n')]],
  [
    kinds.LEADING_SPACE,
    ['GET / HTTP/1.1\r\n Host: a\r\n\r\n', 'GET / HTTP/1.1\r\n\tHost: a\r\n\r\n'],
  ],
  [kinds.NO_COLON, [get('A\r\n'), get('Content-Length\r\n')]],
  [kinds.EMPTY_NAME, [get(': b\r\n'), get(':\r\n')]],
  [
    kinds.NAME_CHARACTER,
    [
      '\0',
      '\x01',
      '\x7f',
      '(',
      ')',
      ',',
      '/',
      ';',
      '<',
      '=',
      '>',
      '?',
      '@',
      '[',
      '\\',
      ']',
      '{',
      '}',
      '"',
      '\x80',
      '\xff',
    ].flatMap((char) => [get(`A${char}B: c\r\n`), get(`${char}: c\r\n`)]),
  ],
  // 1.4
  [
    kinds.BARE_CR,
    [
      get('A: b\rC: d\r\n'),
      get('A: b\r\r\n'),
      '\rGET / HTTP/1.1\r\n\r\n',
      'GET / HTTP/1.1\rHost: a\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: a\r\n\rX',
    ],
  ],
  [
    kinds.BARE_LF,
    [
      get('A: b\n'),
      get('A\n'),
      get('\n'),
      'GET / HTTP/1.1\nHost: a\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: a\n\n',
      '\nGET / HTTP/1.1\r\n\r\n',
      'GET\n',
      'GET \n',
      'GET /\n',
    ],
  ],
  [
    kinds.VALUE_CHARACTER,
    ['\0', '\x01', '\x08', '\x0b', '\x0c', '\x1b', '\x1f', '\x7f'].flatMap((char) => [
      get(`A: b${char}c\r\n`),
      get(`A:${char}\r\n`),
    ]),
  ],
  // 1.5
  [kinds.HOST_MISSING, ['GET / HTTP/1.1\r\n\r\n', 'GET / HTTP/1.1\r\nHos: a\r\n\r\n']],
  [kinds.HOST_TWICE, [get('Host: a\r\n'), get('host: b\r\n')]],
  [kinds.HOST_EMPTY, [host(''), host('  \t')]],
  [
    kinds.HOST_SYNTAX,
    [
      'u@a',
      'a/b',
      'a, b',
      'a,b',
      'a b',
      'a?b',
      'a#b',
      '[::1',
      '[]',
      '[::1]x',
      ':80',
      'a\\b',
      '\xe4',
      '"a"',
      '[a',
      'a]',
      '<a>',
    ].map(host),
  ],
  [
    kinds.HOST_PORT,
    ['a:', 'a:b', 'a:80:80', 'a:65536', 'a:-1', '[::1]:', 'http://a', 'a:000080', 'a:8 0'].map(
      host,
    ),
  ],
  // 1.6
  [
    kinds.TARGET_FORM,
    [
      line('GET http://a/ HTTP/1.1'),
      line('GET a HTTP/1.1'),
      line('GET  / HTTP/1.1'),
      line('GET ?a HTTP/1.1'),
      line('GET \\ HTTP/1.1'),
      line('OPTIONS *a HTTP/1.1'),
      line('OPTIONS a:80 HTTP/1.1'),
      line('GET \r'),
    ],
  ],
  [kinds.STAR_TARGET, [line('GET * HTTP/1.1'), line('POST *'), line('options * HTTP/1.1')]],
  [
    kinds.TARGET_CHARACTER,
    ['#', '\\', '\t', '\0', '\x7f', '\x80', '\xc3\xa4', '\xff'].map((char) =>
      line(`GET /a${char}b HTTP/1.1`),
    ),
  ],
  [
    kinds.TARGET_SPACE,
    [line('GET /a b HTTP/1.1'), line('GET /  HTTP/1.1'), line('GET / \tHTTP/1.1')],
  ],
  [kinds.CONNECT_REFUSED, [line('CONNECT a:443 HTTP/1.1'), line('CONNECT / HTTP/1.1')]],
  // 1.7
  [
    kinds.BAD_METHOD,
    [
      line('G(T / HTTP/1.1'),
      line(' GET / HTTP/1.1'),
      line('GET\t/ HTTP/1.1'),
      line('GET'),
      '\x16\x03\x01',
      '\0',
    ],
  ],
  [kinds.LONG_METHOD, [line(`${'M'.repeat(17)} / HTTP/1.1`)]],
  [kinds.NO_VERSION, [line('GET /')]],
  [
    kinds.BAD_VERSION,
    [
      'http/1.1',
      'HTTP/1.10',
      'HTTP/11',
      'HTTP/1,1',
      'HTTP/1',
      'HTTP/a.1',
      'HTTP/1.a',
      'HTTPS/1.1',
      'HTTP 1.1',
      'HTTP/1.1 ',
      'hTTP/1.1',
      'HTTP/ 1.1',
    ].map((version) => line(`GET / ${version}`)),
  ],
  [
    kinds.UNSUPPORTED_VERSION,
    ['HTTP/0.9', 'HTTP/1.2', 'HTTP/2.0', 'HTTP/3.0', 'HTTP/9.9', 'HTTP/0.0'].map((version) =>
      line(`GET / ${version}`),
    ),
  ],
  [kinds.HTTP2_PREFACE, ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'PRI *']],
  [kinds.EXTRA_EMPTY_LINE, ['\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n']],
  // 1.10
  [kinds.HEAD_TOO_LARGE, [get(`A: ${'a'.repeat(32768)}\r\n`), get(`${'a'.repeat(32768)}: b\r\n`)]],
  [kinds.TOO_MANY_FIELDS, [get('A: b\r\n'.repeat(128))]],
  [kinds.TARGET_TOO_LONG, [line(`GET /${'a'.repeat(8192)} HTTP/1.1`)]],
  [kinds.TOO_MANY_OPTIONS, [get(`Connection: ${'a,'.repeat(65)}\r\n`)]],
];

describe('a request head that breaks a rule', () => {
  for (const [kind, examples] of REFUSED) {
    it(`is refused: ${kinds.detailOf(kind)}`, () => {
      for (const text of examples) {
        const message = `${JSON.stringify(text.slice(0, 80))}: ${kindName(parse(text))}`;
        assert.equal(parse(text), kind, message);
      }
    });
  }

  it('is refused with the same error however it was cut, and never accepted before', () => {
    for (const [, examples] of REFUSED) {
      for (const text of examples) {
        const whole = parse(text);
        const head = new RequestHead();
        const step = text.length > 1000 ? 997 : 1;
        for (let end = 0; end < text.length; end += step) {
          const result = parsePrefix(text, end, head);
          assert.ok(result === 0 || result === whole, JSON.stringify(text.slice(0, end)));
        }
      }
    }
  });

  it('is refused as soon as the bytes can no longer become a head', () => {
    assert.equal(parse('\x16'), kinds.BAD_METHOD);
    assert.equal(parse('GET /#'), kinds.TARGET_CHARACTER);
    assert.equal(parse('PRI *'), kinds.HTTP2_PREFACE);
    assert.equal(parse('GET / X'), kinds.TARGET_SPACE);
    assert.equal(parse('GET / HTTP/2.0'), kinds.UNSUPPORTED_VERSION);
    assert.equal(parse('GET / HTTP/1.1\r\n '), kinds.LEADING_SPACE);
    assert.equal(parse('GET / HTTP/1.1\r\nA: b\n'), kinds.BARE_LF);
    assert.equal(parse('GET / HTTP/1.1\r\nA\x00'), kinds.NAME_CHARACTER);
    assert.equal(parse(`GET /${'a'.repeat(8192)}`), kinds.TARGET_TOO_LONG);
    assert.equal(parse(`GET / HTTP/1.1\r\nA: ${'a'.repeat(32768)}`), kinds.HEAD_TOO_LARGE);
  });
});
