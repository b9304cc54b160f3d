/**
 * The listener of a worker: accepts client connections and hands each to its handler.
 */
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { NodeTransport } from './node.ts';
import type { Transport, TransportHandler } from './transport.ts';

const HIGH_WATER_BYTES = 64 * 1024;
const BACKLOG = 4096;

export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  /** Several listeners (one a worker) share the port; the kernel spreads the connections. */
  readonly reusePort: boolean;
  /** PEM texts; both empty = plain TCP. */
  readonly tlsCert: string;
  readonly tlsKey: string;
  /** Longest TLS handshake. */
  readonly requestHeadMs: number;
}

export interface Listener {
  readonly port: number;
  /** Accepts no more; open connections stay. */
  close(): void;
}

/**
 * Listens and hands each connection to `accept`, which returns its handler.
 * Rejects with the socket's error when the address cannot be bound.
 */
export function listen(
  options: ListenOptions,
  accept: (transport: Transport) => TransportHandler,
): Promise<Listener> {
  const server = serverFor(options, (socket) => {
    const transport = new NodeTransport(socket, false);
    socket.on('data', (chunk: Buffer) => transport.received(chunk, chunk.length));
    transport.handler = accept(transport);
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    const { host, port, reusePort } = options;
    server.listen({ host, port, reusePort, backlog: BACKLOG }, () => {
      server.off('error', reject);
      // Running out of file descriptors must not end the worker; accepting goes on later.
      server.on('error', () => {});
      resolve(listenerOf(server));
    });
  });
}

function serverFor(options: ListenOptions, onSocket: (socket: Socket) => void): Server {
  const sockets = { allowHalfOpen: true, noDelay: true, highWaterMark: HIGH_WATER_BYTES };
  if (options.tlsCert === '') return createServer(sockets, onSocket);
  return createTlsServer(
    {
      ...sockets,
      cert: options.tlsCert,
      key: options.tlsKey,
      minVersion: 'TLSv1.2',
      ALPNProtocols: ['http/1.1'],
      handshakeTimeout: options.requestHeadMs,
    },
    onSocket,
  );
}

function listenerOf(server: Server): Listener {
  const { port } = server.address() as AddressInfo;
  return { port, close: () => server.close() };
}
