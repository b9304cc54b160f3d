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
/** Of a pool up to this size every member is looked at. */
const LARGE = 64;
/** Of a larger one so many from a random one on, and those that hold more than what is popular. */
const SCANNED = 48;
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
/** What was given is counted from a moment that moves on after this time. */
const ERA_MS = 40 * LATELY_MS;

const OPEN: Gate = { admits: () => true };

export class LeastWork {
  readonly #columns: Columns;
  readonly #index: PrefixIndex;
  readonly #ratesOf = new WeakMap<Pool, PoolRates>();
  #rates!: PoolRates;
  /** The members that are looked at, and beside them: cost, Infinity = not admitted; tokens before
   * this prompt; answers being generated. */
  #members = new Int32Array(0);
  #costs = new Float64Array(0);
  #queued = new Float64Array(0);
  #running = new Int32Array(0);
  #count = 0;
  /** Tokens of the prompt at hand, and of its popular beginning. */
  #tokens = 0;
  #popular = 0;
  /**
   * By slot: tokens given lately, each worth double for every LATELY_MS that it came after the
   * era's begin. So the older count for less without ever being touched (forward decay: Cormode et
   * al., ICDE 2009).
   */
  readonly #given: Float64Array;
  #eraMs = 0;

  constructor(columns: Columns, index: PrefixIndex) {
    this.#columns = columns;
    this.#index = index;
    this.#given = new Float64Array(columns.slots);
  }

  pick(pool: Pool, gate: Gate, random: Random, ask: Ask): number {
    this.#begin(pool, ask);
    const large = pool.size > LARGE;
    if (large) this.#listSome(pool, random, ask);
    else this.#listAll(pool, ask);
    let least = this.#weigh(pool, gate, ask);
    if (least < 0 && large) {
      this.#listAll(pool, ask);
      least = this.#weigh(pool, gate, ask);
    }
    ask.decision.member = -1;
    if (least < 0) return -1;
    const at = this.#coldest(pool, gate, random, least);
    this.#settle(pool, at, ask);
    this.#judge(gate, ask);
    return this.#members[at]!;
  }

  /** The request goes to `member`, whatever others cost: notes it and estimates the rest. */
  take(pool: Pool, member: number, ask: Ask): void {
    this.#begin(pool, ask);
    const { prompt } = ask;
    if (prompt !== undefined) this.#index.matchWindow(prompt, pool, member, 1);
    this.#popular = 0;
    this.#members[0] = member;
    this.#count = 1;
    this.#weigh(pool, OPEN, ask);
    this.#settle(pool, 0, ask);
    ask.decision.affinity = ask.decision.matchedBlocks === 0 ? 'cold' : 'kept';
  }

  #begin(pool: Pool, ask: Ask): void {
    const { decision, prompt } = ask;
    if (this.#costs.length < pool.size) this.#grow(pool.size);
    let rates = this.#ratesOf.get(pool);
    if (rates === undefined) {
      rates = new PoolRates(this.#columns, pool);
      this.#ratesOf.set(pool, rates);
    }
    rates.refresh(ask.nowMs);
    this.#rates = rates;
    decision.blocks = prompt === undefined ? 0 : prompt.count;
    this.#tokens = prompt === undefined ? 0 : prompt.tokens;
    decision.promptTokens = this.#tokens;
  }

  #listAll(pool: Pool, ask: Ask): void {
    const { prompt } = ask;
    this.#popular = 0;
    if (prompt !== undefined) {
      this.#index.match(prompt, pool);
      this.#popular = this.#popularTokens(ask);
    }
    for (let member = 0; member < pool.size; member++) this.#members[member] = member;
    this.#count = pool.size;
  }

