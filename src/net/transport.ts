/**
 * The transport seam: all that the data plane knows of a socket. `net/node.ts` implements it on
 * node:net and node:tls, `net/bun.ts` on Bun's own sockets; test/conformance runs the same test
 * against both.
 *
 * Contract: a chunk is valid only during `onBytes`, unless `lendsChunks` is false. `onClose` comes
 * exactly once and last. After `destroy` or `close` no `onBytes` follows.
 */
export interface Transport {
  /** True when the chunks of `onBytes` are lent: whoever keeps bytes must copy them. */
  readonly lendsChunks: boolean;
  /**
   * Queues bytes. While `bytesQueued()` is not 0 the transport still reads from `bytes`, so the
   * caller must leave them alone. Returns false when the queue is above its high-water mark.
   */
  write(bytes: Uint8Array): boolean;
  /** Stops and restarts `onBytes`. */
  pause(): void;
  resume(): void;
  /** Half-closes once the queue is written; reading goes on. */
  end(): void;
  /** Closes both ways once the queue is written. */
  close(): void;
  /** Closes at once; what is queued is lost. */
  destroy(): void;
  /** Closes at once with a reset, so that the peer cannot take the end for a proper one. */
  reset(): void;
  /** Bytes handed to `write` and not yet taken by the kernel. */
  bytesQueued(): number;
  /** Address of the peer, without the port; empty when unknown. */
  peerAddress(): string;
}

export interface TransportHandler {
  /** The connection (and its TLS handshake) is ready; only for connections we opened. */
  onConnect(): void;
  onBytes(chunk: Buffer, start: number, end: number): void;
  /** The queue is empty again. */
  onDrain(): void;
  /** The peer will send no more; it may still read. */
  onEnd(): void;
  /** One of CLOSE_*. */
  onClose(reason: number): void;
}

/** The handler of a connection that nobody uses: not yet, idle, or no more. */
export const NOBODY: TransportHandler = {
  onConnect() {},
  onBytes() {},
  onDrain() {},
  onEnd() {},
  onClose() {},
};

/** Opens connections to endpoints. */
export interface Connector {
  /** Starts to connect; `handler.onConnect` or `handler.onClose` tells the outcome, later. */
  connect(host: string, port: number, tls: boolean, handler: TransportHandler): Transport;
}

/** Why a connection ended; socket errors are mapped here, once, and never matched by text. */
export const CLOSE_NORMAL = 0;
export const CLOSE_RESET = 1;
export const CLOSE_REFUSED = 2;
export const CLOSE_UNREACHABLE = 3;
export const CLOSE_TLS = 4;
export const CLOSE_OTHER = 5;
/** This process or machine has no socket or port left: the peer was never asked. */
export const CLOSE_EXHAUSTED = 6;
