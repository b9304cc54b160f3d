// HOT PATH
/**
 * What the endpoints are believed to hold in their prefix caches: who was given which prompt, and
 * what has pushed it out since.
 *
 * An engine's cache is a stack: what was used last lies on top, and a prompt's first block above
 * its last (engines free a sequence from its tail). A clock for each endpoint counts what was put
 * on its stack, in pages of 16 tokens; a block's stamp is the clock's value when the block was used
 * less its depth in the prompt, so `clock - stamp` is its depth in the stack, and the block is held
 * while that is within the cache's size. Nothing is ever deleted: what is pushed out gets too old,
 * and a restart of the engine moves its clock by more than any cache holds.
 *
 * Invariant: for one endpoint the blocks of a prompt are held up to some depth and not beyond, so
 * that depth is found by bisection. Source of the stack's law: Mattson et al., "Evaluation
 * techniques for storage hierarchies", IBM Systems Journal 1970.
 *
 * Of a large pool not every member is looked up, only those that are asked for and the groups that
 * the directory names.
 *
 * bench: bench/prompt.ts
 */
import { BlockChain } from './block-chain.ts';
import type { Columns, WorkerColumns } from './columns.ts';
import { GroupDirectory } from './group-directory.ts';
import type { Pool } from './pickers/picker.ts';
import { groupsOf, type PoolGroups } from './pool-groups.ts';
import { GROUP_SLOTS, groupOf, laneOf, type PrefixTable } from './prefix-table.ts';

/** How finely the table tells times. */
const TICK_MS = 100;
/** What clocks count. */
const PAGE_TOKENS = 16;
/** More than any cache holds, and few enough that 2^32 has room for many of them. */
const RESTART_PAGES = 2 ** 24;
const MAX_CACHE_PAGES = RESTART_PAGES - 1;
/** Of a large pool so many groups are looked at for what they hold. */
const MAX_HOLDER_GROUPS = 8;

export class PrefixIndex {
  /** For each member that was looked up: blocks of the prompt that it holds. */
  matched = new Int32Array(0);
  /** Filled by `matchHolders`: members of the groups that it looked up, behind them rubbish. */
  holders = new Int32Array(MAX_HOLDER_GROUPS * GROUP_SLOTS);
  holderCount = 0;
  readonly #table: PrefixTable;
  readonly #columns: Columns;
  readonly #own: WorkerColumns;
  #defaultPages: number;
  /** Where the blocks of the prompt being recorded stand. */
  #entries = new Int32Array(0);
  /** By lane, of the group that is being matched. */
  readonly #clocks = new Int32Array(GROUP_SLOTS);
  readonly #pages = new Int32Array(GROUP_SLOTS);
  readonly #known = new WeakMap<Pool, PoolGroups>();
  #groups!: PoolGroups;
  readonly #directory: GroupDirectory;
  /** Somebody asks for holders: the directory is kept. */
  #usesDirectory = false;
  /** The prompt was looked up for some members only. */
  #isWindow = false;
  readonly #lookedUp = new Int32Array(MAX_HOLDER_GROUPS);
  #lookedUpCount = 0;
  #turn = 0;
  /** The prompt that is being matched. */
  #chain = new BlockChain();

  /** `cacheTokens`: what an engine's cache holds when it does not say so itself. */
  constructor(table: PrefixTable, columns: Columns, worker: number, cacheTokens: number) {
    this.#table = table;
    this.#directory = new GroupDirectory(table);
    this.#columns = columns;
    this.#own = columns.workers[worker]!;
    this.#defaultPages = cacheTokens / PAGE_TOKENS;
  }

  /** What an engine's cache holds that does not say so itself. */
  setDefaultCache(tokens: number): void {
    this.#defaultPages = tokens / PAGE_TOKENS;
  }

  /** Looks the prompt up for every member of the pool. */
  match(chain: BlockChain, pool: Pool): void {
    const groups = this.#groupsOf(pool);
    this.#chain = chain;
    this.#isWindow = false;
    for (let at = 0; at < groups.numbers.length; at++) this.#matchGroup(at);
  }

  /** Looks it up for `count` members from `first` on, behind the last the first; and some more. */
  matchWindow(chain: BlockChain, pool: Pool, first: number, count: number): void {
    const { placeOf } = this.#groupsOf(pool);
    this.#chain = chain;
    this.#isWindow = true;
    let last = -1;
    for (let offset = 0; offset < count; offset++) {
      const member = first + offset;
      const place = placeOf[member < pool.size ? member : member - pool.size]!;
      if (place !== last) this.#matchGroup(place);
      last = place;
    }
  }

