// HOT PATH
/**
 * Drawing members of a pool with probability proportional to weight: one random number and a
 * binary search in the prefix sums, so 10 steps at 1,000 members.
 *
 * bench: bench/pick.ts
 */
import type { Random } from '../random.ts';
import type { Pool } from './picker.ts';

/**
 * How many draws may miss the gate before a picker looks at every member. With half of the pool
 * closed, 1 pick in 16 pays for the scan; with a tenth closed, 1 in 10,000.
 */
export const DRAWS = 4;

/** Any member; the pool is not empty. */
export function draw(pool: Pool, random: Random): number {
  return memberAt(pool, random.next() * pool.cumulative[pool.size - 1]!);
}

/**
 * Any member but `other`, by weight among the rest: the other's stretch is cut out of the line, so
 * a dominating weight needs no repeated draws. Rounding may still return `other`; callers check.
 */
export function drawBeside(pool: Pool, other: number, random: Random): number {
  const weight = pool.weights[other]!;
  let point = random.next() * (pool.cumulative[pool.size - 1]! - weight);
  if (point >= pool.cumulative[other]! - weight) point += weight;
  return memberAt(pool, point);
}

/** The first member whose prefix sum lies beyond `point`. */
function memberAt(pool: Pool, point: number): number {
  const cumulative = pool.cumulative;
  let low = 0;
  let high = pool.size - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (cumulative[middle]! > point) high = middle;
    else low = middle + 1;
  }
  return low;
}
