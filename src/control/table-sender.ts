/**
 * Sends route tables to one worker so that no stream of it waits for them. A small table is one
 * message. Of a large one only the endpoints go that the worker does not have yet, a few at a time
 * with pauses between, and last the table itself as slots, which takes no time to read.
 *
 * Invariant: messages are sent in the order in which the worker must read them, and a table that
 * is overtaken by a newer one before it was sent whole is never assembled.
 */
import type { EndpointSpec, RouteTableSpec } from '../core/endpoint.ts';
import type { ToWorker } from '../core/plane-messages.ts';

/** Up to here a whole table is read in a fraction of a millisecond. */
const SMALL_TABLE = 128;
/** Read in about 0.2 ms. */
const BATCH = 64;
const PAUSE_MS = 4;

export interface SenderParts {
  post(message: ToWorker): void;
  later(run: () => void, afterMs: number): void;
}

export class TableSender {
  readonly #parts: SenderParts;
  /** What the worker has, by slot. */
  #known: Map<number, EndpointSpec>;
  #spec: RouteTableSpec;
  #queue: EndpointSpec[] = [];
  #sending = false;

  /** `spec`: the table that the worker started with. */
  constructor(parts: SenderParts, spec: RouteTableSpec) {
    this.#parts = parts;
    this.#spec = spec;
    this.#known = new Map(endpointsOf(spec).map((endpoint) => [endpoint.slot, endpoint]));
  }

  send(spec: RouteTableSpec): void {
    this.#spec = spec;
    const all = endpointsOf(spec);
    this.#queue = all.filter((endpoint) => this.#known.get(endpoint.slot) !== endpoint);
    if (all.length <= SMALL_TABLE) {
      this.#queue = [];
      this.#known = new Map(all.map((endpoint) => [endpoint.slot, endpoint]));
      this.#parts.post({ kind: 'table', spec });
    } else if (!this.#sending) {
      this.#sending = true;
      this.#next();
    }
  }

  #next(): void {
    const batch = this.#queue.splice(0, BATCH);
    if (batch.length > 0) {
      for (const endpoint of batch) this.#known.set(endpoint.slot, endpoint);
      this.#parts.post({ kind: 'endpoints', endpoints: batch });
    }
    if (this.#queue.length > 0) {
      this.#parts.later(() => this.#next(), PAUSE_MS);
      return;
    }
    this.#sending = false;
    // A small table that came meanwhile has been sent already.
    if (endpointsOf(this.#spec).length > SMALL_TABLE) this.#assemble();
  }

  #assemble(): void {
    const { clusters, ...rest } = this.#spec;
    this.#parts.post({
      kind: 'assemble',
      table: rest,
      names: clusters.map(({ name }) => name),
      sizes: Int32Array.from(clusters, ({ endpoints }) => endpoints.length),
      slots: Int32Array.from(endpointsOf(this.#spec), ({ slot }) => slot),
    });
  }
}

function endpointsOf({ clusters }: RouteTableSpec): EndpointSpec[] {
  return clusters.flatMap(({ endpoints }) => endpoints);
}
