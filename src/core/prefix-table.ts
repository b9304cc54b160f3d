// HOT PATH
/**
 * Which endpoint was given which prefix, for all workers of the process: a table of fixed size in
 * shared memory. An entry belongs to one block and one group of 16 neighbouring slots; its row has
 * a stamp for each slot of the group. Sets of four entries; the one that was touched longest ago
 * makes room. A set begins with what is said of its entries, all in one cache line, and their rows
 * follow, a line each: looking up costs two lines at most, claiming no more.
 *
 * Invariants: the memory never grows; no entry is ever half of one block and half of another for
 * longer than its claiming takes, because an entry is claimed with one atomic exchange and is empty
 * until its row is cleared. A lost race costs one block's memory of one placement, nothing else.
 *
 * bench: bench/prompt.ts
 */

/** Slots of one entry: a row is one cache line. */
export const GROUP_SLOTS = 16;
const GROUP_SHIFT = 4;
const LANE_MASK = GROUP_SLOTS - 1;
const WAYS = 4;
/** From a tag in a set's first line to the time of the last touch and the time between touches. */
const TOUCHED = WAYS;
const GAPS = 2 * WAYS;
const LINE_CELLS = 16;
const SET_CELLS = LINE_CELLS + WAYS * GROUP_SLOTS;
const SET_BYTES = SET_CELLS * 4;
/** Of a block that was touched once. */
const FIRST_GAP_TICKS = 600;
/** Gaps are kept in this part of a tick, and move a quarter of the way. */
const GAP_PARTS = 16;
const EMPTY = 0;
/** Claimed, row not clean yet. */
const CLAIMED = 1;
const HEADER_CELLS = LINE_CELLS;

export function groupOf(slot: number): number {
  return slot >> GROUP_SHIFT;
}

export function laneOf(slot: number): number {
  return slot & LANE_MASK;
}

/** The memory of a table of about `bytes`; `salt` keeps outsiders from choosing where they land. */
export function createPrefixMemory(bytes: number, salt: number): SharedArrayBuffer {
  const sets = Math.max(1, Math.floor(bytes / SET_BYTES));
  const memory = new SharedArrayBuffer(HEADER_CELLS * 4 + sets * SET_BYTES);
  new Int32Array(memory, 0, 1)[0] = salt;
  return memory;
}

/** Entry e is the one of way `e % WAYS` in set `e / WAYS`. */
export class PrefixTable {
  /** The same for all workers; hashing starts from it. */
  readonly salt: number;
  readonly #sets: number;
  readonly #cells: Int32Array;

  constructor(memory: SharedArrayBuffer) {
    const cells = new Int32Array(memory);
    this.salt = cells[0]!;
    this.#sets = (cells.length - HEADER_CELLS) / SET_CELLS;
    this.#cells = cells;
  }

  /** The entry of a block for a group of slots, or -1. */
  find(low: number, high: number, group: number): number {
    const first = this.#firstOf(low, group);
    const tag = tagOf(high, group);
    const cells = this.#cells;
    const cell = cellOf(first);
    if (cells[cell] === tag) return first;
    if (cells[cell + 1] === tag) return first + 1;
    if (cells[cell + 2] === tag) return first + 2;
    return cells[cell + 3] === tag ? first + 3 : -1;
  }

  /** The same, making the entry if there is none; -1 when another worker was faster. */
  claim(low: number, high: number, group: number, nowTick: number): number {
    const found = this.find(low, high, group);
    if (found >= 0) return found;
    const cells = this.#cells;
    const first = this.#firstOf(low, group);
    const cell = cellOf(first);
    let way = 0;
    for (let other = 0; other < WAYS; other++) {
      if (cells[cell + other] === EMPTY) {
        way = other;
        break;
      }
      if (((cells[cell + TOUCHED + other]! - cells[cell + TOUCHED + way]!) | 0) < 0) way = other;
    }
    const old = cells[cell + way]!;
    if (old === CLAIMED) return -1;
    if (Atomics.compareExchange(cells, cell + way, old, CLAIMED) !== old) return -1;
    const row = rowOf(first + way);
    for (let lane = 0; lane < GROUP_SLOTS; lane++) cells[row + lane] = 0;
    cells[cell + GAPS + way] = FIRST_GAP_TICKS * GAP_PARTS;
    cells[cell + TOUCHED + way] = nowTick;
    Atomics.store(cells, cell + way, tagOf(high, group));
    return first + way;
  }

  /** 0 = this slot never had the block. */
  stamp(entry: number, lane: number): number {
    return this.#cells[rowOf(entry) + lane]!;
  }

  setStamp(entry: number, lane: number, stamp: number): void {
    this.#cells[rowOf(entry) + lane] = stamp === 0 ? 1 : stamp;
  }

  /** Of an entry whose row is a set of bits; of two workers' bits both stay. */
  addBit(entry: number, bit: number): void {
    const cell = rowOf(entry) + (bit >> 5);
    const mask = 1 << (bit & 31);
    if ((this.#cells[cell]! & mask) === 0) Atomics.or(this.#cells, cell, mask);
  }

  /** The block is used now; ticks wrap at 2^32. */
  touch(entry: number, nowTick: number): void {
    const cells = this.#cells;
    const cell = cellOf(entry);
    const gap = cells[cell + GAPS]!;
    const seen = Math.max(0, (nowTick - cells[cell + TOUCHED]!) | 0);
    cells[cell + GAPS] = gap + ((Math.min(seen, FIRST_GAP_TICKS) * GAP_PARTS - gap) >> 2);
    cells[cell + TOUCHED] = nowTick;
  }

  /** Ticks between two uses of the block, of late. */
  gapTicks(entry: number, nowTick: number): number {
    const cell = cellOf(entry);
    const seen = (nowTick - this.#cells[cell + TOUCHED]!) | 0;
    return Math.max(seen, this.#cells[cell + GAPS]! / GAP_PARTS);
  }

  #firstOf(low: number, group: number): number {
    // The upper bits choose: hashes are mixed there.
    const mixed = Math.imul(low ^ Math.imul(group + 1, 0x9e3779b1), 0x85ebca6b) >>> 0;
    return Math.floor((mixed / 4294967296) * this.#sets) * WAYS;
  }
}

/** Where an entry's tag is. */
function cellOf(entry: number): number {
  return HEADER_CELLS + (entry >> 2) * SET_CELLS + (entry & 3);
}

/** Where an entry's row begins. */
function rowOf(entry: number): number {
  return HEADER_CELLS + LINE_CELLS + (entry >> 2) * SET_CELLS + (entry & 3) * GROUP_SLOTS;
}

function tagOf(high: number, group: number): number {
  const tag = high ^ Math.imul(group, 0xc2b2ae35);
  return tag === EMPTY || tag === CLAIMED ? 2 : tag;
}
