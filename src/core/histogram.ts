// HOT PATH
/**
 * Log-linear histograms of fixed size: every power of two is cut into 2^precisionBits equal
 * buckets, so a bucket is never wider than its values divided by 2^precisionBits, from a
 * microsecond to hours. The idea is that of HDR Histogram (Tene).
 *
 * Invariant: a histogram lives in `scale.cellCount` consecutive numbers that may lie in shared
 * memory, has one writer, and all zeros is an empty one. Merging adds cell by cell, so the
 * quantiles of a merged histogram are those of all its samples, not an average of quantiles.
 *
 *     | count | sum | min | max | bucket 0 | bucket 1 | … |
 *
 * bench: bench/main.ts
 */

const COUNT = 0;
const SUM = 1;
const MIN = 2;
const MAX = 3;
const FIRST_BUCKET = 4;

/** `record` looks at 32 bits at a time. */
const WORD = 2 ** 32;
const HALF_WORD_BITS = 16;
const HALF_WORD = 2 ** HALF_WORD_BITS;

/** Which values share a bucket; tests walk through all. Only histograms of one scale merge. */
export class HistogramScale {
  readonly precisionBits: number;
  readonly bucketCount: number;
  /** Numbers that one histogram takes. */
  readonly cellCount: number;
  /** Values from here on all count in the last bucket (but `max` and `sum` stay exact). */
  readonly limit: number;
  /** Below this value every whole number has a bucket of its own. */
  readonly linear: number;

  /**
   * `precisionBits` is 1 … 12: quantiles are within 1/2^(precisionBits+1) of a recorded sample,
   * 0.4 % for 7 bits. `valueBits` is at most 48: values below 2^valueBits are told apart.
   */
  constructor(precisionBits: number, valueBits: number) {
    if (precisionBits < 1 || precisionBits > 12 || valueBits > 48 || valueBits <= precisionBits) {
      throw new RangeError(`no histogram of ${precisionBits} and ${valueBits} bits`);
    }
    this.precisionBits = precisionBits;
    this.linear = 2 ** (precisionBits + 1);
    this.limit = 2 ** valueBits;
    this.bucketCount = this.linear + (valueBits - precisionBits - 1) * 2 ** precisionBits;
    this.cellCount = FIRST_BUCKET + this.bucketCount;
  }

  /** The bucket of a value; fractions are cut off, and what is not above 0 is 0. */
  indexOf(value: number): number {
    if (!(value > 0)) return 0;
    if (value < this.linear) return Math.trunc(value);
    if (value >= this.limit) return this.bucketCount - 1;
    let high = value;
    let exponent = 0;
    if (value >= WORD) {
      high = Math.trunc(value / HALF_WORD);
      exponent = HALF_WORD_BITS;
    }
    const top = 31 - Math.clz32(high);
    exponent += top - this.precisionBits - 1;
    const half = this.linear / 2;
    // The topmost bit is known to be 1: what follows it says where within its power of two.
    return this.linear + exponent * half + (high >>> (top - this.precisionBits)) - half;
  }

  /** The smallest value of a bucket. */
  lower(index: number): number {
    if (index < this.linear) return index;
    const half = this.linear / 2;
    const beyond = index - this.linear;
    return (half + (beyond % half)) * 2 ** (Math.trunc(beyond / half) + 1);
  }

  /** The smallest value above a bucket: the lower bound of the next one. */
  upper(index: number): number {
    return this.lower(index + 1);
  }

  /** What stands for all values of a bucket: the middle of its whole numbers. */
  middle(index: number): number {
    return (this.lower(index) + this.upper(index) - 1) / 2;
  }
}

/** Counts of one scale; tests hold its quantiles against exact ones. */
export class Histogram {
  readonly scale: HistogramScale;
  /** Its `scale.cellCount` numbers, for sending them elsewhere. */
  readonly cells: Float64Array<ArrayBufferLike>;

