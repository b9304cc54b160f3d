/**
 * Keeps the workers of the data plane running and tells all of them the same thing.
 *
 * Invariant: a worker that ends without being asked to is replaced, its gauges set back first (a
 * dead thread writes no more, so its columns are the control plane's to clear).
 */
import type { Columns } from '../core/columns.ts';
import type { RouteTableSpec } from '../core/endpoint.ts';
import type { FromWorker, PlaneEvent, ToWorker } from '../core/plane-messages.ts';
import { GAUGE_CONNECTIONS, GAUGE_EXCHANGES, GAUGE_QUEUED } from '../state/totals.ts';

/** A worker thread, as far as the supervisor needs one. */
export interface WorkerPort {
  post(message: ToWorker): void;
  onMessage(listener: (message: FromWorker) => void): void;
  /** `reason` is '' for a plain exit. */
  onExit(listener: (reason: string) => void): void;
  terminate(): void;
}

export interface SupervisorParts {
  readonly workers: number;
  readonly columns: Columns;
  readonly totals: readonly Float64Array[];
  spawn(index: number, spec: RouteTableSpec): WorkerPort;
  onEvent(event: PlaneEvent): void;
  onCrash(index: number, reason: string): void;
  /** Runs later; injected for tests. */
  later(run: () => void, afterMs: number): void;
}

/** At once, unless workers die faster than this: then a pause keeps the machine usable. */
const CRASH_PAUSE_MS = 500;

export interface StartFailure {
  readonly code: string;
  readonly message: string;
}

interface Seat {
  port: WorkerPort;
  adopted: number;
  restarts: number;
}

export class Supervisor {
  readonly #parts: SupervisorParts;
  readonly #seats: Seat[] = [];
  #spec: RouteTableSpec;
  #ending = false;
  #onDrained: () => void = () => {};

  constructor(parts: SupervisorParts, spec: RouteTableSpec) {
    this.#parts = parts;
    this.#spec = spec;
  }

  /** Starts all workers; resolves when all listen, or with the first failure to listen. */
  async start(): Promise<StartFailure | undefined> {
    const results: Promise<StartFailure | undefined>[] = [];
    for (let index = 0; index < this.#parts.workers; index++) {
      results.push(new Promise((resolve) => this.#seat(index, resolve)));
    }
    const failures = await Promise.all(results);
    return failures.find((failure) => failure !== undefined);
  }

  /** Sends a new route table to every worker. */
  publish(spec: RouteTableSpec): void {
    this.#spec = spec;
    for (const seat of this.#seats) seat.port.post({ kind: 'table', spec });
  }

  /** The epoch that every worker has reached. */
  get adoptedEpoch(): number {
    return Math.min(...this.#seats.map((seat) => seat.adopted));
  }

  /** `delayMs` of still accepting, then at most `timeoutMs` for what runs. */
  async drain(delayMs: number, timeoutMs: number): Promise<void> {
    this.#ending = true;
    for (const seat of this.#seats) seat.port.post({ kind: 'drain' });
    if (delayMs > 0) await new Promise<void>((resolve) => this.#parts.later(resolve, delayMs));
    let open = this.#seats.length;
    await new Promise<void>((resolve) => {
      this.#onDrained = () => {
        open--;
        if (open === 0) resolve();
      };
      for (const seat of this.#seats) seat.port.post({ kind: 'close', timeoutMs });
    });
  }

  /** Ends all threads now. */
  stop(): void {
    this.#ending = true;
    for (const seat of this.#seats) seat.port.terminate();
  }

  #seat(index: number, started: (failure: StartFailure | undefined) => void): void {
    const port = this.#parts.spawn(index, this.#spec);
    const restarts = (this.#seats[index]?.restarts ?? -1) + 1;
    const seat: Seat = { port, adopted: this.#spec.epoch, restarts };
    this.#seats[index] = seat;
    port.onMessage((message) => {
      if (message.kind === 'listening') started(undefined);
      else if (message.kind === 'failed') started(message);
      else if (message.kind === 'adopted') seat.adopted = message.epoch;
      else if (message.kind === 'event') this.#parts.onEvent(message.event);
      else this.#onDrained();
    });
    port.onExit((reason) => {
      if (this.#ending) this.#onDrained();
      else this.#replace(index, reason);
    });
  }

  #replace(index: number, reason: string): void {
    this.#parts.onCrash(index, reason);
    const { columns, totals } = this.#parts;
    columns.workers[index]!.inFlight.fill(0);
    columns.workers[index]!.pending.fill(0);
    for (const gauge of [GAUGE_CONNECTIONS, GAUGE_EXCHANGES, GAUGE_QUEUED]) {
      totals[index]![gauge] = 0;
    }
    const pauseMs = this.#seats[index]!.restarts === 0 ? 0 : CRASH_PAUSE_MS;
    this.#parts.later(() => {
      if (!this.#ending) this.#seat(index, () => {});
    }, pauseMs);
  }
}
