/** Counts what was left out, and says so at most every ten seconds. */
import type { Clock } from '../core/clock.ts';

const SAY_MS = 10_000;

export class DropCount {
  readonly #clock: Clock;
  readonly #say: (dropped: number) => void;
  #unsaid = 0;
  #saidMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, say: (dropped: number) => void) {
    this.#clock = clock;
    this.#say = say;
  }

  add(count: number): void {
    this.#unsaid += count;
    if (this.#unsaid === 0 || this.#clock.nowMs() - this.#saidMs < SAY_MS) return;
    this.sayRest();
  }

  sayRest(): void {
    if (this.#unsaid === 0) return;
    this.#saidMs = this.#clock.nowMs();
    const dropped = this.#unsaid;
    this.#unsaid = 0;
    this.#say(dropped);
  }
}
