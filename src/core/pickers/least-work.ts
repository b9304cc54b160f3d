// HOT PATH
/**
 * Picks by estimated work: what the endpoint must compute before this prompt, what of the prompt it
 * does not hold, and the answers it is generating, each at the price learned for it.
 *
 * A request's own uncomputed tokens count OWN_WEIGHT times: beside the time they cost it, they keep
 * others waiting and push other prompts out of the cache (docs/routing.md has the runs). So a
 * prefix draws its prompts together until waiting there costs OWN_WEIGHT times what it saves.
 *
 * Costs that lie closer together than the estimate is good count as equal; among equals goes the
 * request to the one that was given the least work lately: the coldest cache. Weight: the load of
 * others and what was given lately count per weight.
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
/** So many members of a pool are looked at whether they hold anything or not. */
const MAX_SCANNED = 64;
/** A prefix is popular that each endpoint would meet again within this time, */
const POPULAR_MS = 10_000;
/** and its uncomputed tokens count little: they are computed once, and soon everybody has them. */
const POPULAR_WEIGHT = 0.2;
/** An answer that is being generated is slowed down by a prompt, as another one is kept waiting. */
const RUNNING_TOKENS = 128;
/** Equal is what differs by less than one running answer and this, */
const EQUAL_MS = 2;
/** or by a little more, by this share of what the whole prompt would cost. */
const EQUAL_SHARE = 0.02;
/** Half of what was given is forgotten after this time. */
const LATELY_MS = 30_000;

export class LeastWork {
  readonly #columns: Columns;
  readonly #index: PrefixIndex;
  readonly #rates: PoolRates;
  /** Of the members: cost, -1 = not admitted; tokens before them; answers they generate. */
  #costs = new Float64Array(0);
  #queued = new Float64Array(0);
  #running = new Int32Array(0);
  /** By slot: tokens given lately, and when that was worked out. */
  readonly #given: Float64Array;
  readonly #givenAtMs: Float64Array;

  constructor(columns: Columns, index: PrefixIndex) {
    this.#columns = columns;
    this.#index = index;
    this.#rates = new PoolRates(columns);
    this.#given = new Float64Array(columns.slots);
    this.#givenAtMs = new Float64Array(columns.slots);
  }

  pick(pool: Pool, gate: Gate, random: Random, ask: Ask): number {
    const { decision, nowMs, prompt } = ask;
    if (this.#costs.length < pool.size) this.#grow(pool.size);
    this.#rates.prepare(pool, nowMs);
    if (prompt !== undefined) this.#index.match(prompt, pool);
    decision.blocks = prompt === undefined ? 0 : prompt.count;
    decision.promptTokens = prompt === undefined ? 0 : prompt.tokens;
    const first = pool.size > MAX_SCANNED ? random.below(pool.size) : 0;
    let least = this.#weigh(pool, gate, ask, first);
    if (least < 0 && pool.size > MAX_SCANNED) least = this.#weigh(pool, gate, ask, -1);
    const member = least < 0 ? -1 : this.#coldest(pool, least, random, ask);
    decision.member = member;
    if (member >= 0) {
      this.#explain(pool, member, ask);
      const slot = pool.slots[member]!;
      this.#given[slot] = this.#givenLately(slot, nowMs) + 1 + decision.uncachedTokens;
      this.#givenAtMs[slot] = nowMs;
    }
    return member;
  }

  /**
   * Fills the costs; the member with the least, or -1. Of a large pool only those that hold more
   * than what is popular are looked at, and MAX_SCANNED others from `first` on; -1 = all are.
   */
  #weigh(pool: Pool, gate: Gate, ask: Ask, first: number): number {
    const { decision, nowMs } = ask;
    const { baseMs, msPerRunning, msPerToken } = this.#rates;
    const { workers } = this.#columns;
    const costs = this.#costs;
    let least = -1;
    let leastMs = Number.POSITIVE_INFINITY;
    let mostBlocks = 0;
    const popular = decision.blocks === 0 ? 0 : this.#popularTokens(ask);
    for (let member = 0; member < pool.size; member++) {
      costs[member] = -1;
      const blocks = this.#blocks(member, decision);
      if (blocks > mostBlocks) mostBlocks = blocks;
      const held = blocks === 0 ? 0 : ask.prompt!.tokensUpTo[blocks - 1]!;
      const scanned = first < 0 || (member - first + pool.size) % pool.size < MAX_SCANNED;
      if ((!scanned && held <= popular) || !gate.admits(member)) continue;
      const slot = pool.slots[member]!;
      const perToken = msPerToken[member]!;
      const queued = queuedTokens(workers, slot, perToken, nowMs);
      let running = 0;
      for (let index = 0; index < workers.length; index++) {
        running += workers[index]!.inFlight[slot]! - workers[index]!.pending[slot]!;
      }
      const ownMs = this.#uncached(member, ask) * perToken;
      const othersMs = running * msPerRunning[member]! + queued * perToken;
      const loadMs = othersMs + running * RUNNING_TOKENS * perToken;
      const ownCostMs = this.#ownCost(blocks, popular, ask) * perToken;
      const cost = baseMs[member]! + loadMs / pool.weights[member]! + ownCostMs;
      costs[member] = cost;
      this.#queued[member] = queued;
      this.#running[member] = running;
      leastMs = Math.min(leastMs, baseMs[member]! + othersMs + ownMs);
      if (least < 0 || cost < costs[least]!) least = member;
    }
    decision.bestMatchedBlocks = mostBlocks;
    decision.leastEstimatedMs = leastMs;
    return least;
  }

