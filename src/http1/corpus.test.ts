/**
 * The fixtures of Node's own parser, llhttp, run against ours where they are at hand: what it
 * refuses in its strict mode we refuse, what it accepts we accept, but for the numbered cases
 * below, each with the rule of ours that says otherwise.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { BodyFraming } from './body-framing.ts';
import { detailOf, HOST_MISSING } from './parse-error.ts';
import { parseRequestHead, RequestHead } from './request-head.ts';
import { parseResponseHead, ResponseHead } from './response-head.ts';

const ROOT = new URL('../../../shared/data/http1-corpus/llhttp/', import.meta.url);

interface Fixture {
  /** Folder/file#number of the case in its file, from 1. */
  name: string;
  request: boolean;
  lenient: boolean;
  bytes: Buffer;
  refused: boolean;
}

/** Codes by which llhttp hands over (upgrade) or ignores what follows a closing message. */
const NOT_REFUSALS = new Set(['5', '21', '22', '23']);

/** A case: its meta comment, the `http` fence, and the `log` fence that follows in its section. */
const CASE = new RegExp(
  [
    '<!-- meta=(\\{.*?\\}) -->\\s*',
    '```http\\n((?:(?!\\n```)[\\s\\S])*)\\n```\\n[\\s\\S]*?',
    '```log\\n([\\s\\S]*?)```',
  ].join(''),
  'g',
);

function readFixtures(folder: 'request' | 'response'): Fixture[] {
  const fixtures: Fixture[] = [];
  for (const file of readdirSync(new URL(folder, ROOT)).sort()) {
    const text = readFileSync(new URL(`${folder}/${file}`, ROOT), 'utf8');
    const cases = text.matchAll(CASE);
    let number = 0;
    for (const [, meta, http, log] of cases) {
      number++;
      const code = /error code=(\d+)/.exec(log)?.[1];
      fixtures.push({
        name: `${folder}/${file}#${number}`,
        request: folder === 'request',
        lenient: meta.includes('lenient'),
        bytes: decode(http),
        refused: code !== undefined && !NOT_REFUSALS.has(code),
      });
    }
    assert.equal(number, text.split('\n```http\n').length - 1, `cases read in ${file}`);
  }
  return fixtures;
}

/** Fixtures write line ends as line ends, other bytes as C escapes, and `\` joins lines. */
function decode(http: string): Buffer {
  const lines = http.replaceAll('\\\n', '').replaceAll('\n', '\r\n');
  const named: Record<string, string> = { r: '\r', n: '\n', t: '\t', f: '\f' };
  const text = lines.replace(
    /\\(?:x([0-9a-fA-F]{2})|([0-7]{1,3})|([rntf]))/g,
    (_, hex, octal, c) =>
      c === undefined ? String.fromCharCode(Number.parseInt(hex ?? octal, hex ? 16 : 8)) : named[c],
  );
  return Buffer.from(text, /[\u0100-\uffff]/.test(text) ? 'utf8' : 'latin1');
}

/** Reads message after message; a parse error, or 0 when nothing was refused. */
function run(fixture: Fixture): number {
  const framing = new BodyFraming();
  const request = new RequestHead();
  const response = new ResponseHead();
  let bytes = fixture.bytes;
  let pos = 0;
  while (pos < bytes.length) {
    const consumed = fixture.request
      ? parseRequestHead(bytes, pos, bytes.length, request)
      : parseResponseHead(bytes, pos, bytes.length, response);
    // The fixtures seldom carry Host, which is a rule above the parser that they test.
    if (consumed === HOST_MISSING) {
      const lineEnd = bytes.indexOf('\r\n', pos + 2) + 2;
      const rest = bytes.subarray(lineEnd);
      bytes = Buffer.concat([bytes.subarray(0, lineEnd), Buffer.from('Host: a\r\n'), rest]);
      continue;
    }
    if (consumed <= 0) return consumed;
    pos += consumed;
    const head = fixture.request ? request : response;
    const kind = fixture.request ? request.bodyKind() : response.bodyKind(false);
    framing.reset(kind, head.contentLength);
    while (pos < bytes.length && !framing.done) {
      pos = framing.next(bytes, pos, bytes.length);
      if (framing.error !== 0) return framing.error;
    }
    const interim = !fixture.request && response.status < 200;
    if (!head.keepAlive && !interim) return 0;
  }
  return 0;
}

const ORIGIN_FORM = 'PROTOCOL §1.6: only origin-form targets';
const NO_FRAGMENT = 'PROTOCOL §1.6: no fragment in a target';
const NO_CONNECT = 'PROTOCOL §1.6: CONNECT is refused';
const NO_UPGRADE = 'PROTOCOL §2: Upgrade is stripped, so what follows is read as HTTP';
const ONLY_HTTP = 'PROTOCOL §1.7: HTTP/1.0 and HTTP/1.1 alone';
const NO_EMPTY_LINE = 'RFC 9112 §2.2 lets servers alone skip an empty line';
const SURPLUS = 'PROTOCOL §1.11: bytes after a closing message are discarded';
const ONE_CODING = 'PROTOCOL §1.1: chunked, once, is the only coding';

