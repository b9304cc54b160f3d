/**
 * The engine's batch as continuous batching with chunked prefill runs it: one step after the other,
 * each computing one token of every generating sequence and, first come first served, as many
 * prompt tokens as the step's budget leaves. So prompts wait for one another and slow the answers
 * down, which is what a router can spare its users. Pure, like the plain scheduler beside it.
 *
 * Invariant: a step's work is fixed when it begins; what arrives meanwhile waits for the next one.
 * Source: Agrawal et al., "Taming throughput-latency tradeoff in LLM inference with
 * Sarathi-Serve", OSDI 2024 (the schedule that vLLM and SGLang follow).
 */
import { type Batch, ENDED, kvUsageOf, RUNNING, type Sequence } from './scheduler.ts';

export interface StepSettings {
  readonly maxNumSeqs: number;
  readonly maxWaitingQueueLength: number;
  /** Tokens of one step, prompts and answers together. */
  readonly maxNumBatchedTokens: number;
  /** A step's fixed part. */
  readonly interTokenLatencyMs: number;
  readonly prefillTimePerTokenMs: number;
  readonly decodeTimePerSequenceMs: number;
  readonly kvCacheSize: number;
  readonly blockSize: number;
}

/** After the process was stopped, go on from now instead of catching up. */
const MAX_LAG_MS = 1000;

export class StepScheduler implements Batch {
  readonly #settings: StepSettings;
  /** Steps that only generate are alike: simulations in virtual time take them all at once. */
  readonly #leaps: boolean;
  readonly #running: Sequence[] = [];
  readonly #waiting: Sequence[] = [];
  #stepMs = 0;
  #startMs = 0;
  /** Equal steps that are on their way; 0 = the engine rests. */
  #steps = 0;
  /** Prompt tokens of the present step. */
  #prefill = 0;

  constructor(settings: StepSettings, leaps = false) {
    this.#settings = settings;
    this.#leaps = leaps;
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

  /** Prompt tokens not computed yet; `cachedOf` says what the cache would spare one that waits. */
  prefillLeft(nowMs: number, cachedOf: (sequence: Sequence) => number): number {
    let tokens = 0;
    for (const sequence of this.#running) tokens += sequence.prefillLeft;
    for (const sequence of this.#waiting) tokens += sequence.promptTokens - cachedOf(sequence);
    const share = this.#steps === 0 ? 0 : Math.min(1, (nowMs - this.#startMs) / this.#stepMs);
    return Math.max(0, tokens - this.#prefill * share);
  }

  submit(sequence: Sequence, nowMs: number): boolean {
    if (this.#waiting.length >= this.#settings.maxWaitingQueueLength) return false;
    this.#waiting.push(sequence);
    if (this.#steps === 0) this.#begin(nowMs);
    else if (this.#steps > 1) this.#stopAfter(nowMs);
    return true;
  }

  cancel(sequence: Sequence): void {
    const queue = sequence.state === RUNNING ? this.#running : this.#waiting;
    const at = sequence.state === ENDED ? -1 : queue.indexOf(sequence);
    if (at >= 0) queue.splice(at, 1);
    sequence.state = ENDED;
  }

  advance(nowMs: number): number {
    while (this.#steps > 0) {
      if (nowMs - this.#startMs - this.#steps * this.#stepMs > MAX_LAG_MS && !this.#leaps) {
        this.#startMs = nowMs - this.#steps * this.#stepMs;
      }
      const endMs = this.#startMs + this.#steps * this.#stepMs;
      if (endMs > nowMs) return endMs;
      this.#end(this.#steps);
      this.#begin(endMs);
    }
    return Number.POSITIVE_INFINITY;
  }

  /** A leap ends with the step that is on its way at `nowMs`. */
  #stopAfter(nowMs: number): void {
    const begun = Math.floor((nowMs - this.#startMs) / this.#stepMs) + 1;
    this.#steps = Math.max(1, Math.min(this.#steps, begun));
  }

  /** Plans the step that starts now. */
  #begin(nowMs: number): void {
    const settings = this.#settings;
    let decoding = 0;
    for (const sequence of this.#running) if (sequence.prefillLeft === 0) decoding++;
    this.#prefill = 0;
    let budget = settings.maxNumBatchedTokens - decoding;
    for (const sequence of this.#running) budget -= this.#chunk(sequence, budget);
    while (budget > 0 && this.#waiting.length > 0 && this.#running.length < settings.maxNumSeqs) {
      const sequence = this.#waiting.shift()!;
      if (sequence.sink.onStart !== undefined) sequence.cachedTokens = sequence.sink.onStart();
      sequence.state = RUNNING;
      // The last token is always computed: its output is the first token of the answer.
      sequence.prefillLeft = Math.max(1, sequence.promptTokens - sequence.cachedTokens);
      this.#running.push(sequence);
      budget -= this.#chunk(sequence, budget);
    }
    this.#startMs = nowMs;
    this.#stepMs =
      settings.interTokenLatencyMs +
      this.#prefill * settings.prefillTimePerTokenMs +
      decoding * settings.decodeTimePerSequenceMs;
    this.#steps = this.#running.length === 0 ? 0 : this.#equalSteps();
  }

  /** Gives the sequence its part of the step's budget. */
  #chunk(sequence: Sequence, budget: number): number {
    const tokens = Math.max(0, Math.min(budget, sequence.prefillLeft));
    sequence.dueMs = tokens;
    this.#prefill += tokens;
    return tokens;
  }

  #equalSteps(): number {
    if (!this.#leaps || this.#prefill > 0) return 1;
    let fewest = Number.POSITIVE_INFINITY;
    for (const { outputTokens, emitted } of this.#running) {
      fewest = Math.min(fewest, outputTokens - emitted);
    }
    return Math.max(1, fewest);
  }

  #end(steps: number): void {
    for (const sequence of this.#running.slice()) {
      if (sequence.state !== RUNNING) continue;
      if (sequence.prefillLeft > 0) {
        sequence.prefillLeft -= sequence.dueMs;
        sequence.dueMs = 0;
        if (sequence.prefillLeft > 0) continue;
        this.#emit(sequence, 1);
      } else {
        this.#emit(sequence, steps);
      }
    }
  }

  #emit(sequence: Sequence, count: number): void {
    const from = sequence.emitted;
    sequence.emitted += count;
    sequence.sink.onTokens(from, count);
    if (sequence.state !== RUNNING || sequence.emitted < sequence.outputTokens) return;
    this.cancel(sequence);
    sequence.sink.onFinish();
  }
}
