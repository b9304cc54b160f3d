/**
 * What all exchanges of one worker share: its columns, its wheel, its pool, the present route
 * table and the scratch buffers. One per worker thread; passed to whoever needs it, never global.
 */
import { Ask } from '../core/ask.ts';
import type { Clock } from '../core/clock.ts';
import type { Columns, WorkerColumns } from '../core/columns.ts';
import { Ejector } from '../core/ejection.ts';
import type { EndpointSpec, RouteTableSpec } from '../core/endpoint.ts';
import type { ErrorCode } from '../core/errors.ts';
import type { PlaneEvent } from '../core/plane-messages.ts';
import type { Random } from '../core/random.ts';
import { RouteTable } from '../core/route-table.ts';
import type { Strategy } from '../core/strategy.ts';
import { HeadWriter } from '../http1/head-writer.ts';
import { RequestHead } from '../http1/request-head.ts';
import { ResponseHead } from '../http1/response-head.ts';
import { TimerWheel } from '../net/timer-wheel.ts';
import type { Connector, Transport } from '../net/transport.ts';
import { UpstreamPool } from '../net/upstream-pool.ts';
import { EJECTIONS, type WorkerMeters } from '../state/meters.ts';
import { GAUGE_EXCHANGES } from '../state/totals.ts';
import { Admission } from './admission.ts';
import { BodyBudget } from './body-budget.ts';
import { BodyPool } from './body-pool.ts';
import { ANYBODY, ClientKeys, type KnownClient } from './client-keys.ts';
import { EndpointBytes } from './endpoint-bytes.ts';
import type { Journal } from './journal.ts';
import { Meters } from './meters.ts';
import type { ProxyOptions } from './options.ts';
import { OutBuffer } from './out-buffer.ts';
import type { Recorder } from './recorder.ts';
import { RequestIds } from './request-ids.ts';
import { RouteMemo } from './route-memo.ts';
import { Routing } from './routing.ts';

export interface PlaneParts {
  readonly options: ProxyOptions;
  readonly columns: Columns;
  readonly totals: Float64Array;
  /** Those of all workers; absent = this is the only one. */
  readonly allTotals?: readonly Float64Array[];
  readonly meters: WorkerMeters;
  readonly workerIndex: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly connector: Connector;
  /** Which endpoint was given which prefix: one for all workers (core/prefix-table). */
  readonly prefixMemory: SharedArrayBuffer;
  /** Tells the control plane what an operator should know; rare, bounded by the receiver. */
  readonly report: (event: Omit<PlaneEvent, 'dropped'>) => void;
  /** undefined = nobody reads records of requests. */
  readonly journal?: Journal | undefined;
  /** undefined = no request is kept to be explained. */
  readonly recorder?: Recorder | undefined;
}

export class DataPlane {
  /** Replaced by a reload. */
  options: ProxyOptions;
  readonly columns: Columns;
  readonly own: WorkerColumns;
  readonly totals: Float64Array;
  readonly meters: Meters;
  readonly workerIndex: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly ejector: Ejector;
  readonly wheel: TimerWheel;
  readonly pool: UpstreamPool;
  readonly admission: Admission;
  readonly bodies: BodyBudget;
  readonly bodyPool = new BodyPool(BODY_POOL_BYTES);
  readonly report: (event: Omit<PlaneEvent, 'dropped'>) => void;
  readonly journal: Journal | undefined;
  readonly recorder: Recorder | undefined;
  readonly ids: RequestIds;
  readonly routes = new RouteMemo();
  /** Somebody reads what becomes of requests. */
  readonly records: boolean;
  /** What the strategy is asked, filled for each decision. */
  readonly asking = new Ask();
  readonly routing: Routing;
  /** Heads are parsed into these and used up before the next event. */
  readonly requestHead = new RequestHead();
  readonly responseHead = new ResponseHead();
  readonly fieldsOut = new HeadWriter(4096);
  readonly answerOut = new HeadWriter(4096);
  /** The answer being composed. */
  out = new OutBuffer();
  upstreamOut = new HeadWriter(UPSTREAM_OUT_BYTES);
  table: RouteTable;
  /** undefined = clients need none. */
  keys: ClientKeys | undefined;
  /** Who sent the head at hand; used up with it. */
  visitor: KnownClient = ANYBODY;
  strategy: Strategy;
  draining = false;
  readonly #allTotals: readonly Float64Array[];
  /** By slot. */
  #endpoints: (EndpointBytes | undefined)[] = [];

