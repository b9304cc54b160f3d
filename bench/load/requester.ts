/** A keep-alive connection that carries one request at a time and says when it is free again. */
import { monotonicUs } from '../measure/clock.ts';
import { AnswerReader } from './answer-reader.ts';
import { Connection, type ConnectionOwner } from './connection.ts';
import type { Window } from './window.ts';

export class Requester implements ConnectionOwner {
  readonly #request: Buffer;
  readonly #window: Window;
  readonly #onFree: (requester: Requester) => void;
  readonly #connection: Connection;
  #reader = new AnswerReader();
  #sinceUs = 0;
  #busy = false;

  constructor(
    port: number,
    request: Buffer,
    window: Window,
    onFree: (requester: Requester) => void,
  ) {
    this.#request = request;
    this.#window = window;
    this.#onFree = onFree;
    this.#connection = new Connection(port, this);
    this.#connection.open();
  }

  /** `sinceUs` is when the request was due, which may lie before now. */
  send(sinceUs: number): void {
    this.#sinceUs = sinceUs;
    this.#busy = true;
    this.#connection.write(this.#request);
  }

  close(): void {
    this.#connection.close();
  }

  onConnected(): void {
    this.#onFree(this);
  }

  onBytes(bytes: Buffer): void {
    if (!this.#busy) {
      this.#window.error('bytes without a request');
      return;
    }
    let complete = false;
    try {
      complete = this.#reader.push(bytes);
    } catch (error) {
      this.#window.error(String(error));
      this.#connection.close();
      return;
    }
    if (!complete) return;
    this.#busy = false;
    if (this.#reader.status === 200) this.#window.unit(monotonicUs() - this.#sinceUs);
    else this.#window.error(`status ${this.#reader.status}`);
    this.#onFree(this);
  }

  onLost(reason: string): void {
    this.#window.error(reason);
    this.#busy = false;
    this.#reader = new AnswerReader();
  }
}
