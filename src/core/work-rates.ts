// HOT PATH
/**
 * How fast each endpoint is, learned from what it answered: the time to the first byte as a
 * constant, a price for each prompt token that has to be computed, and a price for each answer that
 * is being generated beside it. Nothing of it is configured.
 *
 * A worker moves its own estimate a step towards each observation (normalised least mean squares);
 * readers average over workers by how much each has seen, and lean on the cluster's median until
 * an endpoint has been seen often enough. Source: Widrow & Hoff, "Adaptive switching circuits",
 * 1960, in the normalised form of Nagumo & Noda, 1967.
 *
 * bench: bench/prompt.ts
 */
import type { Columns, WorkerColumns } from './columns.ts';
import type { Pool } from './pickers/picker.ts';

/** An endpoint nobody has measured: 8,000 prompt tokens a second. */
const FIRST_MS_PER_TOKEN = 0.125;
/** Until measured, an answer beside it weighs as much as so many prompt tokens. */
const FIRST_RUNNING_TOKENS = 16;
/** Share of the error that one observation mends. */
const STEP = 0.05;
/** Scales that make the three inputs comparable. */
const TOKENS_SCALE = 4096;
const RUNNING_SCALE = 16;
/** So many observations weigh as much as the cluster's median. */
const PRIOR_OBSERVATIONS = 8;
/** What is older than about this many observations is forgotten. */
const MAX_OBSERVATIONS = 200;
/** What was seen counts half when nothing was seen for this time since. */
const HALF_LIFE_MS = 60_000;
/** Never so little that nothing would be known. */
const MAX_HALVINGS = 40;
const REFRESH_MS = 100;
/** A refresh takes time by the size of the pool; so often it may. */
const REFRESH_MS_PER_MEMBER = 1.5;
/** Share of a price by which equal endpoints may seem to differ. */
const CHANCE = 0.25;

/** The time to a first byte, and what was known when the request was sent. */
export interface Observation {
  /** Uncomputed prompt tokens ahead of it and its own. */
  readonly tokens: number;
  /** Answers being generated on the endpoint. */
  readonly running: number;
  readonly tookMs: number;
  /** When it came. */
  readonly nowMs: number;
}

/** Learns in this worker's cells, `firstByteAtMs` still being that of the observation before. */
export function observe(own: WorkerColumns, slot: number, seen: Observation): void {
  // After a silence the new weighs more than the old, or one look would renew what had faded.
  const count = own.observations[slot]! * faded(seen.nowMs - own.firstByteAtMs[slot]!);
  let base = own.baseMs[slot]!;
  let perToken = own.msPerToken[slot]!;
  let perRunning = own.msPerRunning[slot]!;
  if (own.observations[slot] === 0) {
    perToken = FIRST_MS_PER_TOKEN;
    perRunning = perToken * FIRST_RUNNING_TOKENS;
  }
  const x = seen.tokens / TOKENS_SCALE;
  const y = seen.running / RUNNING_SCALE;
  const error = seen.tookMs - base - perToken * seen.tokens - perRunning * seen.running;
  // The first observations move faster: there is little yet that they could spoil.
  const step = (Math.max(STEP, 1 / (count + 2)) * error) / (1 + x * x + y * y);
  base += step;
  perToken += (step * x) / TOKENS_SCALE;
  perRunning += (step * y) / RUNNING_SCALE;
  own.baseMs[slot] = Math.max(0, base);
  own.msPerToken[slot] = Math.max(1e-4, perToken);
  own.msPerRunning[slot] = Math.max(own.msPerToken[slot]!, perRunning);
  own.observations[slot] = Math.min(MAX_OBSERVATIONS, count + 1);
}

/** What is left of the weight of what was last seen so long ago. */
function faded(sinceMs: number): number {
  return 2 ** -Math.min(MAX_HALVINGS, Math.max(0, sinceMs) / HALF_LIFE_MS);
}

/** The rates of a pool's members as a picker uses them; refreshed now and then. */
export class PoolRates {
  readonly baseMs: Float64Array;
  readonly msPerToken: Float64Array;
  readonly msPerRunning: Float64Array;
  readonly #columns: Columns;
  readonly #slots: Int32Array;
  readonly #refreshMs: number;
  #freshUntilMs = 0;
  readonly #seen: Float64Array;
  readonly #sorted: Float64Array;

  constructor(columns: Columns, { size, slots }: Pool) {
    this.baseMs = new Float64Array(size);
    this.msPerToken = new Float64Array(size);
    this.msPerRunning = new Float64Array(size);
    this.#columns = columns;
    this.#slots = slots;
    this.#refreshMs = Math.max(REFRESH_MS, size * REFRESH_MS_PER_MEMBER);
    this.#seen = new Float64Array(size);
    this.#sorted = new Float64Array(size);
  }

  refresh(nowMs: number): void {
    if (nowMs < this.#freshUntilMs) return;
    this.#freshUntilMs = nowMs + this.#refreshMs;
    const size = this.#seen.length;
    let known = 0;
    for (let member = 0; member < size; member++) {
      this.#gather(member, this.#slots[member]!, nowMs);
      if (this.#seen[member] !== 0) known++;
    }
    this.#settle(this.baseMs, size, known, 0);
    this.#settle(this.msPerToken, size, known, FIRST_MS_PER_TOKEN);
    const perRunning = FIRST_MS_PER_TOKEN * FIRST_RUNNING_TOKENS;
    this.#settle(this.msPerRunning, size, known, perRunning);
  }

  /**
   * From what was seen of each member to what is believed: by how much was seen, between that and
   * what is common in the cluster; and what chance may explain is no difference at all, or equal
   * endpoints would not be used alike.
   */
  #settle(prices: Float64Array, size: number, known: number, first: number): void {
    const usual = known === 0 ? first : this.#median(prices, size, known);
    for (let member = 0; member < size; member++) {
      const seen = this.#seen[member]!;
      const difference = prices[member]! - usual;
      const isReal = seen > 0 && Math.abs(difference) > CHANCE * usual;
      const share = isReal ? seen / (seen + PRIOR_OBSERVATIONS) : 0;
      prices[member] = usual + share * difference;
    }
  }

  #median(prices: Float64Array, size: number, known: number): number {
    let count = 0;
    for (let member = 0; member < size; member++) {
      if (this.#seen[member] !== 0) this.#sorted[count++] = prices[member]!;
    }
    const sorted = this.#sorted.subarray(0, count).sort();
    return (sorted[(known - 1) >> 1]! + sorted[known >> 1]!) / 2;
  }

  /**
   * The mean over workers, by how much each has seen. Who seemed dear gets no requests where the
   * load is low, and could never show that it is not: so what was seen fades with time.
   */
  #gather(member: number, slot: number, nowMs: number): void {
    const { workers } = this.#columns;
    let lastMs = 0;
    let seen = 0;
    let base = 0;
    let perToken = 0;
    let perRunning = 0;
    for (let index = 0; index < workers.length; index++) {
      const worker = workers[index]!;
      const count = worker.observations[slot]!;
      seen += count;
      if (worker.firstByteAtMs[slot]! > lastMs) lastMs = worker.firstByteAtMs[slot]!;
      base += count * worker.baseMs[slot]!;
      perToken += count * worker.msPerToken[slot]!;
      perRunning += count * worker.msPerRunning[slot]!;
    }
    this.#seen[member] = seen * faded(nowMs - lastMs);
    this.baseMs[member] = seen === 0 ? 0 : base / seen;
    this.msPerToken[member] = seen === 0 ? 0 : perToken / seen;
    this.msPerRunning[member] = seen === 0 ? 0 : perRunning / seen;
  }
}
