/**
 * The generator's threads as one: starts them, gives each its share of a run, collects what they
 * counted. The threads stay between runs and keep their connections.
 */
import { Worker } from 'node:worker_threads';
import { monotonicClock } from '../net/monotonic.ts';
import { merged, Tally, tallyMemory } from './measure/tally.ts';
import type { FromWorker, ToWorker, WorkerEnd, WorkerState } from './messages.ts';
import type { LoadSpec, Target, WorkerPlan } from './plan.ts';

/** Enough for the message to reach every thread before the start. */
const START_IN_MS = 60;
/** No run comes near so many requests. */
const PROMPTS_A_RUN = 10_000_000;

export interface RunOutcome {
  readonly load: LoadSpec;
  readonly elapsedMs: number;
  /** By stage, of all workers. */
  readonly stages: readonly Tally[];
  readonly total: Tally;
  /** By worker. */
  readonly ends: readonly WorkerEnd[];
  /** CPU time of this whole process meanwhile. */
  readonly cpuMs: number;
}

export class Crew {
  readonly #threads: readonly Worker[];
  /** What each thread last said; read by the live panel. */
  readonly states: (WorkerState | undefined)[];
  #running: Running | undefined;
  #runs = 0;

  /** Rejects with the sentence of a worker that could not start, such as a data file's problem. */
  static async start(
    plan: Omit<WorkerPlan, 'index' | 'target'>,
    targets: readonly Target[],
    workerUrl: URL,
  ): Promise<Crew> {
    const threads = Array.from({ length: plan.workers }, (_, index) => {
      const target = targets[index % targets.length]!;
      return new Worker(workerUrl, { workerData: { ...plan, target, index } });
    });
    const crew = new Crew(threads);
    try {
      await Promise.all(threads.map((thread) => ready(thread)));
    } catch (error) {
      await crew.end();
      throw error;
    }
    for (const [index, thread] of threads.entries()) crew.#listen(thread, index);
    return crew;
  }

  private constructor(threads: readonly Worker[]) {
    this.#threads = threads;
    this.states = threads.map(() => undefined);
  }

  /** One run at a time. */
  run(load: LoadSpec, drainMs: number): Promise<RunOutcome> {
    const workers = this.#threads.length;
    const tallies = tallyMemory(workers * load.stages.length);
    const running = new Running(load, workers, tallies);
    this.#running = running;
    this.states.fill(undefined);
    const taken = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
    const { startMs } = running;
    // A trace is what it is, also the second time.
    const firstPrompt = load.byTrace ? 0 : this.#runs++ * PROMPTS_A_RUN;
    this.#tell({ kind: 'run', run: { load, startMs, tallies, taken, firstPrompt, drainMs } });
    return running.done;
  }

  /** Of the run in progress: elapsed time and the tally of each worker. */
  live(): { readonly elapsedMs: number; readonly workers: readonly Tally[] } {
    const running = this.#running;
    if (running === undefined) return { elapsedMs: 0, workers: [] };
    return { elapsedMs: running.elapsedMs(), workers: running.byWorker() };
  }

  stop(): void {
    this.#tell({ kind: 'stop' });
  }

  cut(): void {
    this.#tell({ kind: 'cut' });
  }

  async end(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.terminate()));
  }

  #tell(message: ToWorker): void {
    for (const thread of this.#threads) thread.postMessage(message);
  }

  #listen(thread: Worker, index: number): void {
    thread.on('message', (message: FromWorker) => {
      if (message.kind === 'state') this.states[index] = message;
      if (message.kind === 'done') this.#running?.ended(index, message);
    });
    thread.on('error', (error) => this.#running?.failed(error as Error));
  }
}

function ready(thread: Worker): Promise<void> {
  return new Promise((resolve, reject) => {
    thread.once('error', reject);
    thread.once('message', (message: FromWorker) => {
      thread.off('error', reject);
      if (message.kind === 'failed') reject(new Error(message.message));
      else resolve();
    });
  });
}

class Running {
  readonly startMs = monotonicClock.nowMs() + START_IN_MS;
  readonly done: Promise<RunOutcome>;
  readonly #load: LoadSpec;
  readonly #workers: number;
  readonly #tallies: Tally[];
  readonly #ends: (WorkerEnd | undefined)[];
  readonly #cpuBefore = process.cpuUsage();
  readonly #settle = Promise.withResolvers<RunOutcome>();

  constructor(load: LoadSpec, workers: number, memory: SharedArrayBuffer) {
    const count = workers * load.stages.length;
    this.done = this.#settle.promise;
    this.#load = load;
    this.#workers = workers;
    this.#tallies = Array.from({ length: count }, (_, at) => new Tally(memory, at));
    this.#ends = Array.from({ length: workers }, () => undefined);
  }

  elapsedMs(): number {
    return Math.max(0, monotonicClock.nowMs() - this.startMs);
  }

  byWorker(): Tally[] {
    const stages = this.#load.stages.length;
    return Array.from({ length: this.#workers }, (_, worker) => {
      const own = this.#tallies.slice(worker * stages, (worker + 1) * stages);
      return stages === 1 ? own[0]! : merged(own);
    });
  }

  failed(error: Error): void {
    this.#settle.reject(error);
  }

  ended(worker: number, end: WorkerEnd): void {
    this.#ends[worker] = end;
    const ends = this.#ends.filter((one) => one !== undefined);
    if (ends.length < this.#workers) return;
    const { user, system } = process.cpuUsage(this.#cpuBefore);
    const count = this.#load.stages.length;
    const stages = this.#load.stages.map((_, stage) =>
      merged(this.#tallies.filter((__, at) => at % count === stage)),
    );
    this.#settle.resolve({
      load: this.#load,
      elapsedMs: this.elapsedMs(),
      stages,
      total: merged(stages),
      ends,
      cpuMs: (user + system) / 1000,
    });
  }
}
