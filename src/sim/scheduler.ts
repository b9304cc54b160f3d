/**
 * The engine's batch: which requests generate, which wait, and when each token is due. Pure: time
 * comes in as an argument, randomness is injected, tokens go out through a sink. Latencies are
 * read from the settings at every step, so they may change while requests run.
 * Invariant: at most `maxNumSeqs` sequences run, first come first served, and one sink gets
 * `onTokens` in order and `onFinish` at most once, never after `cancel`.
 */
import type { Random } from '../core/random.ts';

export interface SchedulerSettings {
  readonly maxNumSeqs: number;
  readonly maxWaitingQueueLength: number;
  readonly timeToFirstTokenMs: number;
  readonly timeToFirstTokenStdDevMs: number;
  readonly prefillOverheadMs: number;
  readonly prefillTimePerTokenMs: number;
  readonly interTokenLatencyMs: number;
  readonly interTokenLatencyStdDevMs: number;
  readonly timeFactorUnderLoad: number;
  readonly kvCacheSize: number;
  readonly blockSize: number;
}

/** What the engine's other parts see of its batch. */
export interface Batch {
  running(): number;
  waiting(): number;
  /** Share of the KV blocks that the running sequences fill. */
  kvUsage(): number;
  /** Takes a request; false when the queue is full. */
  submit(sequence: Sequence, nowMs: number): boolean;
  cancel(sequence: Sequence): void;
  /** Produces every token due by now; returns when the next one is due, or Infinity. */
  advance(nowMs: number): number;
}

export interface SequenceSink {
  /** Asked when the prompt's turn comes: how many of its tokens the cache holds by then. */
  onStart?(): number;
  /** Tokens `from` … `from + count - 1` exist now. */
  onTokens(from: number, count: number): void;
  onFinish(): void;
}

/** Without a pause between tokens a sequence may produce this many before others get their turn. */
const BURST_TOKENS = 64;
/** After the process was stopped, go on from now instead of catching up. */
const MAX_LAG_MS = 1000;

const QUEUED = 0;
export const RUNNING = 1;
export const ENDED = 2;

export class Sequence {
  readonly promptTokens: number;
  cachedTokens: number;
  readonly outputTokens: number;
  readonly sink: SequenceSink;
  state = QUEUED;
  emitted = 0;
  dueMs = 0;
  /** Its place among the running ones. */
  index = -1;
  /** Prompt tokens still to be computed, where that is done in chunks. */
  prefillLeft = 0;

  constructor(
    tokens: { readonly prompt: number; readonly cached: number; readonly output: number },
    sink: SequenceSink,
  ) {
    this.promptTokens = tokens.prompt;
    this.cachedTokens = tokens.cached;
    this.outputTokens = tokens.output;
    this.sink = sink;
  }
}

export class Scheduler implements Batch {
  readonly #settings: SchedulerSettings;
  readonly #random: Random;
  readonly #running: Sequence[] = [];
  readonly #waiting: Sequence[] = [];

  constructor(settings: SchedulerSettings, random: Random) {
    this.#settings = settings;
    this.#random = random;
  }

  running(): number {
    return this.#running.length;
  }

  waiting(): number {
    return this.#waiting.length;
  }

