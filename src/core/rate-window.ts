// HOT PATH
/**
 * At most `limit` requests per endpoint in any 60 s, exact over all workers, without a lock.
 *
 * A slot owns a ring of 244 buckets of 250 ms. A cell holds, in one Int32, how often the ring had
 * gone round when it was last used (16 bits) and how many requests were charged (16 bits), so that
 * reusing and counting are one compare-and-swap and nothing needs sweeping.
 *
 * Why 242 live buckets: 60 s touch at most 241 buckets; one more covers requests that reach the
 * engine up to 250 ms after their charge. Two further cells keep the live ones from being reused
 * by a worker whose clock reading is newer.
 *
 * Why no interleaving exceeds the limit: a charge counts itself, passes the slot's order cell and
 * sums again. Of the charges that share a window, the last to pass sees all others, and takes
 * itself back if they are too many. The order cell is there because the sums read plainly, which
 * is eight times faster than Atomics.load: only what a thread wrote before its pass is sure to be
 * seen by those that pass after it.
 *
 * Why racing workers do not starve each other: a charge changes the cell only if it is as it was
 * before the first sum, so of two that race for the last permit one wins and the other sees it
 * taken. Both can be refused only when they race across the border of two buckets; the next call
 * succeeds then.
 *
 * A reading of the clock that is behind is moved up to the newest charge. Rings wrap their count
 * after 46 days: an endpoint idle for exactly that long may see its old minute once more.
 *
 * bench: bench/pick.ts
 */
export const RATE_WINDOW_MS = 60_000;

const BUCKET_MS = 250;
const LIVE_BUCKETS = RATE_WINDOW_MS / BUCKET_MS + 2;

const RING = LIVE_BUCKETS + 2;
/** After the ring: the cell that puts the charges of a slot in order; its value says nothing. */
const ORDER = RING;

/** Int32 cells per slot. */
export const RATE_CELLS = RING + 1;

const ROUND_BITS = 16;
const MASK = 0xffff;
/** How far a late giveBack looks for a charge that was moved up: four buckets, one second. */
const MOVED_BUCKETS = 4;

/**
 * Counts one request against the endpoint if that keeps it within `limit`; 0 = unlimited, then the
 * request is counted all the same. False = at the limit, nothing was charged.
 */
export function charge(cells: Int32Array, slot: number, limit: number, nowMs: number): boolean {
  const base = slot * RATE_CELLS;
  let bucket = Math.floor(nowMs / BUCKET_MS);
  for (;;) {
    const cell = base + (bucket % RING);
    const seen = Atomics.load(cells, cell);
    if (limit > 0) {
      if (sumLive(cells, base, bucket) >= limit) return false;
      if (newest > bucket) {
        bucket = newest;
        continue;
      }
    }
    const next = plusOne(seen, bucket);
    if (next === seen) return limit === 0;
    if (Atomics.compareExchange(cells, cell, seen, next) !== seen) continue;
    if (limit === 0) return true;
    Atomics.add(cells, base + ORDER, 1);
    if (sumLive(cells, base, bucket) <= limit) return true;
    takeFrom(cells, cell, bucket);
    return false;
  }
}

/**
 * Takes a charge back because nothing was sent. `chargedAtMs` is the time `charge` was called
 * with; a charge that has left the window already is left alone.
 */
export function giveBack(cells: Int32Array, slot: number, chargedAtMs: number): void {
  const base = slot * RATE_CELLS;
  const first = Math.floor(chargedAtMs / BUCKET_MS);
  for (let bucket = first; bucket <= first + MOVED_BUCKETS; bucket++) {
    if (takeFrom(cells, base + (bucket % RING), bucket)) return;
  }
}

/** Requests charged in the window that ends now (up to 60.5 s of them). */
export function used(cells: Int32Array, slot: number, nowMs: number): number {
  return sumLive(cells, slot * RATE_CELLS, Math.floor(nowMs / BUCKET_MS));
}

/** Milliseconds until a charge can succeed if nobody else charges meanwhile; 0 = now. */
export function waitMs(cells: Int32Array, slot: number, limit: number, nowMs: number): number {
  const base = slot * RATE_CELLS;
  const bucket = Math.floor(nowMs / BUCKET_MS);
  let excess = limit === 0 ? 0 : sumLive(cells, base, bucket) - limit + 1;
  if (excess <= 0) return 0;
  const oldest = Math.max(0, bucket - LIVE_BUCKETS + 1);
  for (let from = oldest; from < oldest + RING; from++) {
    excess -= countIn(Atomics.load(cells, base + (from % RING)), from);
    if (excess <= 0) return (from + LIVE_BUCKETS) * BUCKET_MS - nowMs;
  }
  return RATE_WINDOW_MS;
}

/** The newest charged bucket that the last `sumLive` met, or the bucket it was asked about. */
let newest = 0;

/** Charges of the live buckets up to `bucket`, and of newer ones if other clocks are ahead. */
function sumLive(cells: Int32Array, base: number, bucket: number): number {
  const round = Math.floor(bucket / RING);
  const place = bucket - round * RING;
  const thisRound = round & MASK;
  const lastRound = (round - 1) & MASK;
  const nextRound = (round + 1) & MASK;
  let sum = 0;
  newest = bucket;
  for (let at = 0; at < RING; at++) {
    const value = cells[base + at]!;
    const count = value & MASK;
    if (count === 0) continue;
    const passed = at <= place;
    const back = passed ? place - at : place - at + RING;
    const usedIn = value >>> ROUND_BITS;
    if (usedIn === (passed ? thisRound : lastRound)) {
      if (back < LIVE_BUCKETS) sum += count;
    } else if (usedIn === (passed ? nextRound : thisRound)) {
      sum += count;
      if (bucket - back + RING > newest) newest = bucket - back + RING;
    }
  }
  return sum;
}

/** The cell's count if it stands for this bucket, else 0. */
function countIn(value: number, bucket: number): number {
  const round = Math.floor(bucket / RING) & MASK;
  return value >>> ROUND_BITS === round ? value & MASK : 0;
}

/** The cell's value with one charge more in this bucket; unchanged when its count is full. */
function plusOne(value: number, bucket: number): number {
  const round = Math.floor(bucket / RING) & MASK;
  if (value >>> ROUND_BITS !== round) return (round << ROUND_BITS) | 1;
  return (value & MASK) === MASK ? value : value + 1;
}

/** False when the cell holds no charge of this bucket. */
function takeFrom(cells: Int32Array, cell: number, bucket: number): boolean {
  for (;;) {
    const seen = Atomics.load(cells, cell);
    if (countIn(seen, bucket) === 0) return false;
    if (Atomics.compareExchange(cells, cell, seen, seen - 1) === seen) return true;
  }
}
