/** A client that sends given bytes in given segments and reads the answers with llhttp. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import { type NodeMessage, NodeReader } from './node-reader.ts';

export interface Sending {
  readonly bytes: Buffer;
  /** Where a segment ends. */
  readonly cuts: readonly number[];
  /** Between two segments; 0 = the next turn of the event loop. */
  readonly gapMs: number;
}

/** Longest wait for an answer: engines answer at once, so this is a request that got lost. */
const PATIENCE_MS = 8000;

export class ObservedClient {
  readonly socket: Socket;
  readonly reader: NodeReader;
  ended = false;
  #received: Buffer[] = [];
  #wake: () => void = () => {};

  /** `bodiless(n)`: whether answer n, interim ones not counted, has no body. */
  static async open(port: number, bodiless: (n: number) => boolean): Promise<ObservedClient> {
    // A wide range of source addresses: ports that wait in TIME_WAIT do not run out.
    const localAddress = `127.0.${1 + Math.floor(Math.random() * 200)}.1`;
    const options = { port, host: '127.0.0.1', localAddress, noDelay: true, allowHalfOpen: true };
    const socket = connect(options);
    await once(socket, 'connect');
    return new ObservedClient(socket, bodiless);
  }

  constructor(socket: Socket, bodiless: (n: number) => boolean) {
    this.socket = socket;
    this.reader = new NodeReader('answers', () => bodiless(this.#finalHeads()));
    socket.on('data', (bytes: Buffer) => {
      this.#received.push(bytes);
      this.reader.feed(bytes);
      this.#wake();
    });
    const end = () => {
      if (this.ended) return;
      this.ended = true;
      this.reader.end();
      this.#wake();
    };
    socket.on('end', end);
    socket.on('error', end);
    socket.on('close', end);
  }

  /** Stops early when the peer is gone. */
  async send({ bytes, cuts, gapMs }: Sending): Promise<void> {
    let from = 0;
    for (const cut of [...cuts, bytes.length]) {
      if (cut <= from || cut > bytes.length) continue;
      if (from > 0) await (gapMs === 0 ? nextTurn() : delay(gapMs));
      if (this.socket.destroyed) return;
      this.socket.write(bytes.subarray(from, cut));
      from = cut;
    }
  }

  /** Final answers that are whole. */
  answers(): NodeMessage[] {
    return this.reader.whole().filter(({ status }) => status >= 200);
  }

  received(): Buffer {
    return Buffer.concat(this.#received);
  }

  /** Resolves with true when there are so many answers or the connection ended; false = late. */
  async hasAnswers(count: number): Promise<boolean> {
    return this.#until(() => this.answers().length >= count);
  }

  /** Sends FIN and waits for the peer's; false = it kept the connection open. */
  async finish(): Promise<boolean> {
    if (!this.socket.destroyed) this.socket.end();
    return this.#until(() => false);
  }

  close(): void {
    this.socket.destroy();
    this.reader.close();
  }

  async #until(holds: () => boolean): Promise<boolean> {
    const lateAtMs = performance.now() + PATIENCE_MS;
    while (!this.ended && !holds()) {
      const leftMs = lateAtMs - performance.now();
      if (leftMs <= 0) return false;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return true;
  }

  #finalHeads(): number {
    return this.reader.messages.filter(({ status }) => status >= 200).length - 1;
  }
}