  /**
   * Lists members of the same pool that may hold more than its first `beyond` blocks: those that
   * hold the most first, as long as there is room.
   */
  matchHolders(beyond: number): void {
    const directory = this.#directory;
    const chain = this.#chain;
    this.#usesDirectory = true;
    this.holderCount = 0;
    this.#lookedUpCount = 0;
    const depth = directory.depth(chain, beyond);
    if (depth === beyond) return;
    this.#lookUp(directory.find(chain, depth - 1));
    if (depth > beyond + 1) this.#lookUp(directory.find(chain, beyond));
  }

  /**
   * How many of the prompt's first blocks are popular: used so often that each endpoint would meet
   * them within `horizonMs` if they were spread evenly. To be asked after a match.
   */
  popularBlocks(chain: BlockChain, nowMs: number, horizonMs: number): number {
    const ticks = horizonMs / TICK_MS;
    const tick = tickOf(nowMs);
    let low = 0;
    let high = chain.count;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#isPopular(chain, middle - 1, tick, ticks)) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** The endpoint of `slot` was given this prompt. */
  record(chain: BlockChain, slot: number, nowMs: number): void {
    const table = this.#table;
    const group = groupOf(slot);
    const lane = laneOf(slot);
    const clock = this.#clockOf(slot);
    const pages = this.#pagesOf(slot);
    const tick = tickOf(nowMs);
    // What is new moves everything down; what was held only what lay above it: on the average of
    // all depths, its own share of the stack.
    if (this.#entries.length < chain.count) this.#entries = new Int32Array(chain.low.length);
    const entries = this.#entries;
    let moved = 0;
    let before = 0;
    for (let block = 0; block < chain.count; block++) {
      const upTo = chain.tokensUpTo[block]! / PAGE_TOKENS;
      const entry = table.claim(chain.low[block]!, chain.high[block]!, group, tick);
      entries[block] = entry;
      const stamp = entry < 0 ? 0 : table.stamp(entry, lane);
      const age = (clock - stamp) | 0;
      const held = stamp !== 0 && age <= pages;
      moved += (upTo - before) * (held ? Math.max(0, age) / pages : 1);
      before = upTo;
    }
    moved += chain.tokens / PAGE_TOKENS - before;
    this.#own.cachePages[slot]! += moved;
    for (let block = 0; block < chain.count; block++) {
      const entry = entries[block]!;
      if (entry < 0) continue;
      const stamp = (clock + moved - chain.tokensUpTo[block]! / PAGE_TOKENS) | 0;
      table.setStamp(entry, lane, stamp);
      table.touch(entry, tick);
      if (this.#usesDirectory) this.#directory.note(chain, block, group, tick);
    }
  }

  /** Looks up the groups of a directory's entry, from another one on at other times. */
  #lookUp(entry: number): void {
    if (entry < 0) return;
    const { lanes, members, places } = this.#groups;
    const from = this.#turn++ & 0xff;
    for (let round = 0; round < 2; round++) {
      let number = this.#directory.groupFrom(entry, round === 0 ? from : 0);
      for (; number >= 0; number = this.#directory.groupFrom(entry, number + 1)) {
        if (round === 1 && number >= from) return;
        if (this.#lookedUpCount === MAX_HOLDER_GROUPS) return;
        const at = number < places.length ? places[number]! : -1;
        if (at < 0 || this.#wasLookedUp(at)) continue;
        this.#lookedUp[this.#lookedUpCount++] = at;
        this.#matchGroup(at);
        for (let rest = lanes[at]!; rest !== 0; rest &= rest - 1) {
          const lane = lowestBit(rest);
          this.holders[this.holderCount++] = members[at * GROUP_SLOTS + lane]!;
        }
      }
    }
  }

  #wasLookedUp(at: number): boolean {
    for (let i = 0; i < this.#lookedUpCount; i++) if (this.#lookedUp[i] === at) return true;
    return false;
  }

  #matchGroup(at: number): void {
    const { lanes, members } = this.#groups;
    const { matched } = this;
    const chain = this.#chain;
    const first = at * GROUP_SLOTS;
    for (let rest = lanes[at]!; rest !== 0; rest &= rest - 1) {
      matched[members[first + lowestBit(rest)]!] = 0;
    }
    if (chain.count === 0) return;
    const number = this.#groups.numbers[at]!;
    if (this.#table.find(chain.low[0]!, chain.high[0]!, number) < 0) return;
    for (let rest = lanes[at]!; rest !== 0; rest &= rest - 1) {
      const lane = lowestBit(rest);
      const slot = number * GROUP_SLOTS + lane;
      this.#clocks[lane] = this.#clockOf(slot) | 0;
      this.#pages[lane] = this.#pagesOf(slot);
    }
    const alive = this.#aliveAt(0, at, lanes[at]!);
    if (alive !== 0) this.#refine(at, alive, 1, chain.count);
  }

  /** Of the lanes that hold block `low`, which hold more: each gets its deepest block. */
  #refine(at: number, lanes: number, low: number, high: number): void {
    let alive = lanes;
    let floor = low;
    let ceiling = high;
    while (alive !== 0 && floor < ceiling) {
      const middle = (floor + ceiling + 1) >> 1;
      const deeper = this.#aliveAt(middle - 1, at, alive);
      const rest = alive & ~deeper;
      if (deeper === 0) {
        ceiling = middle - 1;
      } else {
        if (rest !== 0) this.#refine(at, rest, floor, middle - 1);
        alive = deeper;
        floor = middle;
      }
    }
    const { members } = this.#groups;
    for (let rest = alive; rest !== 0; rest &= rest - 1) {
      this.matched[members[at * GROUP_SLOTS + lowestBit(rest)]!] = floor;
    }
  }

  #isPopular(chain: BlockChain, block: number, tick: number, horizonTicks: number): boolean {
    const { numbers, placeOf, sizes } = this.#groups;
    if (this.#isWindow) {
      const entry = this.#directory.find(chain, block);
      return entry >= 0 && this.#table.gapTicks(entry, tick) * placeOf.length <= horizonTicks;
    }
    for (let at = 0; at < numbers.length; at++) {
      const entry = this.#table.find(chain.low[block]!, chain.high[block]!, numbers[at]!);
      if (entry < 0) continue;
      if (this.#table.gapTicks(entry, tick) * sizes[at]! <= horizonTicks) return true;
    }
    return false;
  }

  /** Which of these lanes hold the block, as bits. */
  #aliveAt(block: number, at: number, lanes: number): number {
    const { numbers } = this.#groups;
    const table = this.#table;
    const chain = this.#chain;
    const entry = table.find(chain.low[block]!, chain.high[block]!, numbers[at]!);
    if (entry < 0) return 0;
    let alive = 0;
    for (let rest = lanes; rest !== 0; rest &= rest - 1) {
      const lane = lowestBit(rest);
      const stamp = table.stamp(entry, lane);
      if (stamp === 0) continue;
      if (((this.#clocks[lane]! - stamp) | 0) <= this.#pages[lane]!) alive |= 1 << lane;
    }
    return alive;
  }

  #clockOf(slot: number): number {
    const { workers, control } = this.#columns;
    let pages = (control.restarts[slot]! + control.tenancy[slot]!) * RESTART_PAGES;
    for (let worker = 0; worker < workers.length; worker++) {
      pages += workers[worker]!.cachePages[slot]!;
    }
    return pages;
  }

  #pagesOf(slot: number): number {
    const said = this.#columns.control.cacheTokens[slot]! / PAGE_TOKENS;
    return Math.min(MAX_CACHE_PAGES, said > 0 ? said : this.#defaultPages);
  }

  #groupsOf(pool: Pool): PoolGroups {
    let groups = this.#known.get(pool);
    if (groups === undefined) {
      groups = groupsOf(pool);
      this.#known.set(pool, groups);
    }
    if (this.matched.length < pool.size) this.matched = new Int32Array(pool.size);
    this.#groups = groups;
    return groups;
  }
}

/**
 * The slot is given to another endpoint: nothing is believed of it any more. Only when no worker
 * uses the slot; its pages and restarts may be set to zero afterwards.
 */
export function forgetPrefixes({ workers, control }: Columns, slot: number): void {
  let pages = 0;
  for (const worker of workers) pages += worker.cachePages[slot]!;
  control.tenancy[slot]! += 1 + control.restarts[slot]! + Math.ceil(pages / RESTART_PAGES);
}

function tickOf(nowMs: number): number {
  return Math.floor(nowMs / TICK_MS) | 0;
}

/** Place of the lowest bit that is set. */
function lowestBit(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}