  /** Of those that cost about as little as `least`, the one that was given the least lately. */
  #coldest(pool: Pool, least: number, random: Random, ask: Ask): number {
    const costs = this.#costs;
    const perToken = this.#rates.msPerToken[least]!;
    const tokens = RUNNING_TOKENS + EQUAL_SHARE * ask.decision.promptTokens;
    const limit = costs[least]! + EQUAL_MS + tokens * perToken;
    let best = -1;
    let bestGiven = 0;
    let ties = 0;
    for (let member = 0; member < pool.size; member++) {
      const cost = costs[member]!;
      if (cost < 0 || cost > limit) continue;
      const given = this.#givenLately(pool.slots[member]!, ask.nowMs) / pool.weights[member]!;
      if (best >= 0 && given > bestGiven) continue;
      // At random by weight: a reservoir of one (Chao, Biometrika 1982).
      ties = best >= 0 && given === bestGiven ? ties : 0;
      ties += pool.weights[member]!;
      if (random.next() * ties >= pool.weights[member]!) continue;
      best = member;
      bestGiven = given;
    }
    return best;
  }

  #explain(pool: Pool, member: number, ask: Ask): void {
    const { decision } = ask;
    const { baseMs, msPerRunning, msPerToken } = this.#rates;
    const uncached = this.#uncached(member, ask);
    decision.matchedBlocks = this.#blocks(member, decision);
    decision.uncachedTokens = uncached;
    decision.queuedTokens = this.#queued[member]!;
    decision.running = this.#running[member]!;
    decision.estimatedMs =
      baseMs[member]! +
      decision.running * msPerRunning[member]! +
      (decision.queuedTokens + uncached) * msPerToken[member]!;
    if (decision.bestMatchedBlocks === 0) decision.affinity = 'cold';
    else if (decision.matchedBlocks >= decision.bestMatchedBlocks) decision.affinity = 'kept';
    else
      decision.affinity = this.#holderIsOpen(pool.size, decision)
        ? 'broken_by_load'
        : 'broken_unavailable';
  }

  /** Whether one of those that hold the most could have taken the request. */
  #holderIsOpen(size: number, { bestMatchedBlocks }: Decision): boolean {
    const { matched } = this.#index;
    for (let member = 0; member < size; member++) {
      if (this.#costs[member]! >= 0 && matched[member] === bestMatchedBlocks) return true;
    }
    return false;
  }

  #blocks(member: number, { blocks }: Decision): number {
    return blocks === 0 ? 0 : this.#index.matched[member]!;
  }

  /** Tokens of the prompt's popular beginning. */
  #popularTokens({ nowMs, prompt }: Ask): number {
    const blocks = this.#index.popularBlocks(prompt!, nowMs, POPULAR_MS);
    return blocks === 0 ? 0 : prompt!.tokensUpTo[blocks - 1]!;
  }

  /** Uncomputed tokens as they count: those of the popular beginning little, the others more. */
  #ownCost(blocks: number, popular: number, { decision, prompt }: Ask): number {
    const held = blocks === 0 ? 0 : prompt!.tokensUpTo[blocks - 1]!;
    const own = decision.promptTokens - Math.max(held, popular);
    return OWN_WEIGHT * own + POPULAR_WEIGHT * Math.max(0, popular - held);
  }

  /** Prompt tokens that this member does not hold. */
  #uncached(member: number, { decision, prompt }: Ask): number {
    const blocks = this.#blocks(member, decision);
    return blocks === 0 ? decision.promptTokens : prompt!.tokens - prompt!.tokensUpTo[blocks - 1]!;
  }

  #givenLately(slot: number, nowMs: number): number {
    const given = this.#given[slot]!;
    if (given === 0) return 0;
    return given * 2 ** ((this.#givenAtMs[slot]! - nowMs) / LATELY_MS);
  }

  #grow(size: number): void {
    this.#costs = new Float64Array(size);
    this.#queued = new Float64Array(size);
    this.#running = new Int32Array(size);
  }
}
