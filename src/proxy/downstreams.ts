/** The client connections a worker holds, so that a drain can end the idle ones. */
import type { DecisionRecord, RequestQuery } from '../core/request-record.ts';
import type { Transport } from '../net/transport.ts';
import { GAUGE_CONNECTIONS } from '../state/totals.ts';
import { Downstream } from './downstream.ts';
import type { DataPlane } from './plane.ts';

export class Downstreams {
  readonly #plane: DataPlane;
  readonly #open = new Set<Downstream>();

  constructor(plane: DataPlane) {
    this.#plane = plane;
  }

  accept(transport: Transport): Downstream {
    const downstream = new Downstream(this.#plane, transport, this.#onGone);
    this.#open.add(downstream);
    this.#plane.totals[GAUGE_CONNECTIONS] = this.#open.size;
    return downstream;
  }

  readonly #onGone = (downstream: Downstream): void => {
    this.#open.delete(downstream);
    this.#plane.totals[GAUGE_CONNECTIONS] = this.#open.size;
  };

  get count(): number {
    return this.#open.size;
  }

  /** What runs now, the oldest first. */
  running({ id, limit }: RequestQuery): DecisionRecord[] {
    const found: DecisionRecord[] = [];
    for (const downstream of this.#open) {
      const record = downstream.running();
      if (record !== undefined && (id === '' || record.id === id)) found.push(record);
    }
    return found.sort((a, b) => a.startedMs - b.startedMs).slice(0, limit);
  }

  /**
   * Ends connections that are between two requests; the others end after their answer. Who has just
   * connected would take an end without a word for a failure: while new connections are still
   * accepted these are left alone.
   */
  closeAfterAnswers(isFreshToo: boolean): void {
    for (const downstream of this.#open) downstream.closeAfterAnswer(isFreshToo);
  }

  /** The drain's deadline: what still runs is ended honestly. */
  endAll(): void {
    for (const downstream of this.#open) downstream.endNow();
  }
}
