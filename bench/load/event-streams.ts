/** SSE readers: open N streams evenly over the warm-up, then note the age of every event. */
import { monotonicUs } from '../measure/clock.ts';
import { StampReader } from '../stamp.ts';
import { Connection, type ConnectionOwner } from './connection.ts';
import type { EventStreamsJob } from './job.ts';
import { requestBytes } from './request-bytes.ts';
import type { Window } from './window.ts';

/** Streams are open before this share of the warm-up is over; the rest lets things settle. */
const OPENING_SHARE = 0.6;

class StreamClient implements ConnectionOwner {
  readonly #request: Buffer;
  readonly #window: Window;
  readonly #connection: Connection;
  readonly #reader = new StampReader((stampUs) => this.#onStamp(stampUs));
  #sentUs = 0;
  #waitsForFirst = true;

  constructor(port: number, request: Buffer, window: Window) {
    this.#request = request;
    this.#window = window;
    this.#connection = new Connection(port, this);
  }

  open(): void {
    this.#connection.open();
  }

  close(): void {
    this.#connection.close();
  }

  onConnected(): void {
    this.#sentUs = monotonicUs();
    this.#waitsForFirst = true;
    this.#connection.write(this.#request);
  }

  onBytes(bytes: Buffer): void {
    this.#reader.push(bytes);
  }

  onLost(reason: string): void {
    this.#window.error(reason);
  }

  #onStamp(stampUs: number): void {
    const nowUs = monotonicUs();
    this.#window.unit(nowUs - stampUs);
    if (!this.#waitsForFirst) return;
    this.#waitsForFirst = false;
    this.#window.firstEvent(nowUs - this.#sentUs);
  }
}

/** Starts the load; the returned function ends it. */
export function startEventStreams(job: EventStreamsJob, window: Window): () => void {
  const request = requestBytes(job.port, true);
  const clients: StreamClient[] = [];
  const startUs = monotonicUs();
  const spacingUs = (job.warmupMs * 1000 * OPENING_SHARE) / job.streams;
  const timer = setInterval(() => {
    while (clients.length < job.streams && startUs + clients.length * spacingUs <= monotonicUs()) {
      const client = new StreamClient(job.port, request, window);
      clients.push(client);
      client.open();
    }
    if (clients.length === job.streams) clearInterval(timer);
  }, 1);
  return () => {
    clearInterval(timer);
    for (const client of clients) client.close();
  };
}
