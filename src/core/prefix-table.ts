// HOT PATH
/**
 * Which endpoint was given which prefix, for all workers of the process: a table of fixed size in
 * shared memory. An entry belongs to one block and one group of 16 neighbouring slots; its row has
 * a stamp for each slot of the group. Sets of four entries; the one that was touched longest ago
 * makes room.
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
/** A row, its tag, the time of its last touch and the time between touches. */
const ENTRY_CELLS = GROUP_SLOTS + 3;
const ENTRY_BYTES = ENTRY_CELLS * 4;
/** Of a block that was touched once. */
const FIRST_GAP_TICKS = 600;
/** Gaps are kept in this part of a tick, and move a quarter of the way. */
const GAP_PARTS = 16;
const EMPTY = 0;
/** Claimed, row not clean yet. */
const CLAIMED = 1;
const HEADER_CELLS = 16;

export function groupOf(slot: number): number {
  return slot >> GROUP_SHIFT;
}

export function laneOf(slot: number): number {
  return slot & LANE_MASK;
}

/** The memory of a table of about `bytes`; `salt` keeps outsiders from choosing where they land. */
export function createPrefixMemory(bytes: number, salt: number): SharedArrayBuffer {
  const sets = Math.max(1, Math.floor(bytes / (ENTRY_BYTES * WAYS)));
  const memory = new SharedArrayBuffer(HEADER_CELLS * 4 + sets * WAYS * ENTRY_BYTES);
  new Int32Array(memory, 0, 1)[0] = salt;
  return memory;
}

export class PrefixTable {
  /** The same for all workers; hashing starts from it. */
  readonly salt: number;
  readonly entries: number;
  readonly #sets: number;
  readonly #tags: Int32Array;
  readonly #touched: Int32Array;
  readonly #gaps: Int32Array;
  readonly #rows: Int32Array;

  constructor(memory: SharedArrayBuffer) {
    const cells = new Int32Array(memory);
    const sets = (cells.length - HEADER_CELLS) / (WAYS * ENTRY_CELLS);
    const entries = sets * WAYS;
    this.salt = cells[0]!;
    this.entries = entries;
    this.#sets = sets;
    this.#rows = cells.subarray(HEADER_CELLS, HEADER_CELLS + entries * GROUP_SLOTS);
    const behind = HEADER_CELLS + entries * GROUP_SLOTS;
    this.#tags = cells.subarray(behind, behind + entries);
    this.#touched = cells.subarray(behind + entries, behind + entries * 2);
    this.#gaps = cells.subarray(behind + entries * 2, behind + entries * 3);
  }

  /** The entry of a block for a group of slots, or -1. */
  find(low: number, high: number, group: number): number {
    const first = this.#firstOf(low, group);
    const tag = tagOf(high, group);
    const tags = this.#tags;
    if (tags[first] === tag) return first;
    if (tags[first + 1] === tag) return first + 1;
    if (tags[first + 2] === tag) return first + 2;
    return tags[first + 3] === tag ? first + 3 : -1;
  }

  /** The same, making the entry if there is none; -1 when another worker was faster. */
  claim(low: number, high: number, group: number, nowTick: number): number {
    const found = this.find(low, high, group);
    if (found >= 0) return found;
    const first = this.#firstOf(low, group);
    const tags = this.#tags;
    const touched = this.#touched;
    let victim = first;
    for (let entry = first; entry < first + WAYS; entry++) {
      if (tags[entry] === EMPTY) {
        victim = entry;
        break;
      }
      if (((touched[entry]! - touched[victim]!) | 0) < 0) victim = entry;
    }
    const old = tags[victim]!;
    if (old === CLAIMED) return -1;
    if (Atomics.compareExchange(tags, victim, old, CLAIMED) !== old) return -1;
    const row = victim * GROUP_SLOTS;
    this.#rows.fill(0, row, row + GROUP_SLOTS);
    this.#gaps[victim] = FIRST_GAP_TICKS * GAP_PARTS;
    this.#touched[victim] = nowTick;
    Atomics.store(tags, victim, tagOf(high, group));
    return victim;
  }

  /** 0 = this slot never had the block. */
  stamp(entry: number, lane: number): number {
    return this.#rows[entry * GROUP_SLOTS + lane]!;
  }

  setStamp(entry: number, lane: number, stamp: number): void {
    this.#rows[entry * GROUP_SLOTS + lane] = stamp === 0 ? 1 : stamp;
  }

  /** The block is used now; ticks wrap at 2^32. */
  touch(entry: number, nowTick: number): void {
    const gap = this.#gaps[entry]!;
    const seen = Math.max(0, (nowTick - this.#touched[entry]!) | 0);
    this.#gaps[entry] = gap + ((Math.min(seen, FIRST_GAP_TICKS) * GAP_PARTS - gap) >> 2);
    this.#touched[entry] = nowTick;
  }

  /** Ticks between two uses of the block, of late. */
  gapTicks(entry: number, nowTick: number): number {
    const seen = (nowTick - this.#touched[entry]!) | 0;
    return Math.max(seen, this.#gaps[entry]! / GAP_PARTS);
  }

  #firstOf(low: number, group: number): number {
    // The upper bits choose: hashes are mixed there.
    const mixed = Math.imul(low ^ Math.imul(group + 1, 0x9e3779b1), 0x85ebca6b) >>> 0;
    return Math.floor((mixed / 4294967296) * this.#sets) * WAYS;
  }
}

function tagOf(high: number, group: number): number {
  const tag = high ^ Math.imul(group, 0xc2b2ae35);
  return tag === EMPTY || tag === CLAIMED ? 2 : tag;
}
