/**
 * The little of Bun's own API that the router uses, typed here so that no package of types is
 * needed. Source: https://bun.com/docs/runtime/networking/tcp, and what docs/decisions/0012 found.
 */

/** One TCP or TLS connection. `data` is ours; Bun reads it never. */
export interface BunSocket<Data> {
  data: Data;
  readonly remoteAddress: string | undefined;
  /** Bytes taken, fewer than given when the kernel's buffer is full; -1 = the socket is closed. */
  write(bytes: Uint8Array): number;
  /** Half-closes: FIN, and close_notify before it on TLS. */
  shutdown(): void;
  /** Closes at once; `end` would wait for the peer's close_notify on TLS. */
  close(): void;
  /** Closes at once with a reset. */
  terminate(): void;
  pause(): void;
  resume(): void;
  /** Other handlers from here on, for this socket, if we opened it. */
  reload(options: { readonly socket: BunSocketHandlers<Data> }): void;
  setKeepAlive(enable: boolean, initialDelayMs: number): boolean;
  /** Calls the handler `timeout` after so many seconds without traffic; 0 = never. */
  timeout(seconds: number): void;
  /** Offers a TLS session for resumption; only in `open`. */
  setSession(session: Uint8Array): void;
}

/** One set of functions for all sockets of a listener. */
export interface BunSocketHandlers<Data> {
  open(socket: BunSocket<Data>): void;
  data(socket: BunSocket<Data>, chunk: Buffer): void;
  /** Room again; also comes unasked, after `pause`. */
  drain(socket: BunSocket<Data>): void;
  /** The peer's FIN; not called when we half-closed first: then `close` comes at once. */
  end(socket: BunSocket<Data>): void;
  /** Comes within `close` and `terminate` when we closed. */
  close(socket: BunSocket<Data>, error: Error | undefined): void;
  /** A handler threw, or an established TLS session broke. */
  error(socket: BunSocket<Data>, error: Error): void;
  timeout?(socket: BunSocket<Data>): void;
  /** TLS only. With this handler `open` comes before the handshake. */
  handshake?(socket: BunSocket<Data>, success: boolean, error: Error | null): void;
  /** TLS only: a session to resume later. */
  session?(socket: BunSocket<Data>, session: Buffer): void;
  /** Connecting failed; within `connect` when no socket could even be made. */
  connectError?(socket: BunSocket<Data>, error: Error): void;
}

interface BunTls {
  readonly cert?: string;
  readonly key?: string;
  readonly serverName?: string;
  /** In wire format: each name behind a byte with its length. */
  readonly ALPNProtocols: string;
  readonly secureOptions?: number;
}

interface BunConnectOptions<Data> {
  readonly hostname: string;
  readonly port: number;
  readonly allowHalfOpen: boolean;
  readonly data: Data;
  readonly socket: BunSocketHandlers<Data>;
  readonly tls?: BunTls;
}

interface BunListenOptions<Data> {
  readonly hostname: string;
  readonly port: number;
  readonly allowHalfOpen: boolean;
  /** Accepted, though Bun's documentation names it only for `connect`. */
  readonly reusePort: boolean;
  readonly socket: BunSocketHandlers<Data>;
  readonly tls?: BunTls;
}

export interface BunTcpListener {
  readonly port: number;
  stop(closeConnections: boolean): void;
}

interface BunApi {
  /** Also rejects when `connectError` was called. */
  connect<Data>(options: BunConnectOptions<Data>): Promise<unknown>;
  /** Throws when the address cannot be bound. */
  listen<Data>(options: BunListenOptions<Data>): BunTcpListener;
}

/** Only to be touched when the process runs under Bun. */
export const bun = (globalThis as unknown as { readonly Bun: BunApi }).Bun;

/** ALPN: HTTP/1.1 and nothing else. */
export const ALPN_HTTP1 = '\x08http/1.1';
