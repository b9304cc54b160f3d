/**
 * Listener and connector on Bun's own sockets: what net/listener.ts and net/node.ts do with
 * node:net and node:tls. Used when the process runs under Bun; the choice is proxy/worker.ts's.
 */
import { constants } from 'node:crypto';
import { connect as connectTcp } from 'node:net';
import {
  ALPN_HTTP1,
  type BunSocket,
  type BunSocketHandlers,
  type BunTcpListener,
  bun,
} from './bun-api.ts';
import { BunTransport, SOCKET_HANDLERS } from './bun-transport.ts';
import type { Listener, ListenOptions } from './listener.ts';
import { type Connector, NOBODY, type Transport, type TransportHandler } from './transport.ts';

const KEEP_ALIVE_MS = 30_000;
/** Bun's TLS has no `minVersion`. */
const TLS_1_2_OR_NEWER = constants.SSL_OP_NO_TLSv1 | constants.SSL_OP_NO_TLSv1_1;

type Accept = (transport: Transport) => TransportHandler;

/** As `listen` of net/listener.ts. */
export async function listenWithBun(options: ListenOptions, accept: Accept): Promise<Listener> {
  const { host, port, reusePort, tlsCert, tlsKey, requestHeadMs } = options;
  const plain = tlsCert === '';
  const listener: BunTcpListener = bun.listen<BunTransport>({
    hostname: host,
    port,
    reusePort,
    allowHalfOpen: true,
    socket: plain ? plainHandlers(accept) : tlsHandlers(accept, requestHeadMs),
    ...(plain
      ? {}
      : {
          tls: {
            cert: tlsCert,
            key: tlsKey,
            ALPNProtocols: ALPN_HTTP1,
            secureOptions: TLS_1_2_OR_NEWER,
          },
        }),
  });
  return { port: listener.port, close: () => listener.stop(false) };
}

function plainHandlers(accept: Accept): BunSocketHandlers<BunTransport> {
  return {
    ...SOCKET_HANDLERS,
    open(socket): void {
      const transport = new BunTransport(NOBODY);
      socket.data = transport;
      transport.attach(socket);
      transport.attached();
      transport.handler = accept(transport);
    },
  };
}

/** A client exists for the router once its handshake is done. */
function tlsHandlers(accept: Accept, handshakeMs: number): BunSocketHandlers<BunTransport> {
  const plain = plainHandlers(accept);
  return {
    ...plain,
    open(socket): void {
      socket.timeout(Math.ceil(handshakeMs / 1000));
    },
    timeout(socket): void {
      socket.terminate();
    },
    handshake(socket, success): void {
      socket.timeout(0);
      if (success) plain.open(socket);
      else socket.terminate();
    },
    error(socket, error): void {
      if (!isTlsFailure(error)) plain.error(socket, error);
      else socket.data?.failed(error);
    },
  };
}

/** One per worker. */
export class BunConnector implements Connector {
  /** The last TLS session of each address: the next handshake resumes it (RFC 8446 §2.2). */
  readonly #sessions = new Map<string, Uint8Array>();

  connect(host: string, port: number, tls: boolean, handler: TransportHandler): Transport {
    const transport = new BunTransport(handler);
    if (tls) this.#tls(host, port, transport);
    else connectPlain(host, port, transport);
    return transport;
  }

  #tls(host: string, port: number, transport: BunTransport): void {
    let making = true;
    const handlers: BunSocketHandlers<BunTransport> = {
      ...this.#tlsHandlers(`${host}:${port}`),
      connectError(_socket, error): void {
        // Bun says ECONNREFUSED for want of descriptors too, but then before anything was sent.
        if (making) transport.unmade();
        else transport.closed(error);
      },
    };
    const done = bun.connect<BunTransport>({
      hostname: host,
      port,
      allowHalfOpen: true,
      data: transport,
      socket: handlers,
      tls: tlsOptions(host),
    });
    making = false;
    // `connectError` has told it already.
    done.catch(() => {});
  }

  #tlsHandlers(address: string): BunSocketHandlers<BunTransport> {
    const sessions = this.#sessions;
    return {
      ...SOCKET_HANDLERS,
      open(socket): void {
        const known = sessions.get(address);
        if (known !== undefined) socket.setSession(known);
        socket.data.attach(socket);
      },
      handshake(socket, success, error): void {
        if (success) {
          socket.setKeepAlive(true, KEEP_ALIVE_MS);
          connected(socket.data);
        } else if (error !== null) {
          socket.data.failed(error);
          socket.terminate();
        }
      },
      session(_socket, session): void {
        sessions.set(address, session);
      },
      error(socket, error): void {
        if (!isTlsFailure(error)) SOCKET_HANDLERS.error(socket, error);
        else socket.data.failed(error);
      },
    };
  }
}

/**
 * `Bun.connect` cannot be called off: a socket that waits for its peer stays until the kernel gives
 * up, minutes later. node:net's can, so it opens the connection, and hands over its Bun socket.
 */
function connectPlain(host: string, port: number, transport: BunTransport): void {
  let making = true;
  const opening = connectTcp({
    host,
    port,
    allowHalfOpen: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_MS,
  });
  transport.opening = opening;
  opening.once('connect', () => {
    const socket = (opening as unknown as Opened)._handle;
    socket.data = transport;
    socket.reload({ socket: SOCKET_HANDLERS });
    transport.attach(socket);
    connected(transport);
  });
  opening.on('error', (error) => {
    if (making) transport.unmade();
    else transport.closed(error);
  });
  // Want of descriptors looks like a refusal here, too, but comes before the tick after the next.
  const made = () => {
    making = false;
  };
  process.nextTick(process.nextTick, made);
}

/** What Bun's node:net keeps in a connected socket. */
interface Opened {
  readonly _handle: BunSocket<BunTransport>;
}

function connected(transport: BunTransport): void {
  if (transport.attached()) transport.handler.onConnect();
}

function tlsOptions(host: string): { serverName: string; ALPNProtocols: string } {
  return {
    // A name for SNI and the certificate check; an IP address must not be sent as a name.
    serverName: /^[\d.]+$|:/.test(host) ? '' : host,
    ALPNProtocols: ALPN_HTTP1,
  };
}

/** Tells the TLS library's errors from those a handler of ours threw. */
function isTlsFailure(error: NodeJS.ErrnoException): boolean {
  return /^(ERR_SSL|ERR_TLS|EPROTO|ECONN|EPIPE)/.test(error.code ?? '');
}
