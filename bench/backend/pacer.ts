/**
 * Sends events to every open stream at one fixed interval.
 *
 * All streams share the interval, so the stream served last is always due last: a queue in order
 * of opening is a queue in order of due time, and one 1 ms timer serves them all. A due time moves
 * by whole intervals, so a late tick is caught up and the rate stays exact.
 */
import { eventChunk, STREAM_END, STREAM_HEAD } from './answers.ts';

/** What the pacer needs of a socket. */
export interface StreamSocket {
  readonly destroyed: boolean;
  readonly writableNeedDrain: boolean;
  write(text: string, encoding: 'latin1'): unknown;
}

interface Stream {
  readonly socket: StreamSocket;
  dueUs: number;
  eventsLeft: number;
}

export interface Pace {
  readonly eventsPerSecond: number;
  /** Events before `[DONE]`. */
  readonly eventsPerStream: number;
}

export class Pacer {
  readonly #nowUs: () => number;
  readonly #intervalUs: number;
  readonly #eventsPerStream: number;
  #queue: Stream[] = [];
  #next = 0;

  constructor(pace: Pace, nowUs: () => number) {
    this.#nowUs = nowUs;
    this.#intervalUs = 1e6 / pace.eventsPerSecond;
    this.#eventsPerStream = pace.eventsPerStream;
  }

  /** Answers at once with the head and the first event, as an engine does after its prefill. */
  open(socket: StreamSocket): void {
    const nowUs = this.#nowUs();
    socket.write(STREAM_HEAD + eventChunk(nowUs), 'latin1');
    this.#queue.push({
      socket,
      dueUs: nowUs + this.#intervalUs,
      eventsLeft: this.#eventsPerStream - 1,
    });
  }

  /** Serves everything that is due; called every millisecond. */
  tick(): void {
    const untilUs = this.#nowUs();
    while (this.#next < this.#queue.length && this.#queue[this.#next]!.dueUs <= untilUs) {
      const stream = this.#queue[this.#next++]!;
      if (this.#serve(stream)) this.#queue.push(stream);
    }
    // Dropping the served front only once it is half of the queue keeps this linear.
    if (this.#next > 64 && this.#next * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#next);
      this.#next = 0;
    }
  }

  /** True when the stream goes on. A reader that lags gets no event rather than a growing queue. */
  #serve(stream: Stream): boolean {
    const { socket } = stream;
    if (socket.destroyed) return false;
    if (stream.eventsLeft <= 0) {
      socket.write(STREAM_END, 'latin1');
      return false;
    }
    if (!socket.writableNeedDrain) socket.write(eventChunk(this.#nowUs()), 'latin1');
    stream.eventsLeft--;
    stream.dueUs += this.#intervalUs;
    return true;
  }
}
