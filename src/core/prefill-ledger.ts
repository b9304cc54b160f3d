// HOT PATH
/**
 * The prompts a worker has sent and no answer has begun to: what engines still have to compute.
 * From the moment of dispatch everybody sees them, so that nobody herds between two scrapes.
 *
 * Invariant: what was opened is closed exactly once, by its first byte or its end, and then the
 * endpoint's cells are as if it had never been; the head cells tell of the oldest that is open.
 *
 * bench: bench/prompt.ts
 */
import type { Columns, WorkerColumns } from './columns.ts';
import { observe } from './work-rates.ts';

/** One prompt on its way; kept by its attempt. */
export class PrefillEntry {
  slot = -1;
  /** Its own tokens that the endpoint must compute. */
  tokens = 0;
  /** Those and what was ahead of it, when it was sent. */
  queuedTokens = 0;
  running = 0;
  sinceMs = 0;
  /** A streamed answer's first byte says when the prompt was done; a whole one's does not. */
  streamed = true;
  /** By then it should be done, as far as is known. */
  expectedMs = 0;
  previous: PrefillEntry | undefined = undefined;
  next: PrefillEntry | undefined = undefined;
}

export class PrefillLedger {
  readonly #own: WorkerColumns;
  /** By slot: the oldest and the newest that are open. */
  readonly #oldest: (PrefillEntry | undefined)[];
  readonly #newest: (PrefillEntry | undefined)[];

  constructor(columns: Columns, worker: number) {
    this.#own = columns.workers[worker]!;
    this.#oldest = new Array<undefined>(columns.slots).fill(undefined);
    this.#newest = new Array<undefined>(columns.slots).fill(undefined);
  }

  open(entry: PrefillEntry): void {
    const { slot } = entry;
    this.#dropExpected(slot, entry.sinceMs);
    entry.previous = this.#newest[slot];
    entry.next = undefined;
    if (entry.previous === undefined) this.#oldest[slot] = entry;
    else entry.previous.next = entry;
    this.#newest[slot] = entry;
    this.#own.prefillTokens[slot]! += entry.tokens;
    this.#showHead(slot);
  }

  /** Its answer begins: the prompt is done. Further calls change nothing. */
  answered(entry: PrefillEntry, nowMs: number): void {
    const { slot } = entry;
    if (slot < 0) return;
    if (entry.streamed) {
      observe(this.#own, slot, {
        tokens: entry.queuedTokens,
        running: entry.running,
        tookMs: nowMs - entry.sinceMs,
        nowMs,
      });
      this.#own.firstByteAtMs[slot] = nowMs;
    }
    this.close(entry);
  }

  /** It ended in another way. Further calls change nothing. */
  close(entry: PrefillEntry): void {
    const { slot, previous, next } = entry;
    if (slot < 0) return;
    entry.slot = -1;
    if (previous === undefined) this.#oldest[slot] = next;
    else previous.next = next;
    if (next === undefined) this.#newest[slot] = previous;
    else next.previous = previous;
    const left = this.#own.prefillTokens[slot]! - entry.tokens;
    this.#own.prefillTokens[slot] = this.#oldest[slot] === undefined ? 0 : Math.max(0, left);
    this.#showHead(slot);
  }

  /** Prompts of answers that come whole are taken for done when they should be. */
  #dropExpected(slot: number, nowMs: number): void {
    let entry = this.#oldest[slot];
    while (entry !== undefined && !entry.streamed && entry.expectedMs <= nowMs) {
      this.close(entry);
      entry = this.#oldest[slot];
    }
  }

  #showHead(slot: number): void {
    const head = this.#oldest[slot];
    this.#own.headTokens[slot] = head === undefined ? 0 : head.tokens;
    this.#own.headSinceMs[slot] = head === undefined ? 0 : head.sinceMs;
  }
}

/**
 * Prompt tokens the endpoint has still to compute for all workers: what is open, less what it must
 * have done of the oldest since that began.
 */
export function queuedTokens(
  workers: readonly WorkerColumns[],
  slot: number,
  msPerToken: number,
  nowMs: number,
): number {
  let tokens = 0;
  let headTokens = 0;
  let sinceMs = Number.POSITIVE_INFINITY;
  let firstByteAtMs = 0;
  for (let index = 0; index < workers.length; index++) {
    const worker = workers[index]!;
    const open = worker.prefillTokens[slot]!;
    if (worker.firstByteAtMs[slot]! > firstByteAtMs) firstByteAtMs = worker.firstByteAtMs[slot]!;
    if (open === 0) continue;
    tokens += open;
    if (worker.headSinceMs[slot]! < sinceMs) {
      sinceMs = worker.headSinceMs[slot]!;
      headTokens = worker.headTokens[slot]!;
    }
  }
  if (tokens === 0) return 0;
  const workedMs = nowMs - Math.max(sinceMs, firstByteAtMs);
  return Math.max(0, tokens - Math.min(headTokens, Math.max(0, workedMs) / msPerToken));
}
