import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseRequestHead, RequestHead } from './request-head.ts';

/** The names of the fields that would be forwarded, lower-cased. */
function forwarded(fields: readonly string[]): string[] {
  const text = `GET / HTTP/1.1\r\nHost: a\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`;
  const head = new RequestHead();
  assert.equal(parseRequestHead(Buffer.from(text), 0, text.length, head), text.length);
  const names: string[] = [];
  for (let i = 0; i < head.fieldCount; i++) {
    if (head.hop[i] === 0) {
      names.push(text.slice(head.nameStart[i], head.nameEnd[i]).toLowerCase());
    }
  }
  return names;
}

describe('connection options', () => {
  it('mark the fields of RFC 9110 §7.6.1 whether or not they are named', () => {
    const own = [
      'Connection: x',
      'Keep-Alive: timeout=5',
      'TE: trailers',
      'Trailer: a',
      'Transfer-Encoding: chunked',
      'Upgrade: h2c',
      'Proxy-Connection: close',
      'Proxy-Authenticate: Basic',
      'Proxy-Authorization: Basic eA==',
    ];
    assert.deepEqual(forwarded([...own, 'Via: 1.1 b']), ['host', 'via']);
  });

  it('mark what Connection names, before or after it, in any case, every time it occurs', () => {
    const fields = ['X-One: 1', 'connection: x-ONE , ,Accept', 'x-one: 2', 'accept: */*', 'B: c'];
    assert.deepEqual(forwarded(fields), ['host', 'b']);
    const lines = ['Connection: close', 'Connection: b', 'B: c', 'BB: d', 'a: e'];
    assert.deepEqual(forwarded(lines), ['host', 'bb', 'a']);
  });

  it('cannot strip the fields the router and the engines rely on', () => {
    const kept = [
      'Content-Length: 0',
      'Authorization: x',
      'Cookie: x',
      'X-Forwarded-For: x',
      'X-Forwarded-Proto: x',
      'X-Forwarded-Host: x',
      'X-Forwarded-Anything: x',
      'X-Request-Id: x',
    ];
    const names = kept.map((field) => field.slice(0, field.indexOf(':')));
    for (const spelt of [names, names.map((name) => name.toUpperCase())]) {
      const all = forwarded([`Connection: Host, ${spelt.join(', ')}`, ...kept]);
      assert.deepEqual(all, ['host', ...names.map((name) => name.toLowerCase())]);
    }
  });

  it('that are not tokens are ignored', () => {
    assert.deepEqual(forwarded(['Connection: "b", b;c, b d', 'B: c']), ['host', 'b']);
  });
});
