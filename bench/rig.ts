/**
 * The running parts of a bench: one backend, every target in front of it, and a load process per
 * run. Targets stay up over all rounds; those not under test have nothing to do meanwhile. A fresh
 * target has a backend of its own and is gone after its measurement.
 */
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import type { LoadResult } from './load/job.ts';
import { memoryOf } from './measure/memory.ts';
import type { Options } from './options.ts';
import type { Child, Place } from './process/child.ts';
import type { Pinning } from './process/pin.ts';
import { freePort, waitUntilServing } from './process/ports.ts';
import { outputOf, runLoad, startProgram } from './process/programs.ts';
import type { FreshSeat, Order, Run, Seat } from './scenarios/scenario.ts';
import { type Target, USUAL_SHAPE } from './targets/target.ts';

const START_TIMEOUT_MS = 10_000;
/** Streams outlive every interval, so that opening new ones is not part of the cost. */
const EVENTS_PER_STREAM = 10_000_000;

type Cores = Pick<Pinning, 'proxy' | 'backend' | 'load'>;
const ANY_CORE: Cores = { proxy: null, backend: null, load: null };

interface Backend {
  readonly child: Child;
  readonly port: number;
}

/** A backend and a proxy (null: direct) that serve. */
interface Pair {
  readonly port: number;
  readonly proxy: Child | null;
  readonly backend: Child;
}

export class Rig {
  readonly #pinning: Pinning;
  readonly #options: Options;
  readonly #folder: string;
  readonly #standing = new Map<string, Promise<Pair>>();
  #standingBackend: Promise<Backend> | null = null;

  /** `folder` takes the files of all targets. */
  constructor(pinning: Pinning, options: Options, folder: string) {
    this.#pinning = pinning;
    this.#options = options;
    this.#folder = folder;
  }

  runOf(target: Target): Run {
    return {
      target: target.name,
      load: async (job) => (await this.#stand(target)).load(job),
      withFresh: (order, use) => this.#withFresh(target, order, use),
      program: (name, nodeFlags) => outputOf(name, this.#place(this.#pinning.proxy), nodeFlags),
    };
  }

  /** The target that stays up, started when it is first needed. */
  async #stand(target: Target): Promise<Seat> {
    let pair = this.#standing.get(target.name);
    if (pair === undefined) {
      this.#standingBackend ??= this.#startBackend({}, this.#pinning);
      pair = this.#start(target, {}, this.#pinning, await this.#standingBackend);
      this.#standing.set(target.name, pair);
    }
    return this.#seat(await pair, this.#pinning);
  }

  async #withFresh<T>(
    target: Target,
    order: Order,
    use: (seat: FreshSeat) => Promise<T>,
  ): Promise<T> {
    const cores = order.pinned === false ? ANY_CORE : this.#pinning;
    const backend = await this.#startBackend(order, cores);
    const pair = await this.#start(target, order, cores, backend);
    const { proxy } = pair;
    try {
      return await use({
        ...this.#seat(pair, cores),
        memory: () => (proxy === null ? { residentBytes: 0, peakBytes: 0 } : memoryOf(proxy.pid)),
        output: () => proxy?.output ?? '',
      });
    } finally {
      await Promise.all([proxy?.stop(), backend.child.stop()]);
    }
  }

  async #startBackend(order: Order, cores: Cores): Promise<Backend> {
    const { eventsPerSecond = this.#options.eventsPerSecond, endpoints = 1 } = order;
    const pace = { eventsPerSecond, eventsPerStream: EVENTS_PER_STREAM };
    const setting = JSON.stringify({ ...pace, addresses: endpoints });
    const child = startProgram('backend.ts', this.#place(cores.backend), [setting]);
    const { port } = JSON.parse(await child.firstLine(START_TIMEOUT_MS));
    return { child, port };
  }

  async #start(target: Target, order: Order, cores: Cores, backend: Backend): Promise<Pair> {
    const shape = { ...USUAL_SHAPE, ...order };
    const backendPort = backend.port;
    const folder = mkdtempSync(join(this.#folder, `${target.name}-`));
    const port = await freePort();
    const proxy = target.start({ backendPort, port, folder, core: cores.proxy, shape });
    if (proxy === null) return { port: backendPort, proxy, backend: backend.child };
    await waitUntilServing(port, proxy);
    return { port, proxy, backend: backend.child };
  }

  #seat({ port, proxy, backend }: Pair, cores: Cores): Seat {
    const watch = { ...(proxy && { proxy: proxy.pid }), backend: backend.pid };
    const load = async (job: Parameters<Seat['load']>[0]): Promise<LoadResult> => {
      try {
        return await runLoad({ ...job, port, watch }, this.#place(cores.load));
      } catch (error) {
        // A proxy that died is the cause; what the load generator says of it is not.
        throw proxy?.hasEnded ? proxy.failure('ended while it was measured') : error;
      }
    };
    return { load };
  }

  #place(core: number | null): Place {
    return { core, folder: this.#folder };
  }
}