  constructor(parts: PlaneParts, spec: RouteTableSpec) {
    this.options = parts.options;
    this.keys = keysOf(parts.options);
    this.columns = parts.columns;
    this.own = parts.columns.workers[parts.workerIndex]!;
    this.totals = parts.totals;
    this.#allTotals = parts.allTotals ?? [parts.totals];
    this.meters = new Meters(parts.meters, parts.clock);
    this.workerIndex = parts.workerIndex;
    this.clock = parts.clock;
    this.random = parts.random;
    this.report = parts.report;
    this.journal = parts.journal;
    this.recorder = parts.recorder;
    this.records = parts.journal !== undefined || parts.recorder !== undefined;
    this.ejector = new Ejector(parts.columns, parts.workerIndex, parts.options, parts.random);
    this.wheel = new TimerWheel(parts.clock, () => {
      this.meters.loopDelayed(this.wheel.lateMs);
      this.admission.poll();
    });
    this.pool = new UpstreamPool(parts.connector, this.wheel, {
      idleMs: parts.options.idleConnTimeoutMs,
      maxIdle: parts.options.maxIdleConns,
    });
    this.table = new RouteTable(spec, undefined, parts.columns.workers.length);
    this.#followOwn();
    this.routing = new Routing(parts);
    this.strategy = this.routing.follow(spec.strategy);
    this.admission = new Admission(this);
    this.bodies = new BodyBudget(parts.options.retryBufferBytes, parts.totals);
    this.ids = new RequestIds(parts.random, parts.workerIndex);
  }

  /** In all workers together. */
  requestsInProgress(): number {
    let sum = 0;
    for (let i = 0; i < this.#allTotals.length; i++) sum += this.#allTotals[i]![GAUGE_EXCHANGES]!;
    return sum;
  }

  /** Swaps the route table; exchanges in flight go on with what they hold. */
  adopt(spec: RouteTableSpec): void {
    this.table = new RouteTable(spec, this.table, this.columns.workers.length);
    if (spec.strategy !== this.strategy.name) this.strategy = this.routing.follow(spec.strategy);
    this.#keepBytes();
    this.#followOwn();
  }

  /** Of endpoints that are the same as before, what was made of them stays. */
  #keepBytes(): void {
    const known = this.#endpoints;
    this.#endpoints = [];
    for (const { endpoints } of this.table.clusters) {
      for (const spec of endpoints) {
        const bytes = known[spec.slot];
        if (bytes?.spec === spec) this.#keep(bytes);
      }
    }
  }

  /** Takes new options over; what runs goes on with those it began with. */
  configure(options: ProxyOptions): void {
    this.keys = keysOf(options);
    this.ejector.configure(options);
    this.pool.configure({ idleMs: options.idleConnTimeoutMs, maxIdle: options.maxIdleConns });
    this.bodies.setLimit(options.retryBufferBytes);
    this.options = options;
    this.routing.configure(options);
    this.strategy = this.routing.follow(this.table.strategy);
  }

  /** Hands the ejection times of single endpoints on. */
  #followOwn(): void {
    for (const { endpoints } of this.table.clusters) {
      for (const { slot, own } of endpoints) this.ejector.setBase(slot, own?.cooldownMs ?? -1);
    }
  }

  endpointBytes(spec: EndpointSpec): EndpointBytes {
    const known = this.#endpoints[spec.slot];
    // A slot may have gone to another endpoint.
    if (known !== undefined && known.spec === spec) return known;
    const bytes = new EndpointBytes(spec);
    this.#keep(bytes);
    return bytes;
  }

  #keep(bytes: EndpointBytes): void {
    while (this.#endpoints.length <= bytes.spec.slot) this.#endpoints.push(undefined);
    this.#endpoints[bytes.spec.slot] = bytes;
  }

  /** A failed attempt took its endpoint out of rotation. */
  ejected({ id, slot }: EndpointSpec, requestId: string, detail: ErrorCode): void {
    this.meters.endpoint(slot).row[EJECTIONS]!++;
    this.report({ kind: 'ejected', endpointId: id, requestId, detail });
  }

  /**
   * Writes what is composed in `out`. The transport may go on reading from the bytes it got, so
   * it is given a copy when it has a queue, and keeps the buffer when it makes one.
   */
  send(to: Transport): void {
    if (to.bytesQueued() > 0) {
      to.write(Buffer.from(this.out.view()));
      return;
    }
    to.write(this.out.view());
    if (to.bytesQueued() > 0) this.out = new OutBuffer();
  }

  /** The same for a request composed in `upstreamOut`. */
  sendUpstream(to: Transport): void {
    to.write(this.upstreamOut.buf.subarray(0, this.upstreamOut.length));
    if (to.bytesQueued() > 0) this.upstreamOut = new HeadWriter(UPSTREAM_OUT_BYTES);
  }
}

function keysOf({ clientKeys }: ProxyOptions): ClientKeys | undefined {
  return clientKeys.length === 0 ? undefined : new ClientKeys(clientKeys);
}

/** Heads and bodies up to this size go up in one write. */
export const SMALL_REQUEST_BYTES = 32 * 1024;
/** Idle body buffers of a worker. */
const BODY_POOL_BYTES = 64 * 1024 * 1024;
const UPSTREAM_OUT_BYTES = 2 * SMALL_REQUEST_BYTES;
