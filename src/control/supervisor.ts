/**
 * Keeps the workers of the data plane running and tells all of them the same thing.
 *
 * Invariants: a worker that ends without being asked to is replaced, its gauges set back first (a
 * dead thread writes no more, so its columns are the control plane's to clear), and its
 * replacement starts with the newest route table. One that never listened at start is not
 * replaced: `start` tells why instead. A drain ends whatever the workers do.
 */
import type { Clock } from '../core/clock.ts';
import type { Columns } from '../core/columns.ts';
import type { RouteTableSpec } from '../core/endpoint.ts';
import type { FromWorker, PlaneEvent, ToWorker } from '../core/plane-messages.ts';
import type { DecisionRecord, RequestQuery, RequestRecord } from '../core/request-record.ts';
import type { ShadowTally } from '../core/shadow.ts';
import { GAUGE_CONNECTIONS, GAUGE_EXCHANGES, GAUGE_QUEUED } from '../state/totals.ts';
import { Inquiries } from './inquiries.ts';
import { TableSender } from './table-sender.ts';

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
  readonly clock: Clock;
  spawn(index: number, spec: RouteTableSpec): WorkerPort;
  onEvent(event: PlaneEvent): void;
  onRequests(records: readonly RequestRecord[], dropped: number): void;
  onShadow(tally: ShadowTally): void;
  onCrash(index: number, reason: string): void;
  /** Runs later without keeping the process alive; injected for tests. */
  later(run: () => void, afterMs: number): void;
}

export interface StartFailure {
  readonly code: string;
  readonly message: string;
}

/** A worker that lived shorter than this is replaced only after a pause: no storm of restarts. */
const QUICK_DEATH_MS = 5000;
const CRASH_PAUSE_MS = 500;
/** A worker says `drained` at most this long after the drain's deadline, unless it is stuck. */
const DRAIN_GRACE_MS = 3000;

interface Seat {
  readonly port: WorkerPort;
  readonly tables: TableSender;
  readonly startedMs: number;
  /** The epoch its worker routes by. */
  adopted: number;
  /** Its worker accepts connections. */
  listening: boolean;
  /** Its worker has drained or ended. */
  empty: boolean;
  /** Why its worker could not listen; '' = it did not say so. */
  failure: string;
}

export class Supervisor {
  readonly #parts: SupervisorParts;
  readonly #seats: Seat[] = [];
  #spec: RouteTableSpec;
  #ending = false;
  #onEmpty: () => void = () => {};
  readonly #inquiries: Inquiries;

  constructor(parts: SupervisorParts, spec: RouteTableSpec) {
    this.#parts = parts;
    this.#spec = spec;
    this.#inquiries = new Inquiries({
      post: (message) => {
        for (const seat of this.#seats) seat.port.post(message);
        return this.#seats.length;
      },
      later: parts.later,
    });
  }

  /** Starts all workers; resolves when all listen, or with the first failure to do so. */
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
    for (const seat of this.#seats) seat.tables.send(spec);
  }

  /** What the workers remember of requests. */
  explain(query: RequestQuery): Promise<readonly DecisionRecord[]> {
    return this.#inquiries.ask(query);
  }

  /** Sends new options to every worker; those to come are started with them. */
  configure(options: object): void {
    const { epoch } = this.#spec;
    for (const seat of this.#seats) seat.port.post({ kind: 'options', epoch, options });
  }

  /** The epoch that every worker has reached; a dead one counts until it is replaced. */
  get adoptedEpoch(): number {
    return Math.min(...this.#seats.map((seat) => seat.adopted));
  }

  /**
   * `delayMs` of still accepting, then at most `timeoutMs` for what runs. Resolves when every
   * worker has drained or ended, or shortly after the deadline when one is stuck.
   */
  async drain(delayMs: number, timeoutMs: number): Promise<void> {
    this.#ending = true;
    for (const seat of this.#seats) seat.port.post({ kind: 'drain' });
    if (delayMs > 0) await new Promise<void>((resolve) => this.#parts.later(resolve, delayMs));
    await new Promise<void>((resolve) => {
      this.#onEmpty = () => {
        if (this.#seats.every((seat) => seat.empty)) resolve();
      };
      for (const seat of this.#seats) seat.port.post({ kind: 'close', timeoutMs });
      this.#parts.later(resolve, timeoutMs + DRAIN_GRACE_MS);
      this.#onEmpty();
    });
  }

  /** Ends all threads now. */
  stop(): void {
    this.#ending = true;
    for (const seat of this.#seats) seat.port.terminate();
  }

  /** `started`: absent for a replacement, which is replaced again when it cannot listen. */
  #seat(index: number, started?: (failure: StartFailure | undefined) => void): void {
    const port = this.#parts.spawn(index, this.#spec);
    const { later } = this.#parts;
    const seat: Seat = {
      port,
      tables: new TableSender({ post: (message) => port.post(message), later }, this.#spec),
      startedMs: this.#parts.clock.nowMs(),
      adopted: this.#spec.epoch,
      listening: false,
      empty: false,
      failure: '',
    };
    this.#seats[index] = seat;
    port.onMessage((message) => this.#hear(seat, message, started));
    port.onExit((reason) => {
      this.#leave(seat);
      if (this.#ending) return;
      if (seat.listening || started === undefined) {
        this.#replace(index, seat, reason === '' ? seat.failure : reason);
      } else if (seat.failure === '') {
        started({ code: '', message: reason === '' ? 'a worker ended at its start' : reason });
      }
    });
  }

  #hear(
    seat: Seat,
    message: FromWorker,
    started: ((failure: StartFailure | undefined) => void) | undefined,
  ): void {
    if (message.kind === 'listening') {
      seat.listening = true;
      started?.(undefined);
    } else if (message.kind === 'failed') {
      seat.failure = `cannot listen: ${message.message}`;
      started?.(message);
    } else if (message.kind === 'adopted') {
      seat.adopted = message.epoch;
    } else if (message.kind === 'event') {
      this.#parts.onEvent(message.event);
    } else if (message.kind === 'requests') {
      this.#parts.onRequests(message.records, message.dropped);
      seat.port.post({ kind: 'taken' });
    } else if (message.kind === 'explained') {
      this.#inquiries.answered(message.number, message.records);
    } else if (message.kind === 'shadow') {
      this.#parts.onShadow(message.tally);
    } else {
      this.#leave(seat);
    }
  }

  #leave(seat: Seat): void {
    seat.empty = true;
    this.#onEmpty();
  }

  #replace(index: number, seat: Seat, reason: string): void {
    this.#parts.onCrash(index, reason);
    const { columns, totals, clock } = this.#parts;
    columns.workers[index]!.inFlight.fill(0);
    columns.workers[index]!.pending.fill(0);
    columns.workers[index]!.waitingClass.fill(0);
    columns.workers[index]!.keptHigh.fill(0);
    columns.workers[index]!.keptNormal.fill(0);
    columns.workers[index]!.prefillTokens.fill(0);
    columns.workers[index]!.headTokens.fill(0);
    for (const gauge of [GAUGE_CONNECTIONS, GAUGE_EXCHANGES, GAUGE_QUEUED]) {
      totals[index]![gauge] = 0;
    }
    const quick = clock.nowMs() - seat.startedMs < QUICK_DEATH_MS;
    this.#parts.later(
      () => {
        if (!this.#ending) this.#seat(index);
      },
      quick ? CRASH_PAUSE_MS : 0,
    );
  }
}
