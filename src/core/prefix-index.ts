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
 * bench: bench/prompt.ts
 */
import { BlockChain } from './block-chain.ts';
import type { Columns, WorkerColumns } from './columns.ts';
import type { Pool } from './pickers/picker.ts';
import { GROUP_SLOTS, groupOf, laneOf, type PrefixTable } from './prefix-table.ts';

/** How finely the table tells times. */
const TICK_MS = 100;
/** What clocks count. */
const PAGE_TOKENS = 16;
/** More than any cache holds, and few enough that 2^32 has room for many of them. */
const RESTART_PAGES = 2 ** 24;
const MAX_CACHE_PAGES = RESTART_PAGES - 1;

/** The members of a pool by group of slots, found once for each pool. */
interface Groups {
  /** Group numbers, each once. */
  readonly numbers: Int32Array;
  /** For group i and lane l at i × GROUP_SLOTS + l: the member, or -1. */
  readonly members: Int32Array;
  /** For group i: the lanes that belong to members, as bits. */
  readonly lanes: Int32Array;
  /** Members in each group. */
  readonly sizes: Int32Array;
}

const NO_GROUPS: Groups = {
  numbers: new Int32Array(0),
  members: new Int32Array(0),
  lanes: new Int32Array(0),
  sizes: new Int32Array(0),
};

export class PrefixIndex {
  /** Filled by `match`: blocks of the prompt that each member holds. */
  matched = new Int32Array(0);
  readonly #table: PrefixTable;
  readonly #columns: Columns;
  readonly #own: WorkerColumns;
  #defaultPages: number;
  /** Where the blocks of the prompt being recorded stand. */
  #entries = new Int32Array(0);
  #clocks = new Int32Array(0);
  #pages = new Int32Array(0);
  readonly #known = new WeakMap<Pool, Groups>();
  #groups: Groups = NO_GROUPS;
  /** The prompt that is being matched. */
  #chain = new BlockChain();

  /** `cacheTokens`: what an engine's cache holds when it does not say so itself. */
  constructor(table: PrefixTable, columns: Columns, worker: number, cacheTokens: number) {
    this.#table = table;
    this.#columns = columns;
    this.#own = columns.workers[worker]!;
    this.#defaultPages = cacheTokens / PAGE_TOKENS;
  }

  /** What an engine's cache holds that does not say so itself. */
  setDefaultCache(tokens: number): void {
    this.#defaultPages = tokens / PAGE_TOKENS;
  }

  /** Looks the prompt up for every member of the pool; the result is in `matched`. */
  match(chain: BlockChain, pool: Pool): void {
    const groups = this.#groupsOf(pool);
    const { matched } = this;
    for (let member = 0; member < pool.size; member++) {
      const slot = pool.slots[member]!;
      matched[member] = 0;
      this.#clocks[member] = this.#clockOf(slot) | 0;
      this.#pages[member] = this.#pagesOf(slot);
    }
    if (chain.count === 0) return;
    this.#chain = chain;
    for (let at = 0; at < groups.numbers.length; at++) {
      const alive = this.#aliveAt(0, at, groups.lanes[at]!);
      if (alive !== 0) this.#refine(at, alive, 1, chain.count);
    }
  }

  /**
   * How many of the prompt's first blocks are popular: used so often that each endpoint would meet
   * them within `horizonMs` if they were spread evenly. To be asked after `match`.
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
    }
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
    for (let lane = 0; lane < GROUP_SLOTS; lane++) {
      if ((alive & (1 << lane)) !== 0) this.matched[members[at * GROUP_SLOTS + lane]!] = floor;
    }
  }

  #isPopular(chain: BlockChain, block: number, tick: number, horizonTicks: number): boolean {
    const { numbers, sizes } = this.#groups;
    for (let at = 0; at < numbers.length; at++) {
      const entry = this.#table.find(chain.low[block]!, chain.high[block]!, numbers[at]!);
      if (entry < 0) continue;
      if (this.#table.gapTicks(entry, tick) * sizes[at]! <= horizonTicks) return true;
    }
    return false;
  }

  /** Which of these lanes hold the block, as bits. */
  #aliveAt(block: number, at: number, lanes: number): number {
    const { numbers, members } = this.#groups;
    const table = this.#table;
    const chain = this.#chain;
    const entry = table.find(chain.low[block]!, chain.high[block]!, numbers[at]!);
    if (entry < 0) return 0;
    let alive = 0;
    for (let lane = 0; lane < GROUP_SLOTS; lane++) {
      if ((lanes & (1 << lane)) === 0) continue;
      const stamp = table.stamp(entry, lane);
      if (stamp === 0) continue;
      const member = members[at * GROUP_SLOTS + lane]!;
      if (((this.#clocks[member]! - stamp) | 0) <= this.#pages[member]!) alive |= 1 << lane;
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

  #groupsOf(pool: Pool): Groups {
    let groups = this.#known.get(pool);
    if (groups === undefined) {
      groups = groupsOf(pool);
      this.#known.set(pool, groups);
    }
    if (this.matched.length < pool.size) {
      this.matched = new Int32Array(pool.size);
      this.#clocks = new Int32Array(pool.size);
      this.#pages = new Int32Array(pool.size);
    }
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

function groupsOf(pool: Pool): Groups {
  const numbers: number[] = [];
  for (let member = 0; member < pool.size; member++) {
    const group = groupOf(pool.slots[member]!);
    if (!numbers.includes(group)) numbers.push(group);
  }
  const members = new Int32Array(numbers.length * GROUP_SLOTS).fill(-1);
  const lanes = new Int32Array(numbers.length);
  const sizes = new Int32Array(numbers.length);
  for (let member = 0; member < pool.size; member++) {
    const slot = pool.slots[member]!;
    const at = numbers.indexOf(groupOf(slot));
    members[at * GROUP_SLOTS + laneOf(slot)] = member;
    lanes[at] = lanes[at]! | (1 << laneOf(slot));
    sizes[at]!++;
  }
  return { numbers: Int32Array.from(numbers), members, lanes, sizes };
}
