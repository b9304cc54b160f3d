// HOT PATH — bench: bench/main.ts
/**
 * Coarse timers for everything the data plane waits for: one interval drives them all.
 *
 * A hashed wheel (Varghese & Lauck, SOSP 1987): a timer hangs in the bucket of its deadline; a
 * deadline that moved later is noticed when the bucket comes round, so `refresh` is one store.
 *
 * Wheel time stops while the process is stopped: one turn advances it by at most MAX_STEP_MS, so
 * after a SIGSTOP or a long pause nothing fires that would not have fired in running time.
 */
import type { Clock } from '../core/clock.ts';

const TICK_MS = 20;
const BUCKETS = 1024;
const MAX_STEP_MS = 500;

export interface TimerOwner {
  /** `kind` is the owner's own number for what was waited for. */
  onTimer(kind: number): void;
}

/** One timer; made once for its owner and used again and again. */
export class WheelTimer {
  readonly owner: TimerOwner;
  kind = 0;
  deadlineMs = 0;
  /** Bucket the timer hangs in; -1 = not armed. */
  bucket = -1;
  previous: WheelTimer;
  next: WheelTimer;

  constructor(owner: TimerOwner) {
    this.owner = owner;
    this.previous = this;
    this.next = this;
  }
}

const NOBODY: TimerOwner = { onTimer() {} };

export class TimerWheel {
  readonly #clock: Clock;
  readonly #buckets: WheelTimer[] = [];
  readonly #due = new WheelTimer(NOBODY);
  #lastMs: number;
  #turn = 0;
  #armed = 0;
  #interval: NodeJS.Timeout | undefined;
  /** Called after each turn, with nothing to do but cheap polling. */
  readonly #onTurn: () => void;
  /** Coarse time of the wheel, at most one tick old while timers are armed. */
  nowMs: number;
  /** How much later than asked for the last turn came. */
  lateMs: number;

  constructor(clock: Clock, onTurn: () => void) {
    this.#clock = clock;
    this.#onTurn = onTurn;
    this.#lastMs = clock.nowMs();
    this.nowMs = 0;
    this.lateMs = 0;
    for (let i = 0; i < BUCKETS; i++) this.#buckets.push(new WheelTimer(NOBODY));
  }

  /** Arms (or moves) the timer to fire `afterMs` from now. */
  arm(timer: WheelTimer, kind: number, afterMs: number): void {
    if (timer.bucket >= 0) this.#unlink(timer);
    if (this.#interval === undefined) this.#start();
    timer.kind = kind;
    timer.deadlineMs = this.nowMs + afterMs;
    this.#link(timer);
  }

  /** Moves the deadline of an armed timer later; costs one store. */
  refresh(timer: WheelTimer, afterMs: number): void {
    timer.deadlineMs = this.nowMs + afterMs;
  }

  cancel(timer: WheelTimer): void {
    if (timer.bucket >= 0) this.#unlink(timer);
  }

  /** Advances to the clock's time and fires what is due; the interval calls it, and tests do. */
  turn(): void {
    const realMs = this.#clock.nowMs();
    this.lateMs = Math.max(0, realMs - this.#lastMs - TICK_MS);
    this.nowMs += Math.min(realMs - this.#lastMs, MAX_STEP_MS);
    this.#lastMs = realMs;
    const last = Math.floor(this.nowMs / TICK_MS);
    while (this.#turn < last) {
      this.#turn++;
      this.#fire(this.#turn % BUCKETS);
    }
    this.#onTurn();
    if (this.#armed === 0) this.stop();
  }

  /** Stops the interval; armed timers wait until the next `arm`. */
  stop(): void {
    clearInterval(this.#interval);
    this.#interval = undefined;
  }

  #start(): void {
    this.#lastMs = this.#clock.nowMs();
    this.#interval = setInterval(() => this.turn(), TICK_MS);
  }

  /** Takes the whole bucket off, then fires or hangs back each timer: new ones are not met. */
  #fire(bucket: number): void {
    const head = this.#buckets[bucket]!;
    if (head.next === head) return;
    const due = this.#due;
    due.next = head.next;
    due.previous = head.previous;
    due.next.previous = due;
    due.previous.next = due;
    head.next = head;
    head.previous = head;
    while (due.next !== due) {
      const timer = due.next;
      this.#unlink(timer);
      if (timer.deadlineMs <= this.nowMs) timer.owner.onTimer(timer.kind);
      else this.#link(timer);
    }
  }

  #link(timer: WheelTimer): void {
    // Never the bucket of the present turn: it comes round again only after a whole rotation.
    const turn = Math.max(Math.ceil(timer.deadlineMs / TICK_MS), this.#turn + 1);
    const bucket = turn % BUCKETS;
    const head = this.#buckets[bucket]!;
    timer.bucket = bucket;
    timer.next = head;
    timer.previous = head.previous;
    head.previous.next = timer;
    head.previous = timer;
    this.#armed++;
  }

  #unlink(timer: WheelTimer): void {
    timer.previous.next = timer.next;
    timer.next.previous = timer.previous;
    timer.previous = timer;
    timer.next = timer;
    timer.bucket = -1;
    this.#armed--;
  }
}
