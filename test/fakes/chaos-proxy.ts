/**
 * A TCP proxy on the loopback address that treats bytes badly, each direction in its own way:
 * late, slowly, in slivers, not at all, or only so many and then a FIN or a RST. It never changes
 * a byte. The settings may change while connections are open.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setImmediate as afterTurn } from 'node:timers/promises';
import { sleep } from './until.ts';

export interface Harm {
  /** Every byte arrives so much later. */
  latencyMs?: number;
  bytesPerSecond?: number;
  /** Bytes are written in pieces of this size, each in a turn of its own. */
  sliceBytes?: number;
  /** Bytes are taken and thrown away. */
  blackHole?: boolean;
  /** After so many bytes the receiver gets a FIN. */
  limitBytes?: number;
  /** After so many bytes both ends get a RST. */
  resetAfterBytes?: number;
}

export interface ChaosProxy {
  /** `http://127.0.0.1:port`. */
  readonly url: string;
  readonly port: number;
  /** What happens to the bytes of those who connect. */
  up: Harm;
  /** What happens to the bytes of the target. */
  down: Harm;
  /** Pairs of connections that are open. */
  readonly connections: number;
  close(): Promise<void>;
}

/** Bytes of one direction that wait in the proxy before its source is paused. */
const MAX_QUEUED_BYTES = 64 * 1024;
/** A slow lane moves this part of a second's bytes at a time. */
const SHARE_OF_SECOND = 0.02;

export async function startChaosProxy(
  targetPort: number,
  harms: { readonly up?: Harm; readonly down?: Harm } = {},
): Promise<ChaosProxy> {
  const proxy = new ListeningProxy(targetPort, harms.up ?? {}, harms.down ?? {});
  await proxy.open();
  return proxy;
}

class ListeningProxy implements ChaosProxy {
  up: Harm;
  down: Harm;
  url = '';
  port = 0;
  readonly #targetPort: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(targetPort: number, up: Harm, down: Harm) {
    this.#targetPort = targetPort;
    this.up = up;
    this.down = down;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      this.#join(socket);
    });
  }

  get connections(): number {
    return this.#sockets.size / 2;
  }

  async open(): Promise<void> {
    this.#server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 });
    await once(this.#server, 'listening');
    this.port = (this.#server.address() as AddressInfo).port;
    this.url = `http://127.0.0.1:${this.port}`;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #join(client: Socket): void {
    const target = connect({
      port: this.#targetPort,
      host: '127.0.0.1',
      noDelay: true,
      allowHalfOpen: true,
    });
    for (const [socket, other] of [
      [client, target],
      [target, client],
    ] as const) {
      this.#sockets.add(socket);
      // A reset of one end is a reset of the other.
      socket.on('error', () => reset(other));
      socket.on('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
    new Lane(client, target, () => this.up);
    new Lane(target, client, () => this.down);
  }
}

interface Parcel {
  readonly bytes: Buffer;
  readonly atMs: number;
}

/** One direction of one connection: a queue that a single loop empties. */
class Lane {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #harm: () => Harm;
  readonly #queue: Parcel[] = [];
  #queuedBytes = 0;
  #passedBytes = 0;
  #moving = false;
  #ended = false;

  constructor(from: Socket, to: Socket, harm: () => Harm) {
    this.#from = from;
    this.#to = to;
    this.#harm = harm;
    from.on('data', (bytes: Buffer) => {
      if (harm().blackHole) return;
      this.#queue.push({ bytes, atMs: performance.now() });
      this.#queuedBytes += bytes.length;
      if (this.#queuedBytes > MAX_QUEUED_BYTES) from.pause();
      this.#start();
    });
    from.on('end', () => {
      this.#ended = true;
      this.#start();
    });
  }

  #start(): void {
    if (this.#moving) return;
    this.#moving = true;
    void this.#move();
  }

  async #move(): Promise<void> {
    for (let parcel = this.#queue.shift(); parcel !== undefined; parcel = this.#queue.shift()) {
      const waitMs = parcel.atMs + (this.#harm().latencyMs ?? 0) - performance.now();
      if (waitMs > 0) await sleep(waitMs);
      if (!(await this.#pass(parcel.bytes))) return;
      this.#queuedBytes -= parcel.bytes.length;
      if (this.#queuedBytes <= MAX_QUEUED_BYTES) this.#from.resume();
    }
    this.#moving = false;
    if (this.#ended) this.#to.end();
  }

  /** False when nothing more may pass. */
  async #pass(bytes: Buffer): Promise<boolean> {
    let at = 0;
    while (at < bytes.length) {
      const { bytesPerSecond, limitBytes, resetAfterBytes, sliceBytes } = this.#harm();
      const left = Math.min(limitBytes ?? Infinity, resetAfterBytes ?? Infinity);
      const share = Math.max(1, Math.floor((bytesPerSecond ?? Infinity) * SHARE_OF_SECOND));
      const size = Math.min(bytes.length - at, sliceBytes ?? Infinity, share);
      const allowed = Math.min(size, left - this.#passedBytes);
      if (allowed > 0 && !(await this.#write(bytes.subarray(at, at + allowed)))) return false;
      at += size;
      this.#passedBytes += allowed;
      if (this.#passedBytes >= left) {
        this.#cut(resetAfterBytes !== undefined && this.#passedBytes >= resetAfterBytes);
        return false;
      }
      if (bytesPerSecond !== undefined) await sleep((1000 * size) / bytesPerSecond);
      else if (sliceBytes !== undefined) await afterTurn();
    }
    return true;
  }

  async #write(bytes: Buffer): Promise<boolean> {
    const to = this.#to;
    if (to.destroyed) return false;
    if (!to.write(bytes)) {
      await new Promise<void>((resolve) => {
        to.once('drain', resolve);
        to.once('close', resolve);
      });
    }
    return !to.destroyed;
  }

  #cut(byReset: boolean): void {
    if (byReset) {
      // A reset overtakes bytes that were not read yet: let them arrive.
      setTimeout(() => {
        reset(this.#from);
        reset(this.#to);
      }, 2);
      return;
    }
    this.#to.end();
    this.#from.resume();
  }
}

/** A socket that is shutting down cannot be reset, and would never close. */
function reset(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}
