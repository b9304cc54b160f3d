/**
 * A whole data plane in memory: real exchanges, attempts, relays, admission, pool and wheel between
 * played connections, on a clock that only tests move. Everything is synchronous and repeatable.
 */
import assert from 'node:assert/strict';
import { FakeClock } from '../../src/core/clock.ts';
import type { WorkerColumns } from '../../src/core/columns.ts';
import { fixtureColumns } from '../../src/core/columns-fixture.ts';
import type {
  EndpointSpec,
  NameSpec,
  OwnSettings,
  RouteTableSpec,
} from '../../src/core/endpoint.ts';
import type { PlaneEvent } from '../../src/core/plane-messages.ts';
import { createPrefixMemory } from '../../src/core/prefix-table.ts';
import { Xorshift } from '../../src/core/random.ts';
import type { WheelTimer } from '../../src/net/timer-wheel.ts';
import type { TransportHandler } from '../../src/net/transport.ts';
import { Downstreams } from '../../src/proxy/downstreams.ts';
import type { Journal } from '../../src/proxy/journal.ts';
import type { ProxyOptions } from '../../src/proxy/options.ts';
import { DataPlane } from '../../src/proxy/plane.ts';
import type { Recorder } from '../../src/proxy/recorder.ts';
import { createFleetState } from '../../src/state/layout.ts';
import type { WorkerMeters } from '../../src/state/meters.ts';
import {
  GAUGE_CONNECTIONS,
  GAUGE_EXCHANGES,
  GAUGE_QUEUED,
  TOTAL_CLIENT_ERRORS,
  TOTAL_CLIENT_GONE,
  TOTAL_OK,
  TOTAL_REQUESTS,
  TOTAL_SERVER_ERRORS,
  TOTALS,
} from '../../src/state/totals.ts';
import { playTurns, stopTurns } from './event-loop.ts';
import { FakeNet, type FakeTransport } from './transport.ts';

const TICK_MS = 20;

export const OPTIONS: ProxyOptions = {
  host: '127.0.0.1',
  port: 0,
  reusePort: false,
  tlsCert: '',
  tlsKey: '',
  maxRequests: 0,
  maxBodyBytes: 1024 * 1024,
  retryBufferBytes: 64 * 1024 * 1024,
  numRetries: 2,
  queueTimeoutMs: 5_000,
  maxQueueBytes: 1024 ** 3,
  maxParallelRequests: 0,
  maxQueue: 100,
  unavailableWaitMs: 1_000,
  requestTimeoutMs: 600_000,
  connectTimeoutMs: 10_000,
  maxConnsPerHost: 0,
  maxIdleConns: 100,
  idleConnTimeoutMs: 0,
  failureThreshold: 3,
  baseEjectionMs: 5_000,
  maxEjectionMs: 300_000,
  successRatio: 0,
  windowMs: 30_000,
  minRequests: 20,
  slowStartMs: 0,
  panicThreshold: 0,
  baseDelayMs: 200,
  maxDelayMs: 2_000,
  jitterFactor: 0,
  requestHeadMs: 10_000,
  bodyGapMs: 30_000,
  clientKeys: [],
  explainHeaders: false,
  keepAliveIdleMs: 65_000,
  firstByteMs: 0,
  streamGapMs: 300_000,
  writeStallMs: 30_000,
  headHoldMs: 1_000,
  reportStaleMs: 5_000,
  streamUsage: true,
  sessionKeys: [],
  shadow: '',
  prefixCacheTokens: 500_000,
  recordShapes: false,
};

/** Endpoint number `slot` of the model `m`; its port is 9000 + slot. */
export function endpoint(slot: number, changes: Partial<EndpointSpec> = {}): EndpointSpec {
  const port = 9000 + slot;
  const modelName = changes.modelName ?? 'm';
  return {
    id: `${modelName}@http://e${slot}:${port}/v1`,
    slot,
    modelName,
    upstreamModel: modelName,
    apiBase: `http://e${slot}:${port}/v1`,
    tls: false,
    host: `e${slot}`,
    port,
    basePath: '/v1',
    apiKey: '',
    weight: 1,
    rpmLimit: 0,
    sourceType: 'self_deployed',
    ...changes,
  };
}

/** Settings of an endpoint's own: as the router's, but for `changes`. */
export function own(changes: Partial<OwnSettings>): OwnSettings {
  return {
    order: 1,
    maxParallel: 0,
    tpmLimit: 0,
    timeoutMs: 0,
    streamTimeoutMs: 0,
    numRetries: -1,
    cooldownMs: -1,
    headers: [],
    probed: true,
    ...changes,
  };
}

export function tableOf(epoch: number, endpoints: readonly EndpointSpec[]): RouteTableSpec {
  const names = [...new Set(endpoints.map(({ modelName }) => modelName))];
  const clusters = names.map((name) => {
    return { name, endpoints: endpoints.filter(({ modelName }) => modelName === name) };
  });
  return { epoch, strategy: 'least-connections', clusters };
}

export interface FakePlaneParts {
  readonly endpoints?: readonly EndpointSpec[];
  readonly names?: readonly NameSpec[];
  readonly options?: Partial<ProxyOptions>;
  readonly seed?: number;
  readonly journal?: (clock: FakeClock) => Journal;
  readonly recorder?: Recorder;
}

