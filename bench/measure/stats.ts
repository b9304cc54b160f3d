/**
 * Order statistics for the bench. Percentiles are nearest-rank over the full sample (nothing is
 * binned or dropped), so a p99 is a value that was really seen.
 */

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export interface Percentiles {
  readonly count: number;
  readonly mean: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

const NOTHING_SEEN: Percentiles = { count: 0, mean: 0, p50: 0, p99: 0, max: 0 };

/** A growing list of numbers without boxing: one doubling typed array. */
export class Sample {
  #values = new Float64Array(4096);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(value: number): void {
    if (this.#count === this.#values.length) {
      const wider = new Float64Array(this.#values.length * 2);
      wider.set(this.#values);
      this.#values = wider;
    }
    this.#values[this.#count++] = value;
  }

  clear(): void {
    this.#count = 0;
  }

  percentiles(): Percentiles {
    if (this.#count === 0) return NOTHING_SEEN;
    const sorted = this.#values.slice(0, this.#count).sort();
    let sum = 0;
    for (const value of sorted) sum += value;
    return {
      count: sorted.length,
      mean: sum / sorted.length,
      p50: nearestRank(sorted, 0.5),
      p99: nearestRank(sorted, 0.99),
      max: sorted[sorted.length - 1]!,
    };
  }
}

/** The smallest value with at least `fraction` of the sample at or below it. A seam for tests. */
export function nearestRank(sorted: ArrayLike<number>, fraction: number): number {
  if (sorted.length === 0) throw new RangeError('a percentile needs at least one value');
  const rank = Math.max(1, Math.ceil(fraction * sorted.length));
  return sorted[rank - 1]!;
}

/** Median and extremes of one figure over the rounds; null when no round produced it. */
export function spreadOf(values: readonly (number | null)[]): Spread | null {
  const seen = values.filter((value): value is number => value !== null && Number.isFinite(value));
  if (seen.length === 0) return null;
  seen.sort((a, b) => a - b);
  const middle = seen.length >> 1;
  const median = seen.length % 2 === 1 ? seen[middle]! : (seen[middle - 1]! + seen[middle]!) / 2;
  return { median, min: seen[0]!, max: seen[seen.length - 1]! };
}

/** Pairs two figures round by round, so drift of the machine between rounds cancels out. */
export function pairwise(
  left: readonly (number | null)[],
  right: readonly (number | null)[],
  combine: (left: number, right: number) => number,
): (number | null)[] {
  return left.map((value, round) => {
    const other = right[round] ?? null;
    return value === null || other === null ? null : combine(value, other);
  });
}
