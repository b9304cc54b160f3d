/**
 * A second reader of HTTP/1.1 requests, for judging the router: written for clarity from
 * RFC 9112 and PROTOCOL §1, on strings and regular expressions, over whole buffers. It shares no
 * code with src/http1, so that a mistake there is not made here as well.
 */
import { createHash } from 'node:crypto';

export interface ReadMessage {
  readonly method: string;
  readonly target: string;
  /** Of HTTP/1.x. */
  readonly minor: number;
  /** Names in lower case, in order. */
  readonly fields: readonly (readonly [string, string])[];
  /** With chunked coding taken off. */
  readonly body: Buffer;
  /** SHA-1 of the body. */
  readonly digest: string;
  /** Where it ends in the bytes given. */
  readonly end: number;
  /** The sender takes another answer on this connection. */
  readonly keepAlive: boolean;
}

/** What stands behind the last whole message. */
export interface Rest {
  /** `partial`: its end has not come; it may also be refused already, from what is there. */
  readonly kind: 'none' | 'partial' | 'refused';
  readonly why: string;
  /** Of the message that is not whole, once it is known; else ''. */
  readonly method: string;
}

export interface Reading {
  readonly messages: readonly ReadMessage[];
  readonly rest: Rest;
}

interface Head {
  readonly method: string;
  readonly target: string;
  readonly minor: number;
  readonly fields: readonly (readonly [string, string])[];
  readonly end: number;
}

class Refusal extends Error {}
class Partial extends Error {}

const FRAMING = new Set(['content-length', 'transfer-encoding']);
const MAX_TARGET = 8 * 1024;
const MAX_EXTENSIONS = 4 * 1024;
const MAX_OPTIONS = 64;

const TCHAR = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]";
const REQUEST_LINE = new RegExp(`^(${TCHAR}{1,16}) ([^ ]+) HTTP/1\\.([01])$`);
const METHOD_FIRST = new RegExp(`^(?:\\r\\n)?(${TCHAR}{1,16}) `);
const ORIGIN_FORM = /^\/[\x21\x22\x24-\x5b\x5d-\x7e]*$/;
const FIELD_LINE = new RegExp(`^(${TCHAR}+):[ \\t]*([\\t\\x20-\\x7e\\x80-\\xff]*)$`);
const LITERAL = '\\[[0-9A-Za-z:.%\\-_~]+\\]';
const NAME = "[0-9A-Za-z\\-._~%!$&'()*+;=]+";
const HOST = new RegExp(`^(?:${LITERAL}|${NAME})(?::(\\d{1,5}))?$`);
const QUOTED =
  '"(?:[\\t\\x20!\\x23-\\x5b\\x5d-\\x7e\\x80-\\xff]|\\\\[\\t\\x20-\\x7e\\x80-\\xff])*"';
const EXTENSION = `;${TCHAR}+(?:=(?:${TCHAR}+|${QUOTED}))?`;
const CHUNK_LINE = new RegExp(`^(0{0,8}(?:0|[1-9A-Fa-f][0-9A-Fa-f]*))((?:${EXTENSION})*)$`);

/** How large a head may be. */
export interface HeadLimits {
  readonly bytes: number;
  readonly lines: number;
}

/** PROTOCOL §1.10. */
const CLIENT_LIMITS: HeadLimits = { bytes: 32 * 1024, lines: 128 };

/** All whole messages in `bytes`, up to the first that is refused or closes the connection. */
export function readRequests(bytes: Buffer, limits = CLIENT_LIMITS): Reading {
  const text = bytes.toString('latin1');
  const messages: ReadMessage[] = [];
  let at = 0;
  try {
    while (at < text.length) {
      const head = readHead(text, at, limits);
      const { body, end } = readBody(text, head);
      const { method, target, minor, fields } = head;
      const digest = createHash('sha1').update(body).digest('hex');
      const keepAlive = persists(head);
      messages.push({ method, target, minor, fields, body, digest, end, keepAlive });
      at = end;
      if (!keepAlive) break;
    }
    return { messages, rest: { kind: 'none', why: '', method: '' } };
  } catch (error) {
    if (!(error instanceof Refusal || error instanceof Partial)) throw error;
    const kind = error instanceof Refusal ? 'refused' : 'partial';
    const [, method] = METHOD_FIRST.exec(text.slice(at, at + 20)) ?? ['', ''];
    return { messages, rest: { kind, why: error.message, method: method! } };
  }
}

/** All values of a field, in order. */
export function valuesIn(fields: ReadMessage['fields'], name: string): string[] {
  return fields.filter(([key]) => key === name).map(([, value]) => value);
}

