/**
 * One client connection that survives being closed: it reports the loss and connects again. All
 * connections read into one shared buffer, so received bytes are only valid during `onBytes`.
 */
import { connect, type Socket } from 'node:net';

export interface ConnectionOwner {
  onConnected(): void;
  /** `bytes` is overwritten after the call. */
  onBytes(bytes: Buffer): void;
  /** The connection ended or could not be made; it is being made again after a short pause. */
  onLost(reason: string): void;
}

const READ_BUFFER = Buffer.allocUnsafe(256 * 1024);
const RECONNECT_MS = 20;

export class Connection {
  readonly #port: number;
  readonly #owner: ConnectionOwner;
  #socket: Socket | null = null;
  #reason = 'closed by the peer';
  #closed = false;

  constructor(port: number, owner: ConnectionOwner) {
    this.#port = port;
    this.#owner = owner;
  }

  open(): void {
    const onread = {
      buffer: READ_BUFFER,
      callback: (size: number, buffer: Uint8Array): boolean => {
        this.#owner.onBytes((buffer as Buffer).subarray(0, size));
        return true;
      },
    };
    this.#socket = connect({ port: this.#port, host: '127.0.0.1', noDelay: true, onread });
    this.#socket.once('connect', () => this.#owner.onConnected());
    this.#socket.once('error', (error) => {
      this.#reason = error.message;
    });
    this.#socket.once('close', () => this.#lost());
  }

  write(bytes: Buffer): void {
    this.#socket?.write(bytes);
  }

  close(): void {
    this.#closed = true;
    this.#socket?.destroy();
  }

  #lost(): void {
    if (this.#closed) return;
    this.#owner.onLost(this.#reason);
    setTimeout(() => {
      if (!this.#closed) this.open();
    }, RECONNECT_MS);
  }
}
