/**
 * Messages on their way to the robot, one after the other: limits their rate, tries again, gives
 * up. Invariants: it holds a bounded number of messages and drops the oldest waiting one beyond;
 * a message is tried at most MAX_ATTEMPTS times; everything that does not arrive is counted; no
 * call blocks or throws, and after `stop` nothing of it keeps the process alive.
 */
import type { Post } from './post.ts';
import type { Answer, Outcome } from './robots.ts';
import type { SendLimit } from './send-limit.ts';

export interface OutboxParts {
  readonly post: Post;
  readonly limit: SendLimit;
  readonly judge: (answer: Answer) => Outcome;
  readonly nowMs: () => number;
  /** Runs once after a time, unless cancelled. */
  readonly later: (run: () => void, afterMs: number) => { cancel(): void };
  /** 0 … 1, to spread retries. */
  readonly chance: () => number;
  readonly onTrouble: (trouble: DeliveryTrouble) => void;
}

/** A message did not arrive: it will be tried again, or it is lost. */
export interface DeliveryTrouble {
  readonly lost: boolean;
  readonly reason: string;
  readonly attempt: number;
  /** Messages lost since start, this one included. */
  readonly lostSoFar: number;
}

const MAX_WAITING = 16;
const MAX_ATTEMPTS = 6;
const FIRST_PAUSE_MS = 2000;
const LONGEST_PAUSE_MS = 60_000;

export class Outbox {
  readonly #parts: OutboxParts;
  readonly #ending = new AbortController();
  readonly #waiting: string[] = [];
  #attempts = 0;
  /** A message is being sent, or its next try is planned. */
  #busy = false;
  #timer: { cancel(): void } | undefined;
  #lost = 0;

  constructor(parts: OutboxParts) {
    this.#parts = parts;
  }

  /** Everything was delivered or given up. */
  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Takes a body to send; returns at once. */
  add(body: string): void {
    if (this.#ending.signal.aborted) return;
    // The first one is on its way; it stays.
    if (this.#waiting.length >= MAX_WAITING) {
      this.#waiting.splice(1, 1);
      this.#tell(true, 'too many messages wait', 0);
    }
    this.#waiting.push(body);
    if (!this.#busy) this.#next();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#waiting.length = 0;
    this.#ending.abort();
  }

  #next(): void {
    const body = this.#waiting[0];
    this.#busy = body !== undefined;
    if (body === undefined) return;
    const waitMs = this.#parts.limit.take(this.#parts.nowMs());
    if (waitMs > 0) this.#plan(waitMs);
    else void this.#send(body);
  }

  #plan(afterMs: number): void {
    this.#timer = this.#parts.later(() => this.#next(), afterMs);
  }

  async #send(body: string): Promise<void> {
    const answer = await this.#parts.post(body, this.#ending.signal);
    if (this.#ending.signal.aborted) return;
    this.#attempts++;
    this.#settle(this.#parts.judge(answer));
  }

  #settle({ kind, reason, waitMs }: Outcome): void {
    const attempt = this.#attempts;
    const again = (kind === 'failed' || kind === 'limited') && attempt < MAX_ATTEMPTS;
    if (again) {
      this.#tell(false, reason, attempt);
      this.#plan(Math.max(waitMs, pauseMs(attempt, this.#parts.chance())));
      return;
    }
    this.#waiting.shift();
    this.#attempts = 0;
    if (kind !== 'delivered') this.#tell(true, reason, attempt);
    // The limit holds for what follows too.
    if (kind === 'limited') {
      this.#plan(waitMs);
      return;
    }
    this.#next();
  }

  #tell(lost: boolean, reason: string, attempt: number): void {
    if (lost) this.#lost++;
    this.#parts.onTrouble({ lost, reason, attempt, lostSoFar: this.#lost });
  }
}

/** 2, 4, 8 … 60 s, each a fifth longer or shorter by chance. */
function pauseMs(attempt: number, chance: number): number {
  const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempt - 1));
  return pause * (0.8 + 0.4 * chance);
}