export class FakePlane {
  readonly clock = new FakeClock(1e6);
  readonly net = new FakeNet();
  readonly totals = new Float64Array(TOTALS);
  readonly meters: WorkerMeters = createFleetState(16, 1).meters[0]!;
  readonly events: Omit<PlaneEvent, 'dropped'>[] = [];
  readonly columns = fixtureColumns(16, 1);
  readonly own: WorkerColumns = this.columns.workers[0]!;
  readonly plane: DataPlane;
  readonly downstreams: Downstreams;
  readonly #timers = new Set<WheelTimer>();
  readonly #clients: FakeTransport[] = [];

  constructor({
    endpoints = [endpoint(0)],
    names = [],
    options = {},
    seed = 1,
    journal: journalOf,
    recorder,
  }: FakePlaneParts = {}) {
    this.plane = new DataPlane(
      {
        options: { ...OPTIONS, ...options },
        columns: this.columns,
        totals: this.totals,
        meters: this.meters,
        workerIndex: 0,
        clock: this.clock,
        random: new Xorshift(seed),
        prefixMemory: createPrefixMemory(64 * 1024, 1),
        connector: this.net,
        report: (event) => this.events.push(event),
        journal: journalOf?.(this.clock),
        recorder,
      },
      { ...tableOf(1, endpoints), names },
    );
    this.downstreams = new Downstreams(this.plane);
    playTurns();
    const { wheel } = this.plane;
    const arm = wheel.arm.bind(wheel);
    wheel.arm = (timer, kind, afterMs) => {
      this.#timers.add(timer);
      arm(timer, kind, afterMs);
    };
  }

  /** A client connects, and sends `bytes` if there are any. */
  client(bytes: Buffer | string = ''): FakeTransport {
    const transport = this.net.client();
    transport.handler = this.downstreams.accept(transport) as TransportHandler;
    this.#clients.push(transport);
    if (bytes.length > 0) transport.deliver(bytes);
    return transport;
  }

  /** The newest connection to an endpoint. */
  get upstream(): FakeTransport {
    const transport = this.net.upstream.at(-1);
    assert.ok(transport !== undefined, 'no connection was opened');
    return transport;
  }

  /** Which endpoint a connection goes to. */
  slotOf(transport: FakeTransport): number {
    return this.net.opened[this.net.upstream.indexOf(transport)]!.port - 9000;
  }

  /** The endpoint accepts the newest connection (or this one). */
  connect(transport = this.upstream): FakeTransport {
    transport.handler!.onConnect();
    return transport;
  }

  /** Time passes, as the wheel's interval would see it. */
  advance(ms: number, stepMs = TICK_MS): void {
    for (let left = ms; left > 0; left -= stepMs) {
      this.clock.advance(Math.min(stepMs, left));
      this.plane.wheel.turn();
      this.net.settle();
    }
  }

  total(index: number): number {
    return this.totals[index]!;
  }

  /** Nobody is served and nothing waits: every gauge is zero, every lease and timer has ended. */
  assertQuiet(): void {
    this.net.settle();
    this.assertSound();
    assert.equal(this.total(GAUGE_EXCHANGES), 0, 'exchanges');
    assert.equal(this.total(GAUGE_QUEUED), 0, 'queued');
    assert.deepEqual([...this.own.inFlight], new Array(16).fill(0), 'in flight');
    assert.deepEqual([...this.own.pending], new Array(16).fill(0), 'pending');
    const ended =
      this.total(TOTAL_OK) +
      this.total(TOTAL_CLIENT_ERRORS) +
      this.total(TOTAL_SERVER_ERRORS) +
      this.total(TOTAL_CLIENT_GONE);
    assert.equal(this.total(TOTAL_REQUESTS), ended, 'each request is counted in one class');
    this.plane.pool.close();
    this.net.settle();
    for (const transport of this.net.upstream) {
      assert.ok(transport.gone, 'a connection to an endpoint was left open');
    }
    this.net.settle();
  }

  /** No connection is left and no timer is armed. */
  assertEmpty(): void {
    this.assertQuiet();
    assert.equal(this.total(GAUGE_CONNECTIONS), 0, 'connections');
    const armed = [...this.#timers].filter(({ bucket }) => bucket >= 0);
    assert.deepEqual(
      armed.map(({ owner, kind }) => `${owner.constructor.name} ${kind}`),
      [],
      'timers are armed',
    );
  }

  /** What holds at every moment. */
  assertSound(): void {
    for (const index of [GAUGE_EXCHANGES, GAUGE_QUEUED, GAUGE_CONNECTIONS]) {
      assert.ok(this.total(index) >= 0, `gauge ${index} is ${this.total(index)}`);
    }
    assert.ok(
      this.total(GAUGE_QUEUED) <= this.total(GAUGE_EXCHANGES),
      'more queued than there are',
    );
    let taken = 0;
    for (const slot of this.own.inFlight.keys()) {
      assert.ok(this.own.inFlight[slot]! >= this.own.pending[slot]!, 'more pending than in flight');
      assert.ok(this.own.pending[slot]! >= 0, 'pending is negative');
      taken += this.own.inFlight[slot]!;
    }
    assert.ok(taken <= this.total(GAUGE_EXCHANGES), 'more leases than exchanges');
    const open = this.#clients.filter(({ gone }) => !gone).length;
    assert.equal(this.total(GAUGE_CONNECTIONS), open, 'connections');
  }

  /** Stops the wheel's real interval, which would keep the process alive, and the played turns. */
  close(): void {
    this.plane.wheel.stop();
    stopTurns();
  }
}