  /** Over given cells (possibly shared, possibly filled already), or over its own. */
  constructor(
    scale: HistogramScale,
    cells: Float64Array<ArrayBufferLike> = new Float64Array(scale.cellCount),
  ) {
    if (cells.length !== scale.cellCount) {
      throw new RangeError(`${cells.length} cells for a histogram of ${scale.cellCount}`);
    }
    this.scale = scale;
    this.cells = cells;
  }

  record(value: number): void {
    this.recordTimes(value, 1);
  }

  /** Records the same value so many times. */
  recordTimes(value: number, times: number): void {
    const cells = this.cells;
    const known = value > 0 ? value : 0;
    if (cells[COUNT] === 0 || known < cells[MIN]!) cells[MIN] = known;
    if (known > cells[MAX]!) cells[MAX] = known;
    cells[SUM]! += known * times;
    cells[FIRST_BUCKET + this.scale.indexOf(known)]! += times;
    // Last: who reads in between finds at least as many samples in the buckets.
    cells[COUNT]! += times;
  }

  /** Adds all samples of another histogram of the same scale. */
  merge(other: Histogram): void {
    const from = other.cells;
    const to = this.cells;
    if (from.length !== to.length) throw new RangeError('histograms of different scales');
    if (from[COUNT] === 0) return;
    if (to[COUNT] === 0 || from[MIN]! < to[MIN]!) to[MIN] = from[MIN]!;
    if (from[MAX]! > to[MAX]!) to[MAX] = from[MAX]!;
    to[COUNT]! += from[COUNT]!;
    to[SUM]! += from[SUM]!;
    for (let i = FIRST_BUCKET; i < to.length; i++) to[i]! += from[i]!;
  }

  /** What was recorded since `before` was copied from it; extremes are as exact as a bucket. */
  since(before: Histogram): Histogram {
    const later = new Histogram(this.scale);
    for (let i = 0; i < this.cells.length; i++) later.cells[i] = this.cells[i]! - before.cells[i]!;
    let first = 0;
    let last = this.scale.bucketCount - 1;
    while (first < last && later.at(first) === 0) first++;
    while (last > first && later.at(last) === 0) last--;
    later.cells[MIN] = this.scale.middle(first);
    later.cells[MAX] = Math.min(this.cells[MAX]!, this.scale.middle(last));
    return later;
  }

  clear(): void {
    this.cells.fill(0);
  }

  count(): number {
    return this.cells[COUNT]!;
  }

  sum(): number {
    return this.cells[SUM]!;
  }

  /** NaN when empty, as all that follows. */
  min(): number {
    return this.count() === 0 ? Number.NaN : this.cells[MIN]!;
  }

  max(): number {
    return this.count() === 0 ? Number.NaN : this.cells[MAX]!;
  }

  mean(): number {
    return this.sum() / this.count();
  }

  /** Standard deviation of all samples, from the middles of their buckets. */
  deviation(): number {
    const mean = this.mean();
    let squares = 0;
    for (let i = 0; i < this.scale.bucketCount; i++) {
      const times = this.cells[FIRST_BUCKET + i]!;
      if (times > 0) squares += times * (this.scale.middle(i) - mean) ** 2;
    }
    return Math.sqrt(squares / this.count());
  }

  /** How many samples a bucket has. */
  at(index: number): number {
    return this.cells[FIRST_BUCKET + index]!;
  }

  /** The sample of nearest rank, as exactly as its bucket tells: `q` is 0 … 1. */
  quantile(q: number): number {
    const count = this.count();
    if (count === 0) return Number.NaN;
    const rank = Math.min(count, Math.max(1, Math.ceil(q * count)));
    if (rank === count) return this.max();
    let index = 0;
    let seen = this.at(0);
    while (seen < rank && index < this.scale.bucketCount - 1) {
      index++;
      seen += this.at(index);
    }
    return Math.min(this.max(), Math.max(this.min(), this.scale.middle(index)));
  }
}
