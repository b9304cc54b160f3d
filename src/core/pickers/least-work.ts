// HOT PATH
/**
 * Picks by estimated work: what the endpoint must compute before this prompt, what of the prompt it
 * does not hold, and the answers it is generating, each at the price learned for it.
 *
 * A request's own uncomputed tokens count OWN_WEIGHT times: beside the time they cost it, they keep
 * others waiting and push other prompts out of the cache (docs/routing.md has the runs). So a
 * prefix draws its prompts together until waiting there costs OWN_WEIGHT times what it saves.
 *
 * bench: bench/prompt.ts
 */
import type { Ask, Decision } from '../ask.ts';
import type { Columns } from '../columns.ts';
import { queuedTokens } from '../prefill-ledger.ts';
import type { PrefixIndex } from '../prefix-index.ts';
import type { Random } from '../random.ts';
import { PoolRates } from '../work-rates.ts';
import type { Gate, Pool } from './picker.ts';

export const OWN_WEIGHT = 4;

export class LeastWork {
  readonly #columns: Columns;
  readonly #index: PrefixIndex;
  readonly #rates: PoolRates;

  constructor(columns: Columns, index: PrefixIndex) {
    this.#columns = columns;
    this.#index = index;
    this.#rates = new PoolRates(columns);
  }

  pick(pool: Pool, gate: Gate, random: Random, ask: Ask): number {
    const { prompt, nowMs, decision } = ask;
    const rates = this.#rates;
    rates.prepare(pool, nowMs);
    if (prompt !== undefined) this.#index.match(prompt, pool);
    const { matched } = this.#index;
    const tokens = prompt === undefined ? 0 : prompt.tokens;
    const { workers } = this.#columns;
    let best = -1;
    let bestCost = 0;
    let ties = 0;
    let leastMs = Number.POSITIVE_INFINITY;
    let mostBlocks = 0;
    let anyBlocks = 0;
    for (let member = 0; member < pool.size; member++) {
      const blocks = prompt === undefined ? 0 : matched[member]!;
      if (blocks > anyBlocks) anyBlocks = blocks;
      if (!gate.admits(member)) continue;
      if (blocks > mostBlocks) mostBlocks = blocks;
      const slot = pool.slots[member]!;
      const perToken = rates.msPerToken[member]!;
      const uncached = blocks === 0 ? tokens : tokens - prompt!.tokensUpTo[blocks - 1]!;
      const queued = queuedTokens(workers, slot, perToken, nowMs);
      let running = 0;
      for (let index = 0; index < workers.length; index++) {
        running += workers[index]!.inFlight[slot]! - workers[index]!.pending[slot]!;
      }
      const fixedMs = rates.baseMs[member]! + running * rates.msPerRunning[member]!;
      const ms = fixedMs + (queued + uncached) * perToken;
      const cost = (fixedMs + (queued + OWN_WEIGHT * uncached) * perToken) / pool.weights[member]!;
      if (ms < leastMs) leastMs = ms;
      if (best >= 0 && cost > bestCost) continue;
      if (best >= 0 && cost === bestCost) {
        ties++;
        if (random.next() * ties >= 1) continue;
      } else {
        ties = 1;
      }
      best = member;
      bestCost = cost;
      decision.matchedBlocks = blocks;
      decision.uncachedTokens = uncached;
      decision.queuedTokens = queued;
      decision.running = running;
      decision.estimatedMs = ms;
    }
    decision.member = best;
    decision.blocks = prompt === undefined ? 0 : prompt.count;
    decision.bestMatchedBlocks = anyBlocks;
    decision.promptTokens = tokens;
    decision.leastEstimatedMs = leastMs;
    explain(decision, mostBlocks);
    return best;
  }
}

/** `mostBlocks`: the most that any admitted endpoint holds. */
function explain(decision: Decision, mostBlocks: number): void {
  const { matchedBlocks, bestMatchedBlocks } = decision;
  if (bestMatchedBlocks === 0) decision.affinity = 'cold';
  else if (matchedBlocks >= bestMatchedBlocks) decision.affinity = 'kept';
  else if (matchedBlocks < mostBlocks) decision.affinity = 'broken_by_load';
  else decision.affinity = 'broken_unavailable';
}