  #listSome(pool: Pool, random: Random, ask: Ask): void {
    const { size } = pool;
    const index = this.#index;
    const members = this.#members;
    const first = random.below(size);
    let count = 0;
    for (; count < SCANNED; count++) {
      const member = first + count;
      members[count] = member < size ? member : member - size;
    }
    this.#popular = 0;
    const { prompt } = ask;
    if (prompt !== undefined && prompt.count > 0) {
      index.matchWindow(prompt, pool, first, SCANNED);
      const popular = index.popularBlocks(prompt, ask.nowMs, POPULAR_MS);
      if (popular > 0) this.#popular = prompt.tokensUpTo[popular - 1]!;
      index.matchHolders(popular);
      for (let at = 0; at < index.holderCount; at++) {
        const member = index.holders[at]!;
        const offset = member < first ? member - first + size : member - first;
        if (offset >= SCANNED && index.matched[member]! > popular) members[count++] = member;
      }
    }
    this.#count = count;
  }

  /**
   * Fills the costs of the listed; the place of the least that is admitted, or -1. The gate hears
   * of those only that would be the least: most members never have to be.
   */
  #weigh(pool: Pool, gate: Gate, ask: Ask): number {
    const { decision, nowMs } = ask;
    const { baseMs, msPerRunning, msPerToken } = this.#rates;
    const { workers } = this.#columns;
    const costs = this.#costs;
    const tokensUpTo = ask.prompt?.tokensUpTo;
    let least = -1;
    let leastCost = Number.POSITIVE_INFINITY;
    let leastMs = Number.POSITIVE_INFINITY;
    let mostBlocks = 0;
    for (let at = 0; at < this.#count; at++) {
      const member = this.#members[at]!;
      const blocks = this.#blocks(member, decision);
      if (blocks > mostBlocks) mostBlocks = blocks;
      const slot = pool.slots[member]!;
      const perToken = msPerToken[member]!;
      const queued = queuedTokens(workers, slot, perToken, nowMs);
      let running = 0;
      for (let index = 0; index < workers.length; index++) {
        running += workers[index]!.inFlight[slot]! - workers[index]!.pending[slot]!;
      }
      const held = blocks === 0 ? 0 : tokensUpTo![blocks - 1]!;
      const othersMs = running * msPerRunning[member]! + queued * perToken;
      const loadMs = othersMs + running * RUNNING_TOKENS * perToken;
      const ownCostMs = this.#ownCost(held) * perToken;
      const cost = baseMs[member]! + loadMs / pool.weights[member]! + ownCostMs;
      const ms = baseMs[member]! + othersMs + (this.#tokens - held) * perToken;
      costs[at] = cost;
      this.#queued[at] = queued;
      this.#running[at] = running;
      if (cost >= leastCost && ms >= leastMs) continue;
      if (!gate.admits(member)) {
        costs[at] = Number.POSITIVE_INFINITY;
        continue;
      }
      if (ms < leastMs) leastMs = ms;
      if (cost >= leastCost) continue;
      least = at;
      leastCost = cost;
    }
    decision.bestMatchedBlocks = mostBlocks;
    decision.leastEstimatedMs = leastMs;
    return least;
  }

  /** Of those that cost about as little as `least`, the one that was given the least lately. */
  #coldest(pool: Pool, gate: Gate, random: Random, least: number): number {
    const costs = this.#costs;
    const tokens = RUNNING_TOKENS + EQUAL_SHARE * this.#tokens;
    const limit =
      costs[least]! + EQUAL_MS + tokens * this.#rates.msPerToken[this.#members[least]!]!;
    let best = -1;
    let bestGiven = 0;
    let ties = 0;
    for (let at = 0; at < this.#count; at++) {
      if (costs[at]! > limit) continue;
      const member = this.#members[at]!;
      const weight = pool.weights[member]!;
      const given = this.#given[pool.slots[member]!]! / weight;
      if ((best >= 0 && given > bestGiven) || !gate.admits(member)) continue;
      // At random by weight: a reservoir of one (Chao, Biometrika 1982).
      ties = best >= 0 && given === bestGiven ? ties : 0;
      ties += weight;
      if (random.next() * ties >= weight) continue;
      best = at;
      bestGiven = given;
    }
    return best;
  }

  /** The request goes to the member at this place. */
  #settle(pool: Pool, at: number, ask: Ask): void {
    const { decision, nowMs } = ask;
    const { baseMs, msPerRunning, msPerToken } = this.#rates;
    const member = this.#members[at]!;
    const uncached = this.#uncached(member, ask);
    decision.member = member;
    decision.matchedBlocks = this.#blocks(member, decision);
    decision.uncachedTokens = uncached;
    decision.queuedTokens = this.#queued[at]!;
    decision.running = this.#running[at]!;
    decision.estimatedMs =
      baseMs[member]! +
      decision.running * msPerRunning[member]! +
      (decision.queuedTokens + uncached) * msPerToken[member]!;
    if (nowMs - this.#eraMs > ERA_MS) this.#beginEra(nowMs);
    this.#given[pool.slots[member]!]! += (1 + uncached) * 2 ** ((nowMs - this.#eraMs) / LATELY_MS);
  }

  #beginEra(nowMs: number): void {
    const worth = 2 ** ((nowMs - this.#eraMs) / LATELY_MS);
    for (let slot = 0; slot < this.#given.length; slot++) this.#given[slot]! /= worth;
    this.#eraMs = nowMs;
  }

  /** Says why the prompt goes, or does not, where it is held. */
  #judge(gate: Gate, { decision }: Ask): void {
    if (decision.bestMatchedBlocks === 0) decision.affinity = 'cold';
    else if (decision.matchedBlocks >= decision.bestMatchedBlocks) decision.affinity = 'kept';
    else
      decision.affinity = this.#holderIsOpen(gate, decision)
        ? 'broken_by_load'
        : 'broken_unavailable';
  }

  /** Whether one of those that hold the most could have taken the request. */
  #holderIsOpen(gate: Gate, { bestMatchedBlocks }: Decision): boolean {
    const { matched } = this.#index;
    for (let at = 0; at < this.#count; at++) {
      const member = this.#members[at]!;
      if (matched[member] === bestMatchedBlocks && gate.admits(member)) return true;
    }
    return false;
  }

  #blocks(member: number, { blocks }: Decision): number {
    return blocks === 0 ? 0 : this.#index.matched[member]!;
  }

  #popularTokens({ nowMs, prompt }: Ask): number {
    const blocks = this.#index.popularBlocks(prompt!, nowMs, POPULAR_MS);
    return blocks === 0 ? 0 : prompt!.tokensUpTo[blocks - 1]!;
  }

  /** Uncomputed tokens as they count: those of the popular beginning little, the others more. */
  #ownCost(held: number): number {
    const popular = this.#popular;
    if (held >= popular) return OWN_WEIGHT * (this.#tokens - held);
    return OWN_WEIGHT * (this.#tokens - popular) + POPULAR_WEIGHT * (popular - held);
  }

  /** Prompt tokens that this member does not hold. */
  #uncached(member: number, { decision, prompt }: Ask): number {
    const blocks = this.#blocks(member, decision);
    return blocks === 0 ? decision.promptTokens : prompt!.tokens - prompt!.tokensUpTo[blocks - 1]!;
  }

  #grow(size: number): void {
    this.#members = new Int32Array(size);
    this.#costs = new Float64Array(size);
    this.#queued = new Float64Array(size);
    this.#running = new Int32Array(size);
  }
}
