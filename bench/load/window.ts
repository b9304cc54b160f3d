/**
 * The measured interval of a load run. CPU times are sampled inside the load process, in the same
 * turn in which counting starts and stops, so that CPU and counts cover exactly the same interval.
 */
import { monotonicUs } from '../measure/clock.ts';
import {
  type CpuSample,
  type CpuSpent,
  cpuBetween,
  sampleCpu,
  sampleMachine,
  ticksPerSecond,
} from '../measure/cpu.ts';
import { type Memory, memoryOf } from '../measure/memory.ts';
import { Sample } from '../measure/stats.ts';
import type { Job, LoadResult } from './job.ts';

const MAX_ERRORS = 1000;

export class Window {
  readonly #job: Job;
  readonly #pids: readonly (readonly [string, number])[];
  readonly #ticksPerSecond = ticksPerSecond();
  readonly #delays = new Sample();
  readonly #firstEvents = new Sample();
  #before = new Map<string, CpuSample>();
  #machineBefore = sampleMachine();
  #openedUs = 0;
  #open = false;
  #units = 0;
  #errors = 0;
  #firstError = '';
  #finish: ((result: LoadResult) => void) | null = null;

  constructor(job: Job) {
    this.#job = job;
    this.#pids = [...Object.entries(job.watch), ['load', process.pid]];
  }

  /** Resolves when the interval is over: warm-up, then the duration or the request limit. */
  run(): Promise<LoadResult> {
    return new Promise((resolve) => {
      this.#finish = resolve;
      setTimeout(() => this.#begin(), this.#job.warmupMs);
      setTimeout(() => this.#end(), this.#job.warmupMs + this.#job.durationMs);
    });
  }

  get over(): boolean {
    return this.#finish === null;
  }

  /** Counts one answer or event and its delay. */
  unit(delayUs: number): void {
    if (!this.#open) return;
    this.#units++;
    this.#delays.add(delayUs);
    if (this.#job.kind === 'closed-loop' && this.#units >= this.#job.maxRequests) this.#end();
  }

  /** First events count from the warm-up on, since that is when streams open. */
  firstEvent(delayUs: number): void {
    this.#firstEvents.add(delayUs);
  }

  /** Errors count in the warm-up too; too many of them end the run. */
  error(message: string): void {
    if (this.over) return;
    if (this.#errors++ === 0) this.#firstError = message;
    if (this.#errors >= MAX_ERRORS) this.#end();
  }

  #begin(): void {
    if (this.over) return;
    for (const [role, pid] of this.#pids) this.#before.set(role, sampleCpu(pid));
    this.#machineBefore = sampleMachine();
    this.#openedUs = monotonicUs();
    this.#open = true;
  }

  #end(): void {
    const finish = this.#finish;
    if (finish === null) return;
    this.#finish = null;
    const elapsedMs = this.#open ? (monotonicUs() - this.#openedUs) / 1000 : 0;
    this.#open = false;
    finish({
      elapsedMs,
      units: this.#units,
      errors: this.#errors,
      firstError: this.#firstError,
      delayUs: this.#delays.percentiles(),
      firstEventUs: this.#firstEvents.percentiles(),
      memory: this.#memory(),
      ...this.#spent(),
    });
  }

  #memory(): Record<string, Memory> {
    return Object.fromEntries(
      Object.entries(this.#job.watch).map(([role, pid]) => [role, memoryOf(pid)]),
    );
  }

  #spent(): Pick<LoadResult, 'cpu' | 'othersUs' | 'stolenUs'> {
    const machine = sampleMachine();
    const usPerTick = 1e6 / this.#ticksPerSecond;
    const cpu: Record<string, CpuSpent> = {};
    let othersUs = (machine.busyTicks - this.#machineBefore.busyTicks) * usPerTick;
    for (const [role, pid] of this.#pids) {
      const before = this.#before.get(role);
      if (before === undefined) continue;
      const spent = cpuBetween(before, sampleCpu(pid), this.#ticksPerSecond);
      cpu[role] = spent;
      othersUs -= spent.totalUs;
    }
    const stolenUs = (machine.stolenTicks - this.#machineBefore.stolenTicks) * usPerTick;
    return { cpu, othersUs: Math.max(0, othersUs), stolenUs };
  }
}