  kvUsage(): number {
    return kvUsageOf(this.#running, this.#settings);
  }

  submit(sequence: Sequence, nowMs: number): boolean {
    if (this.#waiting.length === 0 && this.#running.length < this.#settings.maxNumSeqs) {
      this.#start(sequence, nowMs);
      return true;
    }
    if (this.#waiting.length >= this.#settings.maxWaitingQueueLength) return false;
    this.#waiting.push(sequence);
    return true;
  }

  /** Forgets a request; its slot goes to the next one at the next `advance`. */
  cancel(sequence: Sequence): void {
    if (sequence.state === RUNNING) this.#remove(sequence);
    else if (sequence.state === QUEUED) {
      const at = this.#waiting.indexOf(sequence);
      if (at >= 0) this.#waiting.splice(at, 1);
    }
    sequence.state = ENDED;
  }

  advance(nowMs: number): number {
    this.#admit(nowMs);
    let nextMs = Number.POSITIVE_INFINITY;
    let index = 0;
    while (index < this.#running.length) {
      const sequence = this.#running[index]!;
      if (sequence.dueMs <= nowMs) this.#produce(sequence, nowMs);
      if (sequence.state !== RUNNING) {
        // Its place was taken by the last one: look at the same index again.
        this.#admit(nowMs);
        continue;
      }
      if (sequence.dueMs < nextMs) nextMs = sequence.dueMs;
      index++;
    }
    return nextMs;
  }

  #produce(sequence: Sequence, nowMs: number): void {
    if (nowMs - sequence.dueMs > MAX_LAG_MS) sequence.dueMs = nowMs;
    const from = sequence.emitted;
    const most = Math.min(sequence.outputTokens, from + BURST_TOKENS);
    while (sequence.emitted < most && sequence.dueMs <= nowMs) {
      sequence.emitted++;
      sequence.dueMs += this.#gapMs();
    }
    sequence.sink.onTokens(from, sequence.emitted - from);
    if (sequence.state !== RUNNING || sequence.emitted < sequence.outputTokens) return;
    this.#remove(sequence);
    sequence.state = ENDED;
    sequence.sink.onFinish();
  }

  #admit(nowMs: number): void {
    while (this.#waiting.length > 0 && this.#running.length < this.#settings.maxNumSeqs) {
      this.#start(this.#waiting.shift()!, nowMs);
    }
  }

  #start(sequence: Sequence, nowMs: number): void {
    sequence.state = RUNNING;
    sequence.index = this.#running.length;
    this.#running.push(sequence);
    sequence.dueMs = nowMs + this.#firstTokenMs(sequence);
  }

  #remove(sequence: Sequence): void {
    const last = this.#running.pop()!;
    if (last === sequence) return;
    this.#running[sequence.index] = last;
    last.index = sequence.index;
  }

  #firstTokenMs(sequence: Sequence): number {
    const settings = this.#settings;
    const fresh = sequence.promptTokens - sequence.cachedTokens;
    const share = sequence.promptTokens === 0 ? 1 : fresh / sequence.promptTokens;
    const meanMs =
      settings.timeToFirstTokenMs > 0
        ? settings.timeToFirstTokenMs * share
        : settings.prefillOverheadMs + settings.prefillTimePerTokenMs * fresh;
    return this.#sample(meanMs, settings.timeToFirstTokenStdDevMs) * this.#loadFactor();
  }

  #gapMs(): number {
    const { interTokenLatencyMs, interTokenLatencyStdDevMs } = this.#settings;
    return this.#sample(interTokenLatencyMs, interTokenLatencyStdDevMs) * this.#loadFactor();
  }

  /** 1 for a lone sequence, growing linearly to `timeFactorUnderLoad` with all slots taken. */
  #loadFactor(): number {
    const { timeFactorUnderLoad, maxNumSeqs } = this.#settings;
    if (timeFactorUnderLoad === 1 || maxNumSeqs === 1) return timeFactorUnderLoad;
    const load = Math.min(1, (this.#running.length - 1) / (maxNumSeqs - 1));
    return 1 + (timeFactorUnderLoad - 1) * load;
  }

  #sample(meanMs: number, stdDevMs: number): number {
    if (stdDevMs === 0 || meanMs === 0) return meanMs;
    const value = meanMs + stdDevMs * normal(this.#random);
    return Math.min(meanMs * 1.7, Math.max(meanMs * 0.3, value));
  }
}

/** Share of the KV blocks that these sequences fill. */
export function kvUsageOf(
  running: readonly Sequence[],
  { blockSize, kvCacheSize }: { readonly blockSize: number; readonly kvCacheSize: number },
): number {
  let blocks = 0;
  for (const sequence of running) {
    blocks += Math.ceil((sequence.promptTokens + sequence.emitted) / blockSize);
  }
  return Math.min(1, blocks / kvCacheSize);
}

/** One sample of the standard normal distribution (Box and Muller, 1958). */
export function normal(random: Random): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random.next()));
  return radius * Math.cos(2 * Math.PI * random.next());
}
