/**
 * One timer for the whole batch: it runs the scheduler when the next token is due, whoever's token
 * that is. A timer a token would cost more than the tokens.
 */
import type { Clock } from '../core/clock.ts';
import type { Batch } from './scheduler.ts';

export class Pump {
  readonly #scheduler: Batch;
  readonly #clock: Clock;
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;
  #stopped = false;

  constructor(scheduler: Batch, clock: Clock) {
    this.#scheduler = scheduler;
    this.#clock = clock;
  }

  /** Something was submitted or a slot became free: look again in this turn of the loop. */
  wake(): void {
    if (this.#stopped || this.#immediate !== undefined) return;
    clearTimeout(this.#timer);
    this.#immediate = setImmediate(this.#run);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
  }

  readonly #run = (): void => {
    this.#immediate = undefined;
    const nextMs = this.#scheduler.advance(this.#clock.nowMs());
    if (this.#stopped || nextMs === Number.POSITIVE_INFINITY) return;
    const delayMs = nextMs - this.#clock.nowMs();
    if (delayMs <= 0) this.wake();
    else this.#timer = setTimeout(this.#run, Math.ceil(delayMs));
  };
}
