/**
 * An origin on bare sockets that keeps what it was sent, reads it twice (reference-reader,
 * llhttp) and writes down whatever the two do not read as the same whole requests, each of the
 * one shape the router gives its requests. Answers name the digest of the body they answer.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { bodyOf, NodeReader } from './node-reader.ts';
import { type HeadLimits, type ReadMessage, readRequests, valuesIn } from './reference-reader.ts';

/** Of what came, for a report. */
const KEPT_BYTES = 4 * 1024;
const MAX_COMPLAINTS = 5;

/** What the router lets clients send, and its own fields beside. */
const LIMITS: HeadLimits = { bytes: 33 * 1024, lines: 136 };

/** Fields of a forwarded request that are never the client's own. */
const NEVER = [
  ...['transfer-encoding', 'connection', 'keep-alive', 'proxy-connection', 'te', 'trailer'],
  ...['upgrade', 'expect', 'cookie', 'x-api-key', 'api-key', 'proxy-authorization'],
];
const ONCE = ['host', 'content-length', 'x-request-id', 'x-forwarded-for', 'x-forwarded-proto'];

export async function startRecordingOrigin(): Promise<RecordingOrigin> {
  const origin = new RecordingOrigin();
  await origin.open();
  return origin;
}

export class RecordingOrigin {
  url = '';
  /** What should not be, in sentences. */
  readonly complaints: string[] = [];
  /** Requests by digest of the body that no client has been answered for yet. */
  readonly forwarded = new Map<string, ReadMessage[]>();
  requestCount = 0;
  /** Requests on connections that had carried one before. */
  reusedCount = 0;
  #authority = '';
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor() {
    this.#server = createServer({ noDelay: true }, (socket) => this.#serve(socket));
  }

  async open(): Promise<void> {
    this.#server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 });
    await once(this.#server, 'listening');
    this.#authority = `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    this.url = `http://${this.#authority}`;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  /** Takes off one request with this body; undefined = none came. */
  claim(digest: string): ReadMessage | undefined {
    const list = this.forwarded.get(digest);
    const found = list?.shift();
    if (list?.length === 0) this.forwarded.delete(digest);
    return found;
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    const line = new Line(this.#authority, (what, bytes) => {
      if (this.complaints.length < MAX_COMPLAINTS) {
        this.complaints.push(`${what}; the last upstream bytes: ${bytes.toString('hex')}`);
      }
      socket.destroy();
    });
    let answered = Promise.resolve();
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#sockets.delete(socket);
      line.close();
    });
    socket.on('data', (bytes: Buffer) => {
      for (const message of line.read(bytes)) {
        if (message.method === 'GET') {
          socket.write(information(message.target));
          continue;
        }
        this.requestCount++;
        if (line.count > 1) this.reusedCount++;
        const list = this.forwarded.get(message.digest);
        if (list === undefined) this.forwarded.set(message.digest, [message]);
        else list.push(message);
        answered = answered.then(() => answer(socket, message));
      }
    });
  }
}

/** One connection's bytes, as two readers see them. */
class Line {
  count = 0;
  readonly #authority: string;
  readonly #complain: (what: string, bytes: Buffer) => void;
  readonly #node = new NodeReader('requests');
  /** The last bytes that came. */
  #kept: Buffer = Buffer.alloc(0);
  #unread: Buffer = Buffer.alloc(0);
  /** The control plane's probes never share a connection with what clients sent. */
  #method = '';

  constructor(authority: string, complain: (what: string, bytes: Buffer) => void) {
    this.#authority = authority;
    this.#complain = complain;
  }

  read(bytes: Buffer): readonly ReadMessage[] {
    this.#kept = Buffer.concat([this.#kept, bytes]).subarray(-KEPT_BYTES);
    this.#unread = Buffer.concat([this.#unread, bytes]);
    this.#node.feed(bytes);
    const { messages, rest } = readRequests(this.#unread, LIMITS);
    this.#unread = this.#unread.subarray(messages.at(-1)?.end ?? 0);
    const wrong = this.#wrongWith(messages) || (rest.kind === 'refused' ? rest.why : '');
    this.#node.messages.splice(0, messages.length);
    if (wrong === '') return messages;
    this.#complain(wrong, this.#kept);
    return [];
  }

  close(): void {
    if (this.#unread.length > 0) this.#complain('an unfinished request', this.#kept);
    this.#node.close();
  }

  #wrongWith(messages: readonly ReadMessage[]): string {
    if (this.#node.refused !== '') return `llhttp refuses it: ${this.#node.refused}`;
    const whole = this.#node.whole();
    if (whole.length !== messages.length) {
      return `llhttp reads ${whole.length} requests, the other reader ${messages.length}`;
    }
    for (const [i, message] of messages.entries()) {
      if (!bodyOf(whole[i]!).equals(message.body)) return 'llhttp reads another body';
      this.count++;
      if (this.#method === '') this.#method = message.method;
      else if (this.#method !== message.method) return 'a GET and a POST on one connection';
      const wrong = message.method === 'GET' ? '' : wrongShape(message, this.#authority);
      if (wrong !== '') return wrong;
    }
    return '';
  }
}

/** Why a request is not as the router writes its requests, or ''. */
function wrongShape(message: ReadMessage, authority: string): string {
  const { method, target, minor, fields } = message;
  if (method !== 'POST') return `method ${method}`;
  if (!/^\/v1\/[a-z]/.test(target)) return `target ${target}`;
  if (minor !== 1) return 'HTTP/1.0';
  const given = fields.map(([name]) => name).filter((name) => NEVER.includes(name));
  if (given.length > 0) return `fields of one hop: ${given}`;
  for (const name of ONCE) {
    const { length } = valuesIn(fields, name);
    if (length !== 1) return `${length} lines ${name}`;
  }
  const [host] = valuesIn(fields, 'host');
  return host === authority ? '' : `Host: ${host}`;
}

function information(target: string): string {
  const body = target === '/v1/models' ? '{"object":"list","data":[{"id":"m"}]}' : '{}';
  const status = target === '/v1/models' ? '200 OK' : '404 Not Found';
  return `HTTP/1.1 ${status}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

/** All ways of answering are right; which one depends on the request alone. */
async function answer(socket: Socket, { digest }: ReadMessage): Promise<void> {
  const head = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Echo: ${digest}\r\n`;
  const body = `{"echo":"${digest}"}`;
  const sized = `${head}Content-Length: ${body.length}\r\n\r\n${body}`;
  const chunked = `${head}Transfer-Encoding: chunked\r\n\r\n`;
  const half = body.length >> 1;
  const part = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;
  switch (Number.parseInt(digest.slice(0, 2), 16) % 8) {
    case 0:
      await delay(2);
      socket.write(sized);
      break;
    case 1:
      socket.write(chunked + part(body.slice(0, half)));
      await delay(1);
      socket.write(`${part(body.slice(half))}0\r\n\r\n`);
      break;
    case 2:
      socket.write(`HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\nX: y\r\n\r\n${sized}`);
      break;
    case 3:
      socket.write(sized.slice(0, -half));
      await delay(1);
      socket.write(sized.slice(-half));
      break;
    case 4:
      socket.end(`${head}Connection: close\r\n\r\n${body}`);
      break;
    case 5:
      socket.write(`${chunked}${part(body)}0;x=y\r\nX-Trailer: z\r\n\r\n`);
      break;
    default:
      socket.write(sized);
  }
}
