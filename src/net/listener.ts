/**
 * The listener of a worker: accepts client connections and hands each to its handler.
 */
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, TLSSocket } from 'node:tls';
import { type HandleTransport, takeOver } from './handle-transport.ts';
import { NodeTransport } from './node.ts';
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
 * Rejects with the socket's error when the address cannot be bound. `take` is for tests: how the
 * handle of an accepted socket is had, if at all.
 */
export function listen(
  options: ListenOptions,
  accept: (transport: Transport) => TransportHandler,
  take: typeof takeOver = takeOver,
): Promise<Listener> {
  const server = serverFor(options, (socket) => {
    const transport = transportOf(socket, take);
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
 * Plain connections go on without their socket (docs/decisions/0017-tcp-handles.md); TLS needs it,
 * and so does a Node whose handles are not as we know them.
 */
function transportOf(accepted: Socket, take: typeof takeOver): HandleTransport | NodeTransport {
  const taken = accepted instanceof TLSSocket ? undefined : take(accepted, true);
  if (taken !== undefined) return taken;
  accepted.resume();
  return new NodeTransport(accepted, false);
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
