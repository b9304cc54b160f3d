/**
 * The generator's connections, in one of three manners: kept and reused newest first (`pool`), one
 * for each request (`per-request`), or as Python's httpx does: at most 100, kept for 5 s (`httpx`).
 *
 * Invariant: a shot given to `submit` ends at the owner exactly once; what finds no connection
 * waits in order.
 */
import type { Clock } from '../../core/clock.ts';
import type { TimerWheel } from '../../net/timer-wheel.ts';
import { IN_FLIGHT, SENT } from '../measure/tally.ts';
import type { ClientSpec } from '../plan.ts';
import { ClientConnection, type ConnectionPool, type ShotConnector } from './connection.ts';
import type { Shot, ShotOwner } from './shot.ts';
import type { Arrival } from './token-stream.ts';

const HTTPX_CONNECTIONS = 100;
const HTTPX_IDLE_MS = 5_000;
/** More handshakes at once overflow a listener's queue, and a SYN sent again costs a second. */
const MAX_CONNECTING = 256;

export interface PoolParts {
  readonly connector: ShotConnector;
  readonly wheel: TimerWheel;
  readonly clock: Clock;
  readonly client: ClientSpec;
  readonly owner: ShotOwner;
  /** Threads that share the limits of `httpx`. */
  readonly workers: number;
}

export class Pool implements ConnectionPool {
  readonly connector: ShotConnector;
  readonly wheel: TimerWheel;
  readonly client: ClientSpec;
  readonly owner: ShotOwner;
  readonly arrival: Arrival;
  /** Whether connections are reused. */
  readonly keeps: boolean;
  /** The time of the event in progress: the clock is read once for each. */
  eventMs = 0;
  readonly #clock: Clock;
  readonly #idleMs: number;
  readonly #hardLimit: number;
  readonly #idle: ClientConnection[] = [];
  readonly #open = new Set<ClientConnection>();
  #limit: number;
  #connecting = 0;
  #waiting: Shot[] = [];
  #firstWaiting = 0;

  constructor(parts: PoolParts) {
    this.connector = parts.connector;
    this.wheel = parts.wheel;
    this.client = parts.client;
    this.owner = parts.owner;
    this.keeps = parts.client.keepAlive !== 'per-request';
    this.arrival = { shot: undefined as unknown as Shot, nowMs: 0, stallMs: parts.client.stallMs };
    this.#clock = parts.clock;
    const isHttpx = parts.client.keepAlive === 'httpx';
    this.#idleMs = isHttpx ? HTTPX_IDLE_MS : Number.POSITIVE_INFINITY;
    this.#hardLimit = isHttpx
      ? Math.max(1, Math.floor(HTTPX_CONNECTIONS / parts.workers))
      : Number.POSITIVE_INFINITY;
    this.#limit = this.#hardLimit;
  }

  nowMs(): number {
    this.eventMs = this.#clock.nowMs();
    return this.eventMs;
  }

  /** Most requests at once from now on; 0 = no bound. */
  setLimit(limit: number): void {
    this.#limit = Math.min(this.#hardLimit, limit === 0 ? Number.POSITIVE_INFINITY : limit);
    this.#admit();
  }

  /** Sends as soon as there is a connection for it. */
  submit(shot: Shot): void {
    if (this.waiting() > 0 || !this.#start(shot)) this.#waiting.push(shot);
  }

  sendAnew(shot: Shot): void {
    this.#open.add(new ClientConnection(this, shot));
    this.#connecting++;
  }

  waiting(): number {
    return this.#waiting.length - this.#firstWaiting;
  }

  connected(): void {
    this.#connecting--;
    this.#admit();
  }

  freed(connection: ClientConnection): void {
    connection.idleSinceMs = this.eventMs;
    this.#idle.push(connection);
    this.#admit();
  }

  gone(connection: ClientConnection): void {
    this.#open.delete(connection);
    const at = this.#idle.lastIndexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
    this.#admit();
  }

  /** Forgets what still waits, and returns it. */
  takeWaiting(): Shot[] {
    const left = this.#waiting.slice(this.#firstWaiting);
    this.#waiting = [];
    this.#firstWaiting = 0;
    return left;
  }

  /** Ends everything; what runs ends as unfinished. */
  close(): void {
    for (const connection of Array.from(this.#open)) connection.discard();
  }

  #admit(): void {
    while (this.#firstWaiting < this.#waiting.length) {
      if (!this.#start(this.#waiting[this.#firstWaiting]!)) return;
      this.#firstWaiting++;
      if (this.#firstWaiting === this.#waiting.length) {
        this.#waiting = [];
        this.#firstWaiting = 0;
      }
    }
  }

  #start(shot: Shot): boolean {
    if (this.#open.size - this.#idle.length >= this.#limit) return false;
    const nowMs = this.eventMs;
    for (;;) {
      const connection = this.#idle.pop();
      if (connection === undefined) break;
      if (nowMs - connection.idleSinceMs < this.#idleMs) {
        begin(shot, nowMs);
        connection.send(shot);
        return true;
      }
      this.#open.delete(connection);
      connection.drop();
    }
    if (this.#connecting >= MAX_CONNECTING || this.#open.size >= this.#limit) return false;
    begin(shot, nowMs);
    this.sendAnew(shot);
    return true;
  }
}

function begin(shot: Shot, nowMs: number): void {
  shot.sentMs = nowMs;
  shot.tally.counts[SENT]!++;
  shot.tally.counts[IN_FLIGHT]!++;
}
