/**
 * Reads and checks the configuration on a thread of its own: thousands of endpoints take a good
 * part of a second, for which the control plane must not stand still.
 *
 * Invariants: one thread at most, which ends when it was not needed for a while; a thread that dies
 * (a file that exhausts its memory) fails its load and nothing else, and the next load has a new
 * one. It does not keep the process alive by itself.
 */
import { Worker } from 'node:worker_threads';
import type { Loaded, LoadOptions } from './load.ts';
import { type PackedLoad, unpack } from './packed.ts';

export interface LoadRequest {
  readonly id: number;
  readonly mainFile: string;
  readonly options: LoadOptions;
}

export type LoadAnswer =
  | { readonly id: number; readonly packed: PackedLoad; readonly failure?: undefined }
  | { readonly id: number; readonly failure: string };

interface Waiting {
  resolve(loaded: Loaded): void;
  reject(reason: Error): void;
}

/** A burst of changes finds the thread warm; later its memory is worth more. */
const IDLE_MS = 30_000;
/** Parsing makes millions of short-lived objects; a larger nursery halves its time. */
const LIMITS = { maxYoungGenerationSizeMb: 48, maxOldGenerationSizeMb: 1024 };

export class LoadThread {
  readonly #url: URL;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #idle: NodeJS.Timeout | undefined;
  #ids = 0;

  /** `url`: where `loader` is. */
  constructor(url: URL) {
    this.#url = url;
  }

  /** As `loadAll`; rejects when the thread dies. */
  load(mainFile: string, options: LoadOptions): Promise<Loaded> {
    clearTimeout(this.#idle);
    const id = ++this.#ids;
    const worker = this.#thread();
    return new Promise<Loaded>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      worker.postMessage({ id, mainFile, options } satisfies LoadRequest);
    });
  }

  /** Ends the thread; loads on their way fail. */
  close(): void {
    clearTimeout(this.#idle);
    const worker = this.#worker;
    this.#worker = undefined;
    void worker?.terminate();
  }

  #thread(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const worker = new Worker(this.#url, { resourceLimits: LIMITS, name: 'loader' });
    this.#worker = worker;
    let reason = 'the thread that reads the configuration ended';
    worker.unref();
    worker.on('message', (answer: LoadAnswer) => this.#take(answer));
    worker.on('error', (error) => {
      reason = `the thread that reads the configuration failed: ${error.message}`;
    });
    worker.on('exit', () => {
      if (this.#worker === worker) this.#worker = undefined;
      for (const { reject } of this.#waiting.values()) reject(new Error(reason));
      this.#waiting.clear();
    });
    return worker;
  }

  #take(answer: LoadAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (this.#waiting.size === 0) {
      this.#idle = setTimeout(() => this.close(), IDLE_MS);
      this.#idle.unref();
    }
    if (answer.failure === undefined) waiting?.resolve(unpack(answer.packed));
    else waiting?.reject(new Error(answer.failure));
  }
}
