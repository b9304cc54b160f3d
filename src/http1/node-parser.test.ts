/**
 * What we accept, Node's strict parser reads as the same messages: the same number, each with the
 * same body. The inputs are requests put together from right and wrong parts, then damaged a
 * little, so that most are refused by both and the interesting ones are refused by one.
 */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { BodyFraming } from './body-framing.ts';
import { METHOD_OTHER, parseRequestHead, RequestHead } from './request-head.ts';

interface NodeParser {
  [callback: number]: unknown;
  initialize(type: number, resource: object): void;
  execute(bytes: Buffer): number | Error;
}

interface NodeParserClass {
  new (): NodeParser;
  readonly REQUEST: number;
  readonly kOnHeadersComplete: number;
  readonly kOnBody: number;
  readonly kOnMessageComplete: number;
}

const { HTTPParser } = createRequire(import.meta.url)('_http_common') as {
  HTTPParser: NodeParserClass;
};

interface Reading {
  /** Of the messages that were read to their end. */
  bodies: string[];
  refused: boolean;
}

function readByNode(bytes: Buffer): Reading {
  const bodies: string[] = [];
  let body = '';
  const parser = new HTTPParser();
  parser.initialize(HTTPParser.REQUEST, {});
  parser[HTTPParser.kOnHeadersComplete] = () => 0;
  parser[HTTPParser.kOnBody] = (piece: Buffer) => {
    body += piece.toString('latin1');
  };
  parser[HTTPParser.kOnMessageComplete] = () => {
    bodies.push(body);
    body = '';
  };
  return { bodies, refused: parser.execute(bytes) instanceof Error };
}

/** Ends as Node does at a message that closes the connection. */
function readByUs(bytes: Buffer): Reading {
  const bodies: string[] = [];
  const head = new RequestHead();
  const framing = new BodyFraming();
  let pos = 0;
  while (pos < bytes.length) {
    const consumed = parseRequestHead(bytes, pos, bytes.length, head);
    if (consumed <= 0) return { bodies, refused: consumed < 0 };
    // Node knows methods by name; here that is for the routes to judge.
    if (head.method === METHOD_OTHER) return { bodies, refused: true };
    pos += consumed;
    framing.reset(head.bodyKind(), head.contentLength);
    let body = '';
    while (pos < bytes.length && !framing.done) {
      pos = framing.next(bytes, pos, bytes.length);
      if (framing.error !== 0) return { bodies, refused: true };
      body += bytes.toString('latin1', framing.dataStart, framing.dataEnd);
    }
    if (!framing.done) break;
    bodies.push(body);
    if (!head.keepAlive) break;
  }
  return { bodies, refused: false };
}

const lineEnd = fc.oneof(
  { weight: 60, arbitrary: fc.constant('\r\n') },
  { weight: 1, arbitrary: fc.constantFrom('\n', '\r', '\r\r\n', '\r\n ', '') },
);
const startLine = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('POST /v1/x HTTP/1.1', 'GET / HTTP/1.1') },
  { weight: 2, arbitrary: fc.constantFrom('PUT /a?b HTTP/1.0', 'OPTIONS * HTTP/1.1') },
  { weight: 1, arbitrary: fc.constantFrom('GET / HTTP/1.2', 'GET  / HTTP/1.1', 'GET /') },
);
const name = fc.constantFrom(
  'Content-Length',
  'Transfer-Encoding',
  'Connection',
  'Host',
  'X',
  'TE',
);
const separator = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom(': ', ':', ':\t') },
  { weight: 1, arbitrary: fc.constantFrom(' : ', '', ' :', '\0:') },
);
const value = fc
  .constantFrom('3', '5', '0', '05', '+3', 'chunked', 'Chunked ', 'gzip', 'close')
  .chain((one) => fc.constantFrom(one, one, one, `${one}, chunked`, `${one}\0`, `${one}\x80`, ''));
const field = fc.tuple(name, separator, value, lineEnd).map((parts) => parts.join(''));
const framed = fc.constantFrom(
  'Content-Length: 3\r\n\r\nabc',
  'Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
  'Transfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nX: y\r\n\r\n',
  'Transfer-Encoding: chunked\r\n\r\n03\r\nabc\r\n5\r\nhello\r\n0\r\n\r\n',
  '\r\n',
);
const message = fc
  .tuple(startLine, lineEnd, fc.array(field, { maxLength: 2 }), framed)
  .map(([start, end, fields, rest]) => `${start}${end}Host: a\r\n${fields.join('')}${rest}`);

/** Overwrites, removes or doubles one byte; `what` below 0 leaves the text as it is. */
function damage(text: string, where: number, what: number, char: string): string {
  const at = where % text.length;
  if (what === 0) return text.slice(0, at) + char + text.slice(at + 1);
  if (what === 1) return text.slice(0, at) + text.slice(at + 1);
  return what === 2 ? text.slice(0, at) + char + text.slice(at) : text;
}

describe('beside the strict parser of Node', () => {
  it('what is accepted here is read there as the same messages', () => {
    let acceptedCount = 0;
    const property = fc.property(
      fc.array(message, { minLength: 1, maxLength: 3 }),
      fc.nat(400),
      fc.integer({ min: -4, max: 2 }),
      fc.constantFrom('\0', '\r', '\n', ' ', '\t', ':', ';', ',', '0', '1', 'a', '\x80'),
      (messages, where, what, char) => {
        const bytes = Buffer.from(damage(messages.join(''), where, what, char), 'latin1');
        const ours = readByUs(bytes);
        const theirs = readByNode(bytes);
        acceptedCount += ours.bodies.length;
        // Where we refuse, Node may read on; up to there both have read the same.
        const comparable = ours.refused
          ? theirs.bodies.slice(0, ours.bodies.length)
          : theirs.bodies;
        assert.deepEqual(ours.bodies, comparable, JSON.stringify(bytes.toString('latin1')));
      },
    );
    fc.assert(property, { seed: 20, numRuns: 5000 });
    assert.ok(acceptedCount > 1000, `${acceptedCount} messages accepted`);
  });
});
