/**
 * A simulated LLM engine in this process: starts it on a port, changes its knobs, stops it.
 * It stands on node:http, which is not ours, so that it also checks our framing.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import type { RequestListener, Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../core/clock.ts';
import { Xorshift } from '../core/random.ts';
import type { SimOptions } from './flags.ts';
import { defaultOptions } from './flags.ts';
import type { LedgerSnapshot } from './ledger.ts';
import { Ledger } from './ledger.ts';
import type { Machine } from './model-calls.ts';
import { PrefixCache } from './prefix-cache.ts';
import { Pump } from './pump.ts';
import { Scheduler } from './scheduler.ts';
import type { Face } from './server.ts';
import { handle, handleControl } from './server.ts';
import { StepScheduler } from './step-scheduler.ts';

export interface SimStats extends LedgerSnapshot {
  readonly running: number;
  readonly waiting: number;
  readonly connections: number;
  readonly connectionsSeen: number;
}

export interface Sim {
  /** `http://host:port`, without `/v1`. */
  readonly url: string;
  readonly port: number;
  /** Of the second port that serves only /sim/*; '' when there is none. */
  readonly controlUrl: string;
  stats(): SimStats;
  /** Epoch milliseconds of every model request so far. */
  arrivalsEpochMs(): number[];
  /** Changes knobs at once; settles when the listener is in line with `refuse`. */
  setOptions(changes: Partial<SimOptions>): Promise<void>;
  /** Cuts every connection and frees the port. */
  close(): Promise<void>;
}

/** Monotonic and the same for every process of the machine, so arrivals compare across engines. */
const MACHINE_CLOCK: Clock = { nowMs: () => Number(process.hrtime.bigint()) / 1e6 };
const BACKLOG = 4096;

/** Starts an engine; `port` defaults to a free one here. Rejects when it cannot listen. */
export async function startSim(options: Partial<SimOptions> = {}): Promise<Sim> {
  const running = new RunningSim({ ...defaultOptions(), port: 0, ...options });
  await running.open();
  return running;
}

class RunningSim implements Sim, Face {
  readonly machine: Machine;
  readonly initial: SimOptions;
  readonly startedSeconds = Math.floor(Date.now() / 1000);
  url = '';
  port = 0;
  controlUrl = '';
  readonly #server: Server;
  readonly #control: Server;
  readonly #logFd: number;
  #connections = 0;
  #connectionsSeen = 0;

  constructor(options: SimOptions) {
    this.initial = { ...options };
    const random = new Xorshift(options.seed);
    const scheduler =
      options.maxNumBatchedTokens > 0 ? new StepScheduler(options) : new Scheduler(options, random);
    const { model, servedModelName } = options;
    this.machine = {
      options,
      models: servedModelName.length === 0 ? [model] : servedModelName,
      scheduler,
      pump: new Pump(scheduler, MACHINE_CLOCK),
      cache: new PrefixCache(options.kvCacheSize, options.blockSize),
      ledger: new Ledger(),
      random,
      clock: MACHINE_CLOCK,
    };
    this.#logFd = options.requestLog === '' ? -1 : openSync(options.requestLog, 'a');
    this.#server = patientServer((request, response) => handle(this, request, response));
    this.#server.on('connection', (socket) => {
      this.#connections++;
      this.#connectionsSeen++;
      socket.once('close', () => this.#connections--);
    });
    this.#control = patientServer((request, response) => handleControl(this, request, response));
  }

  async open(): Promise<void> {
    const { host, port, controlPort, refuse } = this.initial;
    this.#server.keepAliveTimeout = this.initial.keepAliveTimeoutMs;
    this.port = await listen(this.#server, port, host);
    this.url = originOf(host, this.port);
    if (controlPort >= 0) {
      this.controlUrl = originOf(host, await listen(this.#control, controlPort, host));
    }
    if (refuse) await this.#followRefuse();
  }

  stats(): SimStats {
    const { ledger, scheduler } = this.machine;
    return {
      ...ledger.snapshot(),
      running: scheduler.running(),
      waiting: scheduler.waiting(),
      connections: this.#connections,
      connectionsSeen: this.#connectionsSeen,
    };
  }

  arrivalsEpochMs(): number[] {
    return this.machine.ledger.arrivals.map((arrival) => arrival.epochMs);
  }

  arrival(): { epochMs: number; monotonicMs: number } {
    const epochMs = Date.now();
    // Written at once: an engine that is killed must not take its log with it.
    if (this.#logFd >= 0) writeSync(this.#logFd, `${epochMs}\n`);
    return { epochMs, monotonicMs: MACHINE_CLOCK.nowMs() };
  }

  async setOptions(changes: Partial<SimOptions>): Promise<void> {
    Object.assign(this.machine.options, changes);
    this.#applyTimeouts();
    await this.#followRefuse();
  }

  applyOptions(): void {
    this.#applyTimeouts();
    this.#followRefuse().catch((error: unknown) => {
      console.error(`sim: cannot listen again on port ${this.port}: ${String(error)}`);
    });
  }

  async close(): Promise<void> {
    this.machine.pump.stop();
    await Promise.all([shut(this.#server), shut(this.#control)]);
    if (this.#logFd >= 0) closeSync(this.#logFd);
  }

  #applyTimeouts(): void {
    this.#server.keepAliveTimeout = this.machine.options.keepAliveTimeoutMs;
    this.machine.pump.wake();
  }

  async #followRefuse(): Promise<void> {
    const { refuse } = this.machine.options;
    if (refuse && this.#server.listening) {
      // Closes idle connections too; answers on their way go on, and nobody waits for them here.
      this.#server.close();
    } else if (!refuse && !this.#server.listening) {
      await listen(this.#server, this.port, this.initial.host);
    }
  }
}

/** A server without node's own time limits. */
function patientServer(listener: RequestListener): Server {
  const server = createServer({ keepAliveTimeoutBuffer: 0 }, listener);
  server.requestTimeout = 0;
  server.headersTimeout = 0;
  server.timeout = 0;
  // What clients do to their connections is theirs; a parse error is answered 400 by node.
  server.on('clientError', (_error, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
    else socket.destroy();
  });
  return server;
}

function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host, backlog: BACKLOG }, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

function shut(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

function originOf(host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
