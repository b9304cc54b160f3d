// HOT PATH
/**
 * What a worker notes when a request goes to an endpoint, for strategies that learn: the prompt is
 * from now on in that endpoint's cache and before it in its queue, and the answer's first byte
 * tells how long that took.
 *
 * bench: bench/prompt.ts
 */
import type { Ask } from './ask.ts';
import type { Columns, WorkerColumns } from './columns.ts';
import { learnLatency } from './loads/peak-ewma.ts';
import { PrefillEntry, PrefillLedger } from './prefill-ledger.ts';
import type { PrefixIndex } from './prefix-index.ts';

export class Dispatches {
  readonly #own: WorkerColumns;
  readonly #index: PrefixIndex;
  readonly #ledger: PrefillLedger;

  constructor(columns: Columns, worker: number, index: PrefixIndex) {
    this.#own = columns.workers[worker]!;
    this.#index = index;
    this.#ledger = new PrefillLedger(columns, worker);
  }

  /** The request of `ask` goes to `slot`, as the strategy decided. */
  sent(slot: number, ask: Ask, streamed: boolean): PrefillEntry {
    const { decision, prompt, nowMs } = ask;
    const entry = new PrefillEntry();
    entry.slot = slot;
    entry.tokens = decision.uncachedTokens;
    entry.queuedTokens = decision.queuedTokens + decision.uncachedTokens;
    entry.running = decision.running;
    entry.sinceMs = nowMs;
    entry.streamed = streamed;
    entry.expectedMs = nowMs + decision.estimatedMs;
    this.#ledger.open(entry);
    if (prompt !== undefined) this.#index.record(prompt, slot, nowMs);
    return entry;
  }

  /** The first byte of the answer is here; further calls change nothing. */
  answered(entry: PrefillEntry, nowMs: number): void {
    if (entry.slot < 0) return;
    learnLatency(this.#own, entry.slot, nowMs - entry.sinceMs, nowMs);
    this.#ledger.answered(entry, nowMs);
  }

  /** It ended; further calls change nothing. */
  ended(entry: PrefillEntry): void {
    this.#ledger.close(entry);
  }
}
