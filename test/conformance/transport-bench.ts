/** Both ends of real connections for the transport suite: ours as a Transport, a node:net peer. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { Listener, ListenOptions } from '../../src/net/listener.ts';
import type { Connector, Transport, TransportHandler } from '../../src/net/transport.ts';

export interface Implementation {
  readonly connector: () => Connector;
  readonly listen: (
    options: ListenOptions,
    accept: (transport: Transport) => TransportHandler,
  ) => Promise<Listener>;
}

export const LOOPBACK = '127.0.0.1';
export const OPTIONS: ListenOptions = {
  host: LOOPBACK,
  port: 0,
  reusePort: false,
  tlsCert: '',
  tlsKey: '',
  requestHeadMs: 1_000,
};
/** A prime, so that no cut of the bytes into equal pieces gives equal pieces. */
const PERIOD = 1_000_003;
/** More than the kernel's buffers of both sides take (on Linux up to 32 and 4 MiB). */
export const MUCH = 48 * 1024 * 1024;
const PATIENCE_MS = 10_000;

/** Writes down what it is told, and lets a test wait for it. */
export class Recorder implements TransportHandler {
  readonly events: string[] = [];
  size = 0;
  readonly #chunks: Buffer[] = [];
  transport: Transport | undefined;
  /** Called with each chunk, before it is written down. */
  onChunk: (chunk: Buffer, start: number, end: number) => void = () => {};
  #changed: () => void = () => {};

  onConnect(): void {
    this.#note('connect');
  }

  onBytes(chunk: Buffer, start: number, end: number): void {
    this.onChunk(chunk, start, end);
    this.#chunks.push(Buffer.from(chunk.subarray(start, end)));
    this.size += end - start;
    if (this.events.at(-1) !== 'bytes') this.#note('bytes');
    this.#changed();
  }

  onDrain(): void {
    assert.equal(this.transport!.bytesQueued(), 0, 'drained means empty');
    this.#note('drain');
  }

  onEnd(): void {
    this.#note('end');
  }

  onClose(reason: number): void {
    this.#note(`close ${reason}`);
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  has(event: string): boolean {
    return this.events.includes(event);
  }

  async until(what: string, condition: () => boolean): Promise<void> {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const seen = () => new Error(`${what} did not happen; saw ${this.events.join(', ')}`);
    const timer = setTimeout(() => reject(seen()), PATIENCE_MS);
    while (!condition()) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#changed = resolve;
      await Promise.race([promise, late]);
    }
    clearTimeout(timer);
  }

  closed(): Promise<void> {
    return this.until('the close', () => this.events.some((event) => event.startsWith('close')));
  }

  received(size: number): Promise<void> {
    return this.until(`${size} bytes`, () => this.size >= size);
  }

  #note(event: string): void {
    this.events.push(event);
    this.#changed();
  }
}

/** One connection: our side as a Transport, the other as a node:net socket. */
export interface Pair {
  readonly transport: Transport;
  readonly handler: Recorder;
  readonly peer: Socket;
}

/** What the peer got, and how its connection ended. */
export class PeerLog {
  readonly #chunks: Buffer[] = [];
  error = '';
  ended = false;
  readonly closed: Promise<void>;

  constructor(peer: Socket) {
    peer.on('data', (chunk: Buffer) => this.#chunks.push(chunk));
    peer.on('end', () => {
      this.ended = true;
    });
    peer.on('error', (error: NodeJS.ErrnoException) => {
      this.error = error.code ?? 'unknown';
    });
    this.closed = new Promise((resolve) => peer.once('close', () => resolve()));
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }
}

/** Opens pairs both ways and closes all that a test left open. */
export class Bench {
  readonly #implementation: Implementation;
  readonly #connector: Connector;
  readonly #servers: Server[] = [];
  readonly #listeners: Listener[] = [];
  readonly #sockets: Socket[] = [];
  readonly #transports: Transport[] = [];

  constructor(implementation: Implementation) {
    this.#implementation = implementation;
    this.#connector = implementation.connector();
  }

  close(): void {
    for (const listener of this.#listeners.splice(0)) listener.close();
    for (const server of this.#servers.splice(0)) server.close();
    for (const transport of this.#transports.splice(0)) transport.destroy();
    for (const socket of this.#sockets.splice(0)) socket.destroy();
  }

  /** The transport was accepted by our listener. */
  async accepted(): Promise<Pair> {
    const handler = new Recorder();
    const { promise, resolve } = Promise.withResolvers<Transport>();
    const listener = await this.#implementation.listen(OPTIONS, (transport) => {
      handler.transport = transport;
      resolve(transport);
      return handler;
    });
    this.#listeners.push(listener);
    const peer = connect({ port: listener.port, host: LOOPBACK, allowHalfOpen: true });
    this.#sockets.push(peer);
    const transport = await promise;
    this.#transports.push(transport);
    return { transport, handler, peer };
  }

  /** The transport was opened by our connector. */
  async connected(): Promise<Pair> {
    const { promise, resolve } = Promise.withResolvers<Socket>();
    const port = await this.server((socket) => resolve(socket));
    const { transport, handler } = this.open(port);
    await handler.until('connect', () => handler.has('connect'));
    return { transport, handler, peer: await promise };
  }

  async server(onSocket: (socket: Socket) => void): Promise<number> {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      this.#sockets.push(socket);
      onSocket(socket);
    });
    this.#servers.push(server);
    server.listen(0, LOOPBACK);
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  open(port: number, tls = false): { transport: Transport; handler: Recorder } {
    const handler = new Recorder();
    const transport = this.#connector.connect(LOOPBACK, port, tls, handler);
    handler.transport = transport;
    this.#transports.push(transport);
    return { transport, handler };
  }
}

/** Bytes of which no two stretches look alike. */
export function pattern(size: number, seed = 1): Buffer {
  const period = Buffer.allocUnsafe(Math.min(size, PERIOD));
  let state = seed;
  for (let i = 0; i < period.length; i++) {
    state = (state * 1103515245 + 12345) & 0x7fffffff;
    period[i] = state >>> 16;
  }
  return Buffer.alloc(size, period);
}

/** Gives the loop of this process some turns in which what could happen happens. */
export async function someTurns(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
}
