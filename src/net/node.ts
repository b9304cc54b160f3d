// HOT PATH — bench: bench/main.ts
/**
 * The transport seam on node:net and node:tls.
 *
 * Upstream TCP sockets of a worker read into one shared buffer (`onread`): bytes are used up
 * inside `onBytes`, so one buffer serves thousands of connections. Accepted and TLS sockets use
 * 'data' events, whose chunks belong to whoever takes them.
 */
import { connect as connectTcp, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { closeReasonOf } from './close-reason.ts';
import {
  CLOSE_NORMAL,
  type Connector,
  NOBODY,
  type Transport,
  type TransportHandler,
} from './transport.ts';

const READ_BUFFER_BYTES = 64 * 1024;

export class NodeTransport implements Transport {
  readonly lendsChunks: boolean;
  handler: TransportHandler;
  readonly #socket: Socket;
  #reason: number;
  #open: boolean;
  #paused: boolean;
  #peer: string;

  constructor(socket: Socket, lendsChunks: boolean) {
    this.lendsChunks = lendsChunks;
    this.handler = NOBODY;
    this.#socket = socket;
    this.#reason = CLOSE_NORMAL;
    this.#open = true;
    this.#paused = false;
    this.#peer = '';
    socket.on('drain', () => this.handler.onDrain());
    socket.on('end', () => {
      if (this.#open) this.handler.onEnd();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#reason = closeReasonOf(error);
    });
    socket.on('close', () => {
      this.#open = false;
      this.handler.onClose(this.#reason);
    });
  }

  write(bytes: Uint8Array): boolean {
    return this.#socket.write(bytes);
  }

  pause(): void {
    this.#paused = true;
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#socket.resume();
  }

  end(): void {
    this.#socket.end();
  }

  close(): void {
    this.#open = false;
    this.#socket.destroySoon();
  }

  destroy(): void {
    this.#open = false;
    this.#socket.destroy();
  }

  reset(): void {
    this.#open = false;
    this.#socket.resetAndDestroy();
  }

  bytesQueued(): number {
    return this.#socket.writableLength;
  }

  peerAddress(): string {
    if (this.#peer === '') {
      const address = this.#socket.remoteAddress ?? '';
      this.#peer = address.startsWith('::ffff:') ? address.slice(7) : address;
    }
    return this.#peer;
  }

  /** Bytes that arrived; nothing is passed on after `close` or `destroy`. */
  received(chunk: Buffer, end: number): void {
    if (this.#open) this.handler.onBytes(chunk, 0, end);
  }
}

/** One per worker, for its shared read buffer. */
export class NodeConnector implements Connector {
  readonly #buffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
  /** The last TLS session of each address: the next handshake resumes it (RFC 8446 §2.2). */
  readonly #sessions = new Map<string, Buffer>();

  connect(host: string, port: number, tls: boolean, handler: TransportHandler): Transport {
    return tls ? this.#tls(host, port, handler) : this.#tcp(host, port, handler);
  }

  #tcp(host: string, port: number, handler: TransportHandler): Transport {
    let transport: NodeTransport | undefined;
    const buffer = this.#buffer;
    const socket = connectTcp({
      host,
      port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: 30_000,
      onread: {
        buffer,
        callback(bytes: number): boolean {
          transport!.received(buffer, bytes);
          return true;
        },
      },
    });
    transport = new NodeTransport(socket, true);
    transport.handler = handler;
    socket.once('connect', () => handler.onConnect());
    return transport;
  }

  #tls(host: string, port: number, handler: TransportHandler): Transport {
    const address = `${host}:${port}`;
    const session = this.#sessions.get(address);
    const options: ConnectionOptions = {
      host,
      port,
      // A name for SNI and the certificate check; an IP address must not be sent as a name.
      servername: /^[\d.]+$|:/.test(host) ? '' : host,
      ALPNProtocols: ['http/1.1'],
    };
    if (session !== undefined) options.session = session;
    const socket = connectTls(options);
    socket.on('session', (ticket) => this.#sessions.set(address, ticket));
    socket.setNoDelay(true);
    const transport = new NodeTransport(socket, false);
    transport.handler = handler;
    socket.on('data', (chunk: Buffer) => transport.received(chunk, chunk.length));
    socket.once('secureConnect', () => handler.onConnect());
    return transport;
  }
}