/** What llhttp accepts and we refuse. */
const STRICTER = new Map<string, string>([
  ['request/connection.md#5', 'RFC 9112 §2.2: at least one empty line may be skipped; we skip one'],
  ['request/connection.md#14', NO_UPGRADE],
  ['request/connection.md#20', NO_UPGRADE],
  ['request/connection.md#21', NO_UPGRADE],
  ['request/content-length.md#1', 'PROTOCOL §1.2: no leading zeros'],
  ['request/content-length.md#2', 'PROTOCOL §1.2: no leading zeros'],
  ['request/method.md#2', NO_CONNECT],
  ['request/method.md#3', NO_CONNECT],
  ['request/method.md#4', NO_CONNECT],
  ['request/method.md#5', 'PROTOCOL §1.6: "*" is for OPTIONS'],
  ['request/method.md#12', ONLY_HTTP],
  ['request/method.md#13', ONLY_HTTP],
  ['request/method.md#14', ONLY_HTTP],
  ['request/method.md#15', 'PROTOCOL §1.7: the HTTP/2 preface'],
  ['request/sample.md#10', 'PROTOCOL §1.7: HTTP/0.9'],
  ['request/transfer-encoding.md#20', NO_FRAGMENT],
  ['request/transfer-encoding.md#21', NO_FRAGMENT],
  ['request/uri.md#1', 'PROTOCOL §1.6: no backslash in a target'],
  ['request/uri.md#3', ORIGIN_FORM],
  ['request/uri.md#4', ORIGIN_FORM],
  ['request/uri.md#6', ORIGIN_FORM],
  ['request/uri.md#8', NO_FRAGMENT],
  ['request/uri.md#9', NO_CONNECT],
  ['request/uri.md#10', ORIGIN_FORM],
  ['response/connection.md#10', NO_UPGRADE],
  ['response/connection.md#11', NO_UPGRADE],
  ['response/connection.md#15', NO_EMPTY_LINE],
  ['response/connection.md#17', NO_EMPTY_LINE],
  ['response/pipelining.md#1', NO_EMPTY_LINE],
  ['response/sample.md#2', ONLY_HTTP],
  ['response/sample.md#3', ONLY_HTTP],
  ['response/sample.md#18', ONLY_HTTP],
  ['response/sample.md#20', NO_EMPTY_LINE],
  ['response/transfer-encoding.md#2', ONE_CODING],
  ['response/transfer-encoding.md#3', ONE_CODING],
  ['response/transfer-encoding.md#4', ONE_CODING],
]);

/** What llhttp refuses and we accept. */
const LAXER = new Map<string, string>([
  ['request/invalid.md#4', 'any token is a method: the routes answer 405, not the parser 400'],
  ['request/invalid.md#14', 'any token is a method: the routes answer 405, not the parser 400'],
]);

/** What llhttp refuses unless told to be lenient, but not in how it reads one message. */
const LENIENT_ABOUT_SURPLUS = new Map<string, string>([
  ['request/connection.md#4', SURPLUS],
  ['request/connection.md#11', SURPLUS],
  ['response/connection.md#7', SURPLUS],
  ['response/connection.md#9', SURPLUS],
]);

describe('the llhttp corpus', { skip: !existsSync(ROOT) && 'the corpus is not here' }, () => {
  for (const folder of ['request', 'response'] as const) {
    const fixtures = existsSync(ROOT) ? readFixtures(folder) : [];

    it(`has the ${folder} cases this test was written for`, () => {
      assert.ok(fixtures.length > 80, `${fixtures.length} cases`);
    });

    it(`agrees on what a ${folder} must not be`, () => {
      for (const fixture of fixtures.filter(({ refused }) => refused)) {
        const accepted = run(fixture) === 0;
        assert.equal(accepted, LAXER.has(fixture.name), `${fixture.name} ${fixture.bytes}`);
      }
    });

    it(`agrees on what a ${folder} may be`, () => {
      for (const fixture of fixtures.filter(({ refused, lenient }) => !refused && !lenient)) {
        const result = run(fixture);
        const message = `${fixture.name} ${fixture.bytes} ${result < 0 ? detailOf(result) : ''}`;
        assert.equal(result < 0, STRICTER.has(fixture.name), message);
      }
    });

    it(`grants a ${folder} nothing that llhttp grants only when told to be lenient`, () => {
      for (const fixture of fixtures.filter(({ lenient }) => lenient)) {
        const accepted = run(fixture) === 0;
        assert.equal(accepted, LENIENT_ABOUT_SURPLUS.has(fixture.name), fixture.name);
      }
    });
  }
});
