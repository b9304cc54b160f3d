// HOT PATH
/**
 * What a worker notes when a request goes to an endpoint, for strategies that learn: the prompt is
 * from now on in that endpoint's cache and before it in its queue, and the answer's first byte
 * tells how long that took.
 *
 * bench: bench/prompt.ts
 */
import type { Decision } from './ask.ts';
import type { BlockChain } from './block-chain.ts';
import type { Columns, WorkerColumns } from './columns.ts';
import { learnLatency } from './loads/peak-ewma.ts';
import { PrefillEntry, PrefillLedger } from './prefill-ledger.ts';
import type { PrefixIndex } from './prefix-index.ts';

/** A request of which a strategy has decided where it goes. */
export interface Decided {
  readonly decision: Decision;
  readonly prompt: BlockChain | undefined;
}

export interface Sending {
  readonly nowMs: number;
  /** The answer's first byte will say when the prompt was done. */
  readonly streamed: boolean;
}

export class Dispatches {
  readonly #own: WorkerColumns;
  readonly #index: PrefixIndex;
  readonly #ledger: PrefillLedger;

  constructor(columns: Columns, worker: number, index: PrefixIndex) {
    this.#own = columns.workers[worker]!;
    this.#index = index;
    this.#ledger = new PrefillLedger(columns, worker);
  }

  /** A request goes to `slot`, as the strategy decided. */
  sent(slot: number, { decision, prompt }: Decided, how: Sending): PrefillEntry {
    const { nowMs, streamed } = how;
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
