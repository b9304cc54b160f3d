// HOT PATH — bench: bench/main.ts
/**
 * The decision records of one worker: what became of requests and why, kept here until an operator
 * asks. Nothing crosses to another thread before that, so a request costs its steps and no more
 * (docs/decisions/0021-explained-requests.md).
 *
 * Invariants: two rings of a fixed size; failures push out only failures. Of the requests without
 * an event (no failed attempt, no wait) a bounded number a second is kept, chosen when they begin,
 * so that the rest need no record at all.
 */
import type { DecisionRecord, RequestQuery } from '../core/request-record.ts';

/** Plain requests kept a second, at most; a quiet router keeps all. */
const PLAIN_PER_SECOND = 50;
/** Looks at all endpoints of a model a second, at most. */
const LOOKS_PER_SECOND = 100;

export class Recorder {
  readonly #failed: Ring;
  readonly #others: Ring;
  readonly #plain = new Allowance(PLAIN_PER_SECOND);
  readonly #looks = new Allowance(LOOKS_PER_SECOND);

  /** `size`: records in each of the two rings. */
  constructor(size: number) {
    this.#failed = new Ring(size);
    this.#others = new Ring(size);
  }

  /** Whether a request that begins now is kept although nothing happens to it. */
  takesPlain(nowMs: number): boolean {
    return this.#plain.take(nowMs);
  }

  /** Whether the endpoints may be looked at for a record now. */
  mayLook(nowMs: number): boolean {
    return this.#looks.take(nowMs);
  }

  add(record: DecisionRecord): void {
    const isFailure = record.outcome !== 'ok' && record.outcome !== 'refused';
    (isFailure ? this.#failed : this.#others).push(record);
  }

  /** The newest that fit, newest first. */
  find(query: RequestQuery): DecisionRecord[] {
    const found: DecisionRecord[] = [];
    for (const record of this.#failed.items()) if (fits(record, query)) found.push(record);
    for (const record of this.#others.items()) if (fits(record, query)) found.push(record);
    return found.sort((a, b) => b.startedMs - a.startedMs).slice(0, query.limit);
  }
}

function fits({ id, outcome }: DecisionRecord, query: RequestQuery): boolean {
  return (query.id === '' || id === query.id) && !(query.failed && outcome === 'ok');
}

class Ring {
  readonly #items: DecisionRecord[] = [];
  readonly #size: number;
  #next = 0;

  constructor(size: number) {
    this.#size = size;
  }

  push(record: DecisionRecord): void {
    this.#items[this.#next] = record;
    this.#next = this.#next + 1 === this.#size ? 0 : this.#next + 1;
  }

  items(): readonly DecisionRecord[] {
    return this.#items;
  }
}

/** So many a second. */
class Allowance {
  readonly #perSecond: number;
  #second: number;
  #taken: number;

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
    this.#second = -1;
    this.#taken = 0;
  }

  take(nowMs: number): boolean {
    const second = Math.floor(nowMs / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#taken = 0;
    }
    return this.#taken++ < this.#perSecond;
  }
}
