// HOT PATH
/**
 * Which groups of slots hold a block at all, for models of so many endpoints that asking every
 * group would cost more than the pick is worth. Its entries lie in the prefix table itself, under a
 * group that no slot has; a row is a set of groups, a bit each.
 *
 * Invariant: a bit is set before or after its group's own entry and never taken back, so it is a
 * hint: who follows it looks the group up and may find that it holds nothing any more. What the
 * table has no room for is forgotten with its bits.
 *
 * bench: bench/prompt.ts
 */
import type { BlockChain } from './block-chain.ts';
import { GROUP_SLOTS, type PrefixTable } from './prefix-table.ts';

/** No slot belongs to it; a row has bits for 512 groups, twice those of all slots. */
const DIRECTORY = 1 << 20;

export class GroupDirectory {
  readonly #table: PrefixTable;

  constructor(table: PrefixTable) {
    this.#table = table;
  }

  /** A slot of `group` was given the prompt up to this block. */
  note(chain: BlockChain, block: number, group: number, tick: number): void {
    const table = this.#table;
    const entry = table.claim(chain.low[block]!, chain.high[block]!, DIRECTORY, tick);
    if (entry < 0) return;
    table.addBit(entry, group);
    table.touch(entry, tick);
  }

  /** Its entry, or -1 when no group holds the block. */
  find(chain: BlockChain, block: number): number {
    return this.#table.find(chain.low[block]!, chain.high[block]!, DIRECTORY);
  }

  /** Blocks of the prompt that some group holds, of which the first `low` are known to be held. */
  depth(chain: BlockChain, low: number): number {
    let floor = low;
    let ceiling = chain.count;
    while (floor < ceiling) {
      const middle = (floor + ceiling + 1) >> 1;
      if (this.find(chain, middle - 1) < 0) ceiling = middle - 1;
      else floor = middle;
    }
    return floor;
  }

  /** The first group of `entry` from `group` on, or -1. */
  groupFrom(entry: number, group: number): number {
    let word = group >> 5;
    let mask = -1 << (group & 31);
    for (; word < GROUP_SLOTS; word++, mask = -1) {
      const bits = this.#table.stamp(entry, word) & mask;
      if (bits !== 0) return word * 32 + 31 - Math.clz32(bits & -bits);
    }
    return -1;
  }
}
