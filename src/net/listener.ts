/**
 * The listener of a worker: accepts client connections and hands each to its handler.
 */
import {
  type AddressInfo,
  createServer,
  type Server,
  Socket,
  type SocketConstructorOpts,
} from 'node:net';
import { createServer as createTlsServer, TLSSocket } from 'node:tls';
import { NodeTransport, READ_SHARED } from './node.ts';
import type { Transport, TransportHandler } from './transport.ts';

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
    const transport = transportOf(socket);
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

/**
 * Accepted sockets cannot be told to read into the shared buffer, but a socket made over their
 * handle can: that saves an allocation with every read, and memory with every idle connection
 * (docs/decisions/0014-accepted-sockets.md). Where there is no handle to take, reading goes on
 * the ordinary way.
 */
function transportOf(accepted: Socket): NodeTransport {
  const donor = accepted as Socket & { _handle?: unknown };
  const handle = donor._handle;
  if (!handle || accepted instanceof TLSSocket) {
    accepted.resume();
    return new NodeTransport(accepted, false);
  }
  donor._handle = null;
  const options = { handle, allowHalfOpen: true, onread: READ_SHARED };
  return new NodeTransport(new Socket(options as unknown as SocketConstructorOpts), true);
}

function serverFor(options: ListenOptions, onSocket: (socket: Socket) => void): Server {
  const sockets = { allowHalfOpen: true, noDelay: true };
  if (options.tlsCert === '') return createServer({ ...sockets, pauseOnConnect: true }, onSocket);
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