function readHead(text: string, start: number, limits: HeadLimits): Head {
  const at = text.startsWith('\r\n', start) ? start + 2 : start;
  if (text.startsWith('\r\n', at)) throw new Refusal('a second empty line');
  const headEnd = text.indexOf('\r\n\r\n', at);
  const size = (headEnd < 0 ? text.length : headEnd + 4) - start;
  if (size > limits.bytes) throw new Refusal('long head');
  if (headEnd < 0) throw new Partial('head');
  const [line, ...lines] = text.slice(at, headEnd).split('\r\n') as [string, ...string[]];
  const [, method, target, minor] = REQUEST_LINE.exec(line) ?? refuse('request line');
  if (method === 'CONNECT') throw new Refusal('CONNECT');
  const star = method === 'OPTIONS' && target === '*';
  if (!star && !ORIGIN_FORM.test(target!)) throw new Refusal('target');
  if (target!.length > MAX_TARGET) throw new Refusal('long target');
  if (lines.length > limits.lines) throw new Refusal('fields');
  const fields = readFields(lines);
  const head = { method: method!, target: target!, minor: Number(minor), fields, end: headEnd + 4 };
  checkHost(head);
  return head;
}

function readFields(lines: readonly string[]): [string, string][] {
  return lines.map((line) => {
    const [, given, padded] = FIELD_LINE.exec(line) ?? refuse('field line');
    const name = given!.toLowerCase();
    const value = padded!.replace(/[ \t]+$/, '');
    // RFC 9110 lets whitespace of both kinds follow a value; llhttp takes no tab here, nor do we.
    const tabbed = padded!.slice(value.length).includes('\t');
    if (name === 'transfer-encoding' && tabbed) throw new Refusal('tab behind the coding');
    return [name, value];
  });
}

function checkHost({ fields, minor }: Head): void {
  const hosts = valuesIn(fields, 'host');
  if (hosts.length > 1 || (hosts.length === 0 && minor === 1)) throw new Refusal('hosts');
  if (hosts.length === 0) return;
  const [, port] = HOST.exec(hosts[0]!) ?? refuse('host');
  if (port !== undefined && Number(port) > 65_535) throw new Refusal('port');
}

function persists({ fields, minor }: Head): boolean {
  const options = valuesIn(fields, 'connection').flatMap((value) => value.split(','));
  const words = options.map((option) => option.replace(/^[ \t]+|[ \t]+$/g, '').toLowerCase());
  if (words.includes('close')) return false;
  return minor === 1 || words.includes('keep-alive');
}

function readBody(text: string, head: Head): { body: Buffer; end: number } {
  const { fields, minor, end: at } = head;
  const options = valuesIn(fields, 'connection').flatMap((value) => value.split(','));
  if (options.length > MAX_OPTIONS) throw new Refusal('connection options');
  const lengths = valuesIn(fields, 'content-length');
  const codings = valuesIn(fields, 'transfer-encoding');
  if (lengths.length + codings.length > 1) throw new Refusal('framing twice');
  if (codings.length === 1) {
    if (minor === 0 || codings[0]!.toLowerCase() !== 'chunked') throw new Refusal('coding');
    return readChunks(text, at);
  }
  const length = lengths[0] ?? '0';
  if (!/^(?:0|[1-9][0-9]*)$/.test(length)) throw new Refusal('length');
  if (BigInt(length) > BigInt(Number.MAX_SAFE_INTEGER)) throw new Refusal('large length');
  const end = at + Number(length);
  if (end > text.length) throw new Partial('body');
  return { body: Buffer.from(text.slice(at, end), 'latin1'), end };
}

function readChunks(text: string, start: number): { body: Buffer; end: number } {
  let data = '';
  let at = start;
  let extensions = 0;
  for (;;) {
    const [line, next] = readLine(text, at);
    const [, size, extension] = CHUNK_LINE.exec(line) ?? refuse('chunk line');
    extensions += extension!.length;
    if (extensions > MAX_EXTENSIONS) throw new Refusal('extensions');
    if (BigInt(`0x${size}`) > BigInt(Number.MAX_SAFE_INTEGER)) throw new Refusal('chunk size');
    const bytes = Number.parseInt(size!, 16);
    if (bytes === 0) return { body: Buffer.from(data, 'latin1'), end: readTrailers(text, next) };
    const dataEnd = next + bytes;
    if (text.slice(dataEnd, dataEnd + 2) !== '\r\n') {
      if (text.length < dataEnd + 2) throw new Partial('chunk');
      throw new Refusal('chunk end');
    }
    data += text.slice(next, dataEnd);
    at = dataEnd + 2;
  }
}

function readTrailers(text: string, start: number): number {
  const lines: string[] = [];
  let at = start;
  for (;;) {
    const [line, next] = readLine(text, at);
    at = next;
    if (at - start > CLIENT_LIMITS.bytes) throw new Refusal('long trailers');
    if (line === '') break;
    lines.push(line);
    if (lines.length > CLIENT_LIMITS.lines) throw new Refusal('trailers');
    const [name] = readFields(lines).at(-1)!;
    if (FRAMING.has(name)) throw new Refusal('framing in a trailer');
  }
  return at;
}

function readLine(text: string, at: number): [line: string, next: number] {
  const end = text.indexOf('\r\n', at);
  if (end < 0) throw new Partial('line');
  return [text.slice(at, end), end + 2];
}

function refuse(why: string): never {
  throw new Refusal(why);
}
