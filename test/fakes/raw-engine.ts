/**
 * An engine on a bare socket that does what a script says: sends any bytes at any time, resets,
 * closes, or stays silent, and keeps what it was sent, byte for byte. Probes (GET) are answered
 * by itself and neither scripted nor recorded, so that the router finds it up.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { sleep } from './until.ts';

/** What a script may do on the connection its request came on. */
export interface Stage {
  readonly request: RecordedRequest;
  /** 0 for the first scripted request of all, then 1, … */
  readonly index: number;
  send(bytes: string | Uint8Array): void;
  delay(ms: number): Promise<void>;
  /** FIN. */
  end(): void;
  /** RST. */
  reset(): void;
  /** Resolves when the router closed the connection. */
  closed(): Promise<void>;
}

export type Script = (stage: Stage) => void | Promise<void>;

export interface RecordedRequest {
  /** The whole request as it came. */
  readonly raw: Buffer;
  readonly head: string;
  /** Names in lower case, in order, repeated ones included. */
  readonly fields: readonly (readonly [string, string])[];
  readonly body: Buffer;
  /** Counts connections from 0; the same number = the same connection. */
  readonly connection: number;
  readonly atMs: number;
  /** When its connection was closed by the router; -1 = still open. */
  closedAtMs: number;
}

export interface RawEngine {
  /** `http://127.0.0.1:port`. */
  readonly url: string;
  readonly port: number;
  /** Scripted requests so far. */
  readonly requests: readonly RecordedRequest[];
  /** Open connections, probes included. */
  readonly connections: number;
  /** Takes effect with the next request. */
  script: Script;
  /** The model that `GET /v1/models` names. */
  readonly model: string;
  /** Forgets the requests so far. */
  forget(): void;
  close(): Promise<void>;
}

export async function startRawEngine(script: Script, model = 'm'): Promise<RawEngine> {
  const engine = new ListeningEngine(script, model);
  await engine.open();
  return engine;
}

/** An answer with Content-Length. */
export function jsonAnswer(body: string | object, fields = '', status = '200 OK'): string {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const length = Buffer.byteLength(text);
  return (
    `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\n` +
    `${fields}Content-Length: ${length}\r\n\r\n${text}`
  );
}

/** Head of an event stream in chunked coding. */
export const STREAM_HEAD =
  'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n' +
  'Transfer-Encoding: chunked\r\n\r\n';
export const LAST_CHUNK = '0\r\n\r\n';

/** One chunk of chunked coding. */
export function chunk(text: string | Uint8Array): Buffer {
  const bytes = Buffer.from(text as Uint8Array);
  return Buffer.concat([
    Buffer.from(`${bytes.length.toString(16)}\r\n`),
    bytes,
    Buffer.from('\r\n'),
  ]);
}

class ListeningEngine implements RawEngine {
  script: Script;
  readonly model: string;
  readonly requests: RecordedRequest[] = [];
  url = '';
  port = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #connectionCount = 0;

  constructor(script: Script, model: string) {
    this.script = script;
    this.model = model;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      this.#serve(socket, this.#connectionCount++);
    });
  }

  get connections(): number {
    return this.#sockets.size;
  }

  async open(): Promise<void> {
    this.#server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 });
    await once(this.#server, 'listening');
    this.port = (this.#server.address() as AddressInfo).port;
    this.url = `http://127.0.0.1:${this.port}`;
  }

  forget(): void {
    this.requests.length = 0;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #serve(socket: Socket, connection: number): void {
    this.#sockets.add(socket);
    let received: Buffer = Buffer.alloc(0);
    const carried: RecordedRequest[] = [];
    const gone = () => {
      for (const request of carried.splice(0)) request.closedAtMs = performance.now();
    };
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.on('error', () => {});
    socket.on('close', () => {
      gone();
      this.#sockets.delete(socket);
    });
    // The router never half-closes: its FIN is its end.
    socket.on('end', () => {
      gone();
      socket.end();
    });
    socket.on('data', (bytes: Buffer) => {
      received = received.length === 0 ? bytes : Buffer.concat([received, bytes]);
      for (;;) {
        const request = readRequest(received, connection);
        if (request === undefined) return;
        received = received.subarray(request.raw.length);
        if (request.head.startsWith('GET ')) {
          socket.write(this.#information(request.head));
        } else {
          carried.push(request);
          this.#play(request, socket, closed);
        }
      }
    });
  }

  #information(head: string): string {
    if (head.startsWith('GET /v1/models ')) {
      return jsonAnswer({ object: 'list', data: [{ id: this.model, object: 'model' }] });
    }
    return 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n';
  }

  #play(request: RecordedRequest, socket: Socket, closed: Promise<void>): void {
    const index = this.requests.push(request) - 1;
    const done = this.script({
      request,
      index,
      send: (bytes) => void socket.write(bytes),
      delay: sleep,
      end: () => void socket.end(),
      // A socket that is shutting down cannot be reset, and would never close.
      reset: () => void (socket.writableEnded ? socket.destroy() : socket.resetAndDestroy()),
      closed: () => closed,
    });
    // A script that throws is a mistake of the test: let it be seen.
    if (done !== undefined) void done;
  }
}

/** The first request in `bytes`, or undefined while it is not complete. */
export function readRequest(bytes: Buffer, connection: number): RecordedRequest | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const head = bytes.toString('latin1', 0, headEnd + 4);
  const fields = head
    .slice(0, -4)
    .split('\r\n')
    .slice(1)
    .map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
    });
  const start = headEnd + 4;
  const length = Number(fields.find(([name]) => name === 'content-length')?.[1] ?? 0);
  if (bytes.length < start + length) return undefined;
  return {
    raw: Buffer.from(bytes.subarray(0, start + length)),
    head,
    fields,
    body: Buffer.from(bytes.subarray(start, start + length)),
    connection,
    atMs: performance.now(),
    closedAtMs: -1,
  };
}
