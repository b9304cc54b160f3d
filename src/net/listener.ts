/**
 * The listener of a worker: accepts client connections and hands each to its handler.
 */
import { type AddressInfo, createServer, type Server } from 'node:net';
import { NodeTransport } from './node.ts';
import type { Transport, TransportHandler } from './transport.ts';

const HIGH_WATER_BYTES = 64 * 1024;
const BACKLOG = 4096;

export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  /** Several listeners (one a worker) share the port; the kernel spreads the connections. */
  readonly reusePort: boolean;
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
  const server = createServer(
    { allowHalfOpen: true, noDelay: true, highWaterMark: HIGH_WATER_BYTES },
    (socket) => {
      const transport = new NodeTransport(socket, false);
      socket.on('data', (chunk: Buffer) => transport.received(chunk, chunk.length));
      transport.handler = accept(transport);
    },
  );
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ ...options, backlog: BACKLOG }, () => {
      server.off('error', reject);
      // Running out of file descriptors must not end the worker; accepting goes on later.
      server.on('error', () => {});
      resolve(listenerOf(server));
    });
  });
}

function listenerOf(server: Server): Listener {
  const { port } = server.address() as AddressInfo;
  return { port, close: () => server.close() };
}
