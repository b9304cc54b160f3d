/** Requests and answers as text, for tests that play both ends of a connection. */
import assert from 'node:assert/strict';
import { BodyFraming } from '../../src/http1/body-framing.ts';
import { parseResponseHead, ResponseHead } from '../../src/http1/response-head.ts';

export interface RequestText {
  readonly path?: string;
  readonly body?: string;
  readonly fields?: string;
  readonly version?: string;
}

/** A POST with Content-Length. */
export function post({
  path = '/v1/chat/completions',
  body = '{"model":"m"}',
  fields = '',
  version = 'HTTP/1.1',
}: RequestText = {}): string {
  const length = `Content-Length: ${Buffer.byteLength(body, 'latin1')}\r\n`;
  return `POST ${path} ${version}\r\nHost: r\r\n${fields}${length}\r\n${body}`;
}

/** An answer with Content-Length. */
export function answer(status: number, body: string, fields = ''): string {
  const length = Buffer.byteLength(body, 'latin1');
  return `HTTP/1.1 ${status} Text\r\n${fields}Content-Length: ${length}\r\n\r\n${body}`;
}

/** Head of an event stream in chunked coding. */
export const SSE_HEAD =
  'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n';

export function chunked(text: string): string {
  return `${text.length.toString(16)}\r\n${text}\r\n`;
}

export const LAST_CHUNK = '0\r\n\r\n';

export interface ReadAnswer {
  readonly status: number;
  readonly head: string;
  readonly body: string;
  /** The framing came to its end. */
  readonly complete: boolean;
}

/** All answers in what a client got; interim ones are left out. Fails on what is not HTTP. */
export function readAnswers(text: string): ReadAnswer[] {
  const bytes = Buffer.from(text, 'latin1');
  const head = new ResponseHead();
  const found: ReadAnswer[] = [];
  let at = 0;
  while (at < bytes.length) {
    const size = parseResponseHead(bytes, at, bytes.length, head);
    if (size <= 0) assert.fail(`no head of an answer (${size}): ${JSON.stringify(text.slice(at))}`);
    const headText = bytes.toString('latin1', at, at + size);
    at += size;
    if (head.status < 200) continue;
    const framing = new BodyFraming();
    framing.reset(head.bodyKind(false), Math.max(0, head.contentLength));
    let body = '';
    while (at < bytes.length && !framing.done) {
      at = framing.next(bytes, at, bytes.length);
      if (framing.error !== 0) assert.fail(`bad framing in ${JSON.stringify(text)}`);
      body += bytes.toString('latin1', framing.dataStart, framing.dataEnd);
    }
    found.push({ status: head.status, head: headText, body, complete: framing.done });
  }
  return found;
}

/** The one answer in what a client got. */
export function readAnswer(text: string): ReadAnswer {
  const found = readAnswers(text);
  if (found.length !== 1) assert.fail(`${found.length} answers in ${JSON.stringify(text)}`);
  return found[0]!;
}

/** The value of the only field of this name, or undefined. */
export function field({ head }: ReadAnswer, name: string): string | undefined {
  const lines = head.split('\r\n').filter((line) => {
    return line.toLowerCase().startsWith(`${name.toLowerCase()}:`);
  });
  assert.ok(lines.length <= 1, `${name} stands twice in ${head}`);
  return lines[0]?.slice(name.length + 1).trim();
}
