/**
 * Fixed rate: requests become due on a schedule. A request that finds no free connection waits, and
 * its wait counts, so a slow proxy cannot slow its own measurement down (coordinated omission). The
 * lateness of this process's own timer does not count; it is the same for every target.
 */
import { monotonicUs } from '../measure/clock.ts';
import type { FixedRateJob } from './job.ts';
import { requestBytes } from './request-bytes.ts';
import { Requester } from './requester.ts';
import type { Window } from './window.ts';

const TICK_MS = 1;
/** Overload shows as errors once this many requests wait; the queue stays bounded. */
const MAX_WAITING = 10_000;

/** Starts the load; the returned function ends it. */
export function startFixedRate(job: FixedRateJob, window: Window): () => void {
  const schedule = new Schedule(job.requestsPerSecond, window);
  const request = requestBytes(job.port, false);
  const onFree = (requester: Requester): void => schedule.onFree(requester);
  const requesters = Array.from(
    { length: job.connections },
    () => new Requester(job.port, request, window, onFree),
  );
  const timer = setInterval(() => schedule.tick(), TICK_MS);
  return () => {
    clearInterval(timer);
    for (const requester of requesters) requester.close();
  };
}

class Schedule {
  readonly #intervalUs: number;
  readonly #window: Window;
  readonly #idle: Requester[] = [];
  /** Times at which waiting requests were due, oldest at `#nextWaiting`. */
  #waiting: number[] = [];
  #nextWaiting = 0;
  #dueUs = monotonicUs();

  constructor(requestsPerSecond: number, window: Window) {
    this.#intervalUs = 1e6 / requestsPerSecond;
    this.#window = window;
  }

  onFree(requester: Requester): void {
    if (this.#nextWaiting === this.#waiting.length) {
      this.#idle.push(requester);
      return;
    }
    requester.send(this.#waiting[this.#nextWaiting++]!);
    if (this.#nextWaiting === this.#waiting.length) {
      this.#waiting = [];
      this.#nextWaiting = 0;
    }
  }

  tick(): void {
    const nowUs = monotonicUs();
    for (; this.#dueUs <= nowUs; this.#dueUs += this.#intervalUs) {
      const requester = this.#idle.pop();
      if (requester) requester.send(monotonicUs());
      else if (this.#waiting.length < MAX_WAITING) this.#waiting.push(nowUs);
      else this.#window.error('too many requests wait for a connection');
    }
  }
}
