// HOT PATH — bench: bench/main.ts
/**
 * Records of a worker's requests that are over, on their way to the control plane in batches.
 * There is no Journal unless somebody reads it.
 *
 * Invariants: at most one batch is on its way and MAX_RECORDS wait; what is more is counted and
 * forgotten, so a control plane that stands still costs no memory. Nothing here is written as text.
 */
import type { Clock } from '../core/clock.ts';
import type { RequestRecord } from '../core/request-record.ts';

export type SendRecords = (records: RequestRecord[], dropped: number) => void;

/** As many as one worker ends in two of the fastest batch intervals. */
const MAX_RECORDS = 5_000;

export class Journal {
  readonly clock: Clock;
  readonly withSteps: boolean;
  readonly #send: SendRecords;
  #records: RequestRecord[];
  #dropped: number;
  #onItsWay: boolean;

  constructor(clock: Clock, withSteps: boolean, send: SendRecords) {
    this.clock = clock;
    this.withSteps = withSteps;
    this.#send = send;
    this.#records = [];
    this.#dropped = 0;
    this.#onItsWay = false;
  }

  add(record: RequestRecord): void {
    if (this.#records.length < MAX_RECORDS) this.#records.push(record);
    else this.#dropped++;
  }

  /** Sends what there is, unless the last batch has not been taken yet. */
  flush(): void {
    if (!this.#onItsWay) this.sendRest();
  }

  /** Sends what there is: the worker ends. */
  sendRest(): void {
    if (this.#records.length === 0) return;
    this.#onItsWay = true;
    const records = this.#records;
    const dropped = this.#dropped;
    this.#records = [];
    this.#dropped = 0;
    this.#send(records, dropped);
  }

  /** The control plane has taken the last batch. */
  taken(): void {
    this.#onItsWay = false;
  }
}
