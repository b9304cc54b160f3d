/**
 * The entry of a generator thread. It does what the main thread says (`run`, `stop`, `cut`), and
 * tells how it fares once a second; what it counts stands in shared memory.
 */
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { parentPort, workerData } from 'node:worker_threads';
import { monotonicClock } from '../net/monotonic.ts';
import { TimerWheel } from '../net/timer-wheel.ts';
import { BenchConnector } from './client/connector.ts';
import { Pool } from './client/pool.ts';
import type { Shot, ShotOwner } from './client/shot.ts';
import { openSource } from './data/open-source.ts';
import type { PromptSource } from './data/source.ts';
import { LoadRun } from './load/run.ts';
import type { FromWorker, ToWorker } from './messages.ts';
import type { RunPlan, WorkerPlan } from './plan.ts';

const STATE_EVERY_MS = 1000;
const DELAY_GRAIN_MS = 5;

class Generator implements ShotOwner {
  readonly #plan: WorkerPlan;
  readonly #source: PromptSource;
  readonly #pool: Pool;
  readonly #delays = monitorEventLoopDelay({ resolution: DELAY_GRAIN_MS });
  #run: LoadRun | undefined;
  #busySince = performance.eventLoopUtilization();
  #runSince = this.#busySince;
  #states: NodeJS.Timeout | undefined;

  constructor(plan: WorkerPlan) {
    this.#plan = plan;
    this.#source = openSource(plan.data, plan.target);
    const wheel = new TimerWheel(monotonicClock, () => {});
    this.#pool = new Pool({
      connector: new BenchConnector(plan.target, plan.index),
      wheel,
      clock: monotonicClock,
      client: plan.client,
      owner: this,
      workers: plan.workers,
    });
  }

  finished(shot: Shot, outcome: number, errorClass: string, example: string): void {
    this.#run?.finished(shot, outcome, errorClass, example);
  }

  take(message: ToWorker): void {
    if (message.kind === 'run') this.#start(message.run);
    else if (message.kind === 'stop') this.#run?.stop();
    else this.#run?.cut();
  }

  #start(run: RunPlan): void {
    this.#runSince = performance.eventLoopUtilization();
    this.#busySince = this.#runSince;
    this.#delays.reset();
    this.#delays.enable();
    this.#states = setInterval(() => this.#tellState(), STATE_EVERY_MS);
    this.#run = new LoadRun({
      plan: this.#plan,
      run,
      pool: this.#pool,
      source: this.#source,
      onEnd: () => this.#tellEnd(),
    });
    this.#run.start();
  }

  #tellState(): void {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, this.#busySince);
    this.#busySince = now;
    const errors = this.#run === undefined ? [] : [...this.#run.outcomes.errors];
    const waiting = this.#run?.waiting() ?? 0;
    tell({ kind: 'state', busy: utilization, lagMs: this.#lagMs(), waiting, errors });
  }

  #tellEnd(): void {
    clearInterval(this.#states);
    this.#delays.disable();
    const { utilization } = performance.eventLoopUtilization(
      performance.eventLoopUtilization(),
      this.#runSince,
    );
    const { errors, endpoints, details } = this.#run!.outcomes;
    tell({
      kind: 'done',
      busy: utilization,
      lagMs: this.#lagMs(),
      errors: [...errors],
      endpoints: Array.from(endpoints, ([name, numbers]) => numbers.row(name)),
      details,
    });
  }

  /** p99 of how late this thread's timers were. */
  #lagMs(): number {
    return Math.max(0, this.#delays.percentile(99) / 1e6 - DELAY_GRAIN_MS);
  }
}

function tell(message: FromWorker): void {
  parentPort!.postMessage(message);
}

try {
  const generator = new Generator(workerData as WorkerPlan);
  parentPort!.on('message', (message: ToWorker) => generator.take(message));
  tell({ kind: 'ready' });
} catch (error) {
  tell({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
}
