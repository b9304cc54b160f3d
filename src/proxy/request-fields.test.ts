import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HeadWriter } from '../http1/head-writer.ts';
import { parseRequestHead, RequestHead } from '../http1/request-head.ts';
import { givenRequestId, writeClientAuthorization, writeRequestFields } from './request-fields.ts';

const OWN = { peer: '192.0.2.7', tls: false };
const OURS =
  'X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: http\r\n' + 'X-Forwarded-Host: host:8\r\n';

interface Parsed {
  readonly chunk: Buffer;
  readonly head: RequestHead;
}

function parse(fields: string, first = 'POST / HTTP/1.1\r\nHost: host:8\r\n'): Parsed {
  const chunk = Buffer.from(`${first}${fields}\r\n`, 'latin1');
  const head = new RequestHead();
  assert.equal(parseRequestHead(chunk, 0, chunk.length, head), chunk.length);
  return { chunk, head };
}

function written(fields: string, own = OWN): string {
  const { chunk, head } = parse(fields);
  const out = new HeadWriter(16);
  writeRequestFields(out, chunk, head, own);
  return out.buf.toString('latin1', 0, out.length);
}

describe('the fields of a request', () => {
  it('pass as they came, in order, with ours behind them', () => {
    const fields = 'X-B: 2\r\nx-a:  1 \r\nX-B: 3;q="\xe9"\r\nContent-Type: application/json\r\n';
    assert.equal(written(fields), fields + OURS);
  });

  it('leave out what belongs to one hop, and what Connection names', () => {
    const fields =
      'Connection: x-own, keep-alive\r\nX-Own: 1\r\nKeep-Alive: 5\r\nTE: trailers\r\n' +
      'Upgrade: h2c\r\nProxy-Authorization: p\r\nX-Stay: 1\r\n';
    assert.equal(written(fields), `X-Stay: 1\r\n${OURS}`);
  });

  it("leave out the client's credentials", () => {
    const fields = 'Authorization: Bearer s\r\nX-API-Key: s\r\napi-key: s\r\nCookie: s\r\nA: 1\r\n';
    assert.equal(written(fields), `A: 1\r\n${OURS}`);
  });

  it('leave out what a client says about where it comes from', () => {
    const fields =
      'X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\n' +
      'Forwarded: for=1.1.1.1\r\nX-Request-Id: theirs\r\nExpect: 100-continue\r\n';
    assert.equal(written(fields), OURS);
  });

  it('say when the client spoke TLS', () => {
    assert.match(written('', { ...OWN, tls: true }), /X-Forwarded-Proto: https\r\n/);
  });

  it('name no host when the client named none', () => {
    const { chunk, head } = parse('', 'POST / HTTP/1.0\r\n');
    const out = new HeadWriter(16);
    writeRequestFields(out, chunk, head, OWN);
    assert.doesNotMatch(out.buf.toString('latin1', 0, out.length), /Host/);
  });
});

describe("the client's request id", () => {
  it('is kept when it is a plain word', () => {
    for (const id of ['a', 'A-b_c.9', 'x'.repeat(128)]) {
      const { chunk, head } = parse(`X-Request-Id: ${id}\r\n`);
      assert.equal(givenRequestId(chunk, head), id);
    }
  });

  it('is not kept when it could do harm in a log', () => {
    for (const id of ['', 'a b', 'a\tb', '"', 'x'.repeat(129), '\xe9', '<b>', '%0a']) {
      const { chunk, head } = parse(`X-Request-Id: ${id}\r\n`);
      assert.equal(givenRequestId(chunk, head), '', id);
    }
    const { chunk, head } = parse('');
    assert.equal(givenRequestId(chunk, head), '');
  });
});

it("writes the client's Authorization, if there is one", () => {
  for (const [fields, expected] of [
    ['authorization:  Bearer x \r\n', 'Authorization: Bearer x\r\n'],
    ['X-Api-Key: x\r\n', ''],
  ] as const) {
    const { chunk, head } = parse(fields);
    const out = new HeadWriter(4);
    writeClientAuthorization(out, chunk, head);
    assert.equal(out.buf.toString('latin1', 0, out.length), expected);
  }
});
