/**
 * Opens the generator's connections through the transport seam. What the router's own connector
 * does not need and a generator does: local addresses to send from, because one address has only
 * so many ports towards one server, and certificates that nobody signed.
 */
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { HandleTransport } from '../../net/handle-transport.ts';
import { NodeTransport } from '../../net/node.ts';
import { STREAM_WRAP } from '../../net/stream-wrap.ts';
import type { Transport, TransportHandler } from '../../net/transport.ts';
import type { Target } from '../plan.ts';

export class BenchConnector {
  readonly #target: Target;
  #next: number;

  /** `first`: which local address comes first, so that threads do not all begin with the same. */
  constructor(target: Target, first: number) {
    this.#target = target;
    this.#next = first;
  }

  connect(handler: TransportHandler): Transport {
    const { host, port, tls, sourceIps } = this.#target;
    const from = sourceIps[this.#next++ % Math.max(1, sourceIps.length)];
    const local = from === undefined ? {} : { localAddress: from };
    if (tls) return this.#tls(handler, local);
    const socket = connectTcp({ host, port, noDelay: true, ...local });
    if (STREAM_WRAP === undefined) return this.#plain(socket, handler);
    const transport = new HandleTransport(false);
    transport.handler = handler;
    // Otherwise it would read before the handle is taken.
    socket.pause();
    transport.awaits(socket);
    return transport;
  }

  #plain(socket: Socket, handler: TransportHandler): Transport {
    const transport = new NodeTransport(socket, false);
    transport.handler = handler;
    socket.once('connect', () => handler.onConnect());
    return transport;
  }

  #tls(handler: TransportHandler, local: { localAddress?: string }): Transport {
    const { host, port, insecure } = this.#target;
    const socket = connectTls({
      host,
      port,
      // An IP address must not be sent as a server name.
      servername: /^[\d.]+$|:/.test(host) ? '' : host,
      ALPNProtocols: ['http/1.1'],
      rejectUnauthorized: !insecure,
      ...local,
    });
    socket.setNoDelay(true);
    const transport = new NodeTransport(socket, false);
    transport.handler = handler;
    socket.once('secureConnect', () => handler.onConnect());
    return transport;
  }
}
