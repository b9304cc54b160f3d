// HOT PATH — bench: bench/pick.ts (only endpoints with a token limit)
/**
 * At most `limit` tokens per endpoint in any 60 s, over all workers, without a lock: a ring of
 * one-second buckets like `core/rate-window`, whose reasoning holds here too. What a request will
 * cost is known only after it: an estimate is reserved first and settled with what the engine says.
 *
 * A cell holds in one Int32 how often the ring had gone round when it was last used (12 bits) and
 * how many units of four tokens were charged since (20 bits, four million tokens in one second;
 * what is more is not counted). Rings wrap after three days: an endpoint that was idle for exactly
 * that long may see its old minute once more.
 */
const BUCKET_MS = 1000;
/** 60 s touch at most 61 buckets; one more for requests that reach the engine a little later. */
const LIVE_BUCKETS = 62;
const RING = 64;
/** After the ring: the cell that puts the reservations of a slot in order. */
const ORDER = RING;

/** Int32 cells per slot. */
export const TOKEN_CELLS = RING + 1;

const TOKENS_PER_UNIT = 4;
const ROUND_BITS = 20;
const MASK = (1 << ROUND_BITS) - 1;
const ROUNDS = 1 << (32 - ROUND_BITS);

/**
 * Reserves so many tokens if that keeps the endpoint within `limit`; one request that asks for
 * more than all of it is let in when nobody else is. False = nothing was reserved.
 */
export function reserve(
  cells: Int32Array,
  slot: number,
  { limit, tokens }: { readonly limit: number; readonly tokens: number },
  nowMs: number,
): boolean {
  const base = slot * TOKEN_CELLS;
  const most = unitsOf(limit);
  const units = Math.min(most, unitsOf(tokens));
  const bucket = Math.floor(nowMs / BUCKET_MS);
  const cell = base + (bucket % RING);
  for (;;) {
    const seen = Atomics.load(cells, cell);
    if (sumLive(cells, base, bucket) + units > most) return false;
    const next = plus(seen, bucket, units);
    if (Atomics.compareExchange(cells, cell, seen, next) !== seen) continue;
    Atomics.add(cells, base + ORDER, 1);
    if (sumLive(cells, base, bucket) <= most) return true;
    take(cells, base, bucket, units);
    return false;
  }
}

/**
 * Replaces a reservation made at `reservedAtMs` by what the request cost; 0 = it never went up.
 * What it cost beyond the reservation counts from now on.
 */
export function settle(
  cells: Int32Array,
  slot: number,
  { limit, tokens }: { readonly limit: number; readonly tokens: number },
  { reservedAtMs, actual, nowMs }: SettledTokens,
): void {
  const base = slot * TOKEN_CELLS;
  const more = unitsOf(actual) - Math.min(unitsOf(limit), unitsOf(tokens));
  if (more > 0) add(cells, base, Math.floor(nowMs / BUCKET_MS), more);
  else if (more < 0) take(cells, base, Math.floor(reservedAtMs / BUCKET_MS), -more);
}

export interface SettledTokens {
  readonly reservedAtMs: number;
  readonly actual: number;
  readonly nowMs: number;
}

/** Tokens of the window that ends now; for tests. */
export function tokensUsed(cells: Int32Array, slot: number, nowMs: number): number {
  return TOKENS_PER_UNIT * sumLive(cells, slot * TOKEN_CELLS, Math.floor(nowMs / BUCKET_MS));
}

/** Milliseconds until so many tokens can be reserved if nobody else does; 0 = now. */
export function tokenWaitMs(
  cells: Int32Array,
  slot: number,
  { limit, tokens }: { readonly limit: number; readonly tokens: number },
  nowMs: number,
): number {
  const base = slot * TOKEN_CELLS;
  const bucket = Math.floor(nowMs / BUCKET_MS);
  const most = unitsOf(limit);
  let excess = sumLive(cells, base, bucket) + Math.min(most, unitsOf(tokens)) - most;
  if (excess <= 0) return 0;
  for (let from = Math.max(0, bucket - LIVE_BUCKETS + 1); from <= bucket; from++) {
    excess -= unitsIn(Atomics.load(cells, base + (from % RING)), from);
    if (excess <= 0) return (from + LIVE_BUCKETS) * BUCKET_MS - nowMs;
  }
  return LIVE_BUCKETS * BUCKET_MS;
}

function unitsOf(tokens: number): number {
  return Math.ceil(Math.max(0, tokens) / TOKENS_PER_UNIT);
}

/** Units of the live buckets, and of the next one: another worker's clock may read later. */
function sumLive(cells: Int32Array, base: number, bucket: number): number {
  let sum = 0;
  for (let at = bucket - LIVE_BUCKETS + 1; at <= bucket + 1; at++) {
    if (at >= 0) sum += unitsIn(cells[base + (at % RING)]!, at);
  }
  return sum;
}

/** The cell's units if it stands for this bucket, else 0. */
function unitsIn(value: number, bucket: number): number {
  return value >>> ROUND_BITS === Math.floor(bucket / RING) % ROUNDS ? value & MASK : 0;
}

/** The cell's value with so many units more in this bucket. */
function plus(value: number, bucket: number, units: number): number {
  const round = Math.floor(bucket / RING) % ROUNDS;
  return (round << ROUND_BITS) | Math.min(MASK, unitsIn(value, bucket) + units);
}

function add(cells: Int32Array, base: number, bucket: number, units: number): void {
  const cell = base + (bucket % RING);
  for (;;) {
    const seen = Atomics.load(cells, cell);
    if (Atomics.compareExchange(cells, cell, seen, plus(seen, bucket, units)) === seen) return;
  }
}

/** Takes units back from a bucket, unless it has left the ring. */
function take(cells: Int32Array, base: number, bucket: number, units: number): void {
  const cell = base + (bucket % RING);
  for (;;) {
    const seen = Atomics.load(cells, cell);
    const has = unitsIn(seen, bucket);
    if (has === 0) return;
    const next = seen - Math.min(has, units);
    if (Atomics.compareExchange(cells, cell, seen, next) === seen) return;
  }
}
