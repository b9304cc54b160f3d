// HOT PATH — bench: bench/main.ts
/**
 * Connections to endpoints and the idle ones kept for reuse (RFC 9112 §9.3).
 *
 * Idle connections are reused newest first: the newest is the least likely to be closed by the
 * engine in this moment, and the oldest get a chance to grow stale and leave. Whatever arrives on
 * an idle connection is never an answer to anything: the connection is destroyed.
 */
import type { EndpointSpec } from '../core/endpoint.ts';
import { type TimerOwner, type TimerWheel, WheelTimer } from './timer-wheel.ts';
import { type Connector, NOBODY, type Transport, type TransportHandler } from './transport.ts';

const SWEEP_MS = 500;
/** Leave this long before the engine's own announced end, so that we are never the late one. */
const KEEP_ALIVE_MARGIN_MS = 2_000;
/** uvicorn (vLLM, SGLang) closes after 5 s without announcing it. */
const SELF_DEPLOYED_IDLE_MS = 4_000;

export class UpstreamConnection implements TransportHandler {
  readonly #pool: UpstreamPool;
  readonly transport: Transport;
  /** Its place in the pool: one list per address. */
  readonly origin: string;
  user: TransportHandler;
  idle: boolean;
  /** It carried an earlier request: a close without an answer may just be a stale one. */
  reused: boolean;
  idleUntilMs: number;

  constructor(pool: UpstreamPool, origin: string, spec: EndpointSpec, user: TransportHandler) {
    this.#pool = pool;
    this.origin = origin;
    this.user = user;
    this.idle = false;
    this.reused = false;
    this.idleUntilMs = 0;
    this.transport = pool.connector.connect(spec.host, spec.port, spec.tls, this);
  }

  onConnect(): void {
    this.user.onConnect();
  }

  onBytes(chunk: Buffer, start: number, end: number): void {
    if (this.idle) this.#pool.drop(this);
    else this.user.onBytes(chunk, start, end);
  }

  onDrain(): void {
    this.user.onDrain();
  }

  onEnd(): void {
    if (this.idle) this.#pool.drop(this);
    else this.user.onEnd();
  }

  onClose(reason: number): void {
    if (this.idle) this.#pool.drop(this);
    else this.user.onClose(reason);
  }

  /** Closes it; what still happens to it concerns nobody. */
  discard(): void {
    this.user = NOBODY;
    this.transport.destroy();
  }
}

export interface PoolOptions {
  /** How long an idle connection is kept; 0 = 90 s, and 4 s for self-deployed engines. */
  readonly idleMs: number;
  /** Idle connections over all endpoints. */
  readonly maxIdle: number;
}

const PROVIDER_IDLE_MS = 90_000;

export class UpstreamPool implements TimerOwner {
  readonly connector: Connector;
  readonly #wheel: TimerWheel;
  #options: PoolOptions;
  /** Idle connections by origin, oldest first. */
  readonly #idle = new Map<string, UpstreamConnection[]>();
  readonly #sweep: WheelTimer;
  #idleCount = 0;

  constructor(connector: Connector, wheel: TimerWheel, options: PoolOptions) {
    this.connector = connector;
    this.#wheel = wheel;
    this.#options = options;
    this.#sweep = new WheelTimer(this);
  }

  /** New bounds, for connections that become idle from now on. */
  configure(options: PoolOptions): void {
    this.#options = options;
  }

  /** The newest idle connection to the endpoint, or undefined. */
  reuse(origin: string, user: TransportHandler): UpstreamConnection | undefined {
    const list = this.#idle.get(origin);
    if (list === undefined) return undefined;
    for (;;) {
      const connection = list.pop();
      if (connection === undefined) return undefined;
      this.#idleCount--;
      connection.idle = false;
      if (connection.idleUntilMs > this.#wheel.nowMs) {
        connection.reused = true;
        connection.user = user;
        return connection;
      }
      connection.discard();
    }
  }

  /** A new connection; `user.onConnect` or `user.onClose` tells the outcome. */
  open(origin: string, spec: EndpointSpec, user: TransportHandler): UpstreamConnection {
    return new UpstreamConnection(this, origin, spec, user);
  }

  /**
   * Takes back a connection whose answer was read to its end. `keepAliveTimeoutMs`: what the
   * endpoint announced, -1 = nothing.
   */
  release(connection: UpstreamConnection, spec: EndpointSpec, keepAliveTimeoutMs: number): void {
    const idleMs = this.#idleMsFor(spec, keepAliveTimeoutMs);
    if (idleMs <= 0 || this.#idleCount >= this.#options.maxIdle) {
      connection.discard();
      return;
    }
    connection.user = NOBODY;
    connection.idle = true;
    connection.idleUntilMs = this.#wheel.nowMs + idleMs;
    connection.transport.resume();
    const list = this.#idle.get(connection.origin);
    if (list === undefined) this.#idle.set(connection.origin, [connection]);
    else list.push(connection);
    this.#idleCount++;
    if (this.#sweep.bucket < 0) this.#wheel.arm(this.#sweep, 0, SWEEP_MS);
  }

  /** Ends one idle connection. */
  drop(connection: UpstreamConnection): void {
    const list = this.#idle.get(connection.origin);
    const at = list === undefined ? -1 : list.lastIndexOf(connection);
    if (at >= 0) {
      list!.splice(at, 1);
      this.#idleCount--;
      if (list!.length === 0) this.#idle.delete(connection.origin);
    }
    connection.idle = false;
    connection.discard();
  }

  /** Ends all idle connections. */
  close(): void {
    for (const list of this.#idle.values()) for (const connection of list) connection.discard();
    this.#idle.clear();
    this.#idleCount = 0;
    this.#wheel.cancel(this.#sweep);
  }

  onTimer(): void {
    const nowMs = this.#wheel.nowMs;
    for (const [origin, list] of this.#idle) {
      // Endpoints announce different times, so the oldest is not always the first to expire.
      for (let at = list.length - 1; at >= 0; at--) {
        if (list[at]!.idleUntilMs <= nowMs) this.drop(list[at]!);
      }
      if (list.length === 0) this.#idle.delete(origin);
    }
    if (this.#idleCount > 0) this.#wheel.arm(this.#sweep, 0, SWEEP_MS);
  }

  #idleMsFor(spec: EndpointSpec, keepAliveTimeoutMs: number): number {
    let idleMs = this.#options.idleMs;
    if (idleMs === 0) {
      idleMs = spec.sourceType === 'self_deployed' ? SELF_DEPLOYED_IDLE_MS : PROVIDER_IDLE_MS;
    }
    if (keepAliveTimeoutMs < 0) return idleMs;
    return Math.min(idleMs, keepAliveTimeoutMs - KEEP_ALIVE_MARGIN_MS);
  }
}
