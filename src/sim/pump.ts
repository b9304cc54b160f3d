/**
 * One timer for the whole batch: it runs the scheduler when the next token is due, whoever's token
 * that is. A timer a token would cost more than the tokens.
 *
 * Timers have a grain of a millisecond and wake up to one late. So the end of a long wait is spent
 * looking at the clock in every turn of the loop. Of short waits, which a busy batch has, that
 * would take a core; there a late token makes the next one no later.
 */
import type { Clock } from '../core/clock.ts';
import type { Batch } from './scheduler.ts';

/** From here on a wait ends on time instead of at the next grain of the timers. */
const LONG_WAIT_MS = 4;

export class Pump {
  readonly #scheduler: Batch;
  readonly #clock: Clock;
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;
  #dueMs = 0;
  #stopped = false;

  constructor(scheduler: Batch, clock: Clock) {
    this.#scheduler = scheduler;
    this.#clock = clock;
  }

  /** Something was submitted or a slot became free: look again in this turn of the loop. */
  wake(): void {
    this.#dueMs = 0;
    if (this.#stopped || this.#immediate !== undefined) return;
    clearTimeout(this.#timer);
    this.#immediate = setImmediate(this.#look);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
  }

  readonly #look = (): void => {
    this.#immediate = undefined;
    const nowMs = this.#clock.nowMs();
    if (nowMs < this.#dueMs) this.#immediate = setImmediate(this.#look);
    else this.#run(nowMs);
  };

  #run(nowMs: number): void {
    const nextMs = this.#scheduler.advance(nowMs);
    if (this.#stopped || nextMs === Number.POSITIVE_INFINITY) return;
    const delayMs = nextMs - this.#clock.nowMs();
    if (delayMs <= 0) {
      this.wake();
      return;
    }
    const isLong = delayMs >= LONG_WAIT_MS;
    this.#dueMs = isLong ? nextMs : 0;
    this.#timer = setTimeout(this.#look, isLong ? Math.floor(delayMs) : Math.ceil(delayMs));
  }
}
