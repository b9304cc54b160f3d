/**
 * The members of a pool by the groups of slots that the prefix table has entries for; made once
 * for each pool.
 */
import type { Pool } from './pickers/picker.ts';
import { GROUP_SLOTS, groupOf, laneOf } from './prefix-table.ts';

/** "Place" is where a group stands in these arrays, its number what the table knows it by. */
export interface PoolGroups {
  /** Group numbers, each once. */
  readonly numbers: Int32Array;
  /** For place i and lane l at i × GROUP_SLOTS + l: the member, or -1. */
  readonly members: Int32Array;
  /** For place i: the lanes that belong to members, as bits. */
  readonly lanes: Int32Array;
  /** Members in each group. */
  readonly sizes: Int32Array;
  /** The place of each member's group. */
  readonly placeOf: Int32Array;
  /** By group number: its place, or -1; numbers behind the last are not there. */
  readonly places: Int32Array;
}

export function groupsOf(pool: Pool): PoolGroups {
  const { size, slots } = pool;
  const numbers = Int32Array.from(new Set(Array.from(slots.subarray(0, size), groupOf)));
  const places = new Int32Array(1 + Math.max(-1, ...numbers)).fill(-1);
  for (const [place, number] of numbers.entries()) places[number] = place;
  const members = new Int32Array(numbers.length * GROUP_SLOTS).fill(-1);
  const lanes = new Int32Array(numbers.length);
  const sizes = new Int32Array(numbers.length);
  const placeOf = new Int32Array(size);
  for (let member = 0; member < size; member++) {
    const slot = slots[member]!;
    const place = places[groupOf(slot)]!;
    members[place * GROUP_SLOTS + laneOf(slot)] = member;
    lanes[place] = lanes[place]! | (1 << laneOf(slot));
    sizes[place]!++;
    placeOf[member] = place;
  }
  return { numbers, members, lanes, sizes, placeOf, places };
}
