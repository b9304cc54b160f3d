/**
 * Replays a trace in virtual time: the core's own strategies, ledger, rates and prefix index place
 * the requests, simulated engines answer them. One seed, one run, always the same result.
 *
 * `oracle` is the strategy that no router can be: it sees every cache and every queue as they are
 * and weighs them by the same rule as `prefix-aware`, so what lies between the two is the price of
 * not seeing.
 */
import { identityOf } from '../core/affinity.ts';
import { Ask } from '../core/ask.ts';
import { type Columns, PROBE_UP } from '../core/columns.ts';
import { Dispatches } from '../core/dispatch.ts';
import { OWN_WEIGHT } from '../core/pickers/least-work.ts';
import type { Gate, Pool } from '../core/pickers/picker.ts';
import { PrefixIndex } from '../core/prefix-index.ts';
import { createPrefixMemory, PrefixTable } from '../core/prefix-table.ts';
import { Xorshift } from '../core/random.ts';
import { makeStrategy, type Strategy } from '../core/strategy.ts';
import { createFleetState } from '../state/layout.ts';
import type { EngineProfile } from './engine-profile.ts';
import type { Trace, TraceRequest } from './trace.ts';
import { VirtualEngine } from './virtual-engine.ts';

/** Something that happens to an engine. */
export interface Incident {
  readonly atMs: number;
  readonly engine: number;
  /** `restarts`: comes back at once with an empty cache; `dies` until it `joins` again. */
  readonly kind: 'restarts' | 'dies' | 'joins';
}

export interface ReplayOptions {
  readonly trace: Trace;
  /** One entry an engine: 2 is twice as fast as the profile. */
  readonly speeds: readonly number[];
  readonly profile: EngineProfile;
  readonly strategy: string;
  readonly seed: number;
  /** In order of time. */
  readonly incidents?: readonly Incident[];
}

/** One request as it went. */
export interface Placement {
  readonly atMs: number;
  readonly engine: number;
  readonly ttftMs: number;
  readonly promptTokens: number;
  readonly cachedTokens: number;
}

export interface ReplayResult {
  /** In the order in which they were answered. */
  readonly placements: readonly Placement[];
  /** Share of the prompt tokens that caches spared. */
  readonly hitRatio: number;
  /** Prompt tokens computed by the busiest engine ÷ the mean of all. */
  readonly maxOverMean: number;
}

export const ORACLE = 'oracle';

const SCRAPE_MS = 1_000;
const STALE_MS = 3 * SCRAPE_MS;
const PREFIX_BYTES = 64 * 1024 * 1024;
/** Arrivals are moved by up to this time, so that seeds differ. */
const JITTER_MS = 1_000;

export function replay(options: ReplayOptions): ReplayResult {
  return new Replay(options).run();
}

class Replay implements Gate {
  readonly #options: ReplayOptions;
  readonly #engines: readonly VirtualEngine[];
  readonly #up: boolean[];
  readonly #columns: Columns;
  readonly #pool: Pool;
  readonly #strategy: Strategy | undefined;
  readonly #dispatches: Dispatches;
  readonly #random: Xorshift;
  readonly #ask = new Ask();
  readonly #placements: Placement[] = [];
  #incident = 0;
  #nowMs = 0;
  #scrapedAtMs = 0;

  constructor(options: ReplayOptions) {
    const { profile, speeds, strategy, seed, trace } = options;
    this.#options = options;
    this.#engines = speeds.map((speed) => new VirtualEngine(profile, trace.blockTokens, speed));
    this.#up = speeds.map(() => true);
    this.#columns = createFleetState(speeds.length, 1).columns;
    this.#columns.control.probeState.fill(PROBE_UP);
    this.#pool = poolOf(speeds.length);
    const table = new PrefixTable(createPrefixMemory(PREFIX_BYTES, seed));
    const index = new PrefixIndex(table, this.#columns, 0, profile.cacheTokens);
    this.#dispatches = new Dispatches(this.#columns, 0, index);
    this.#strategy =
      strategy === ORACLE
        ? undefined
        : makeStrategy(strategy, { columns: this.#columns, staleAfterMs: STALE_MS, index });
    this.#random = new Xorshift(seed);
  }

  run(): ReplayResult {
    const { requests } = this.#options.trace;
    const arrivals = requests
      .map((request) => ({ request, atMs: 1 + request.atMs + this.#random.next() * JITTER_MS }))
      .sort((a, b) => a.atMs - b.atMs);
    for (const { request, atMs } of arrivals) {
      this.#runUntil(atMs);
      this.#place(request, atMs);
    }
    this.#runUntil(Number.POSITIVE_INFINITY);
    return this.#result();
  }

  admits(member: number): boolean {
    return this.#up[member]!;
  }

  #result(): ReplayResult {
    const computed = this.#engines.map((engine) => engine.computedTokens);
    const mean = computed.reduce((a, b) => a + b, 0) / computed.length;
    const placements = this.#placements;
    const cached = placements.reduce((sum, one) => sum + one.cachedTokens, 0);
    const tokens = placements.reduce((sum, one) => sum + one.promptTokens, 0);
    return {
      placements,
      hitRatio: cached / Math.max(1, tokens),
      maxOverMean: Math.max(...computed) / Math.max(1, mean),
    };
  }

  /** Everything that happens before `untilMs`, in order. */
  #runUntil(untilMs: number): void {
    for (;;) {
      let next = this.#engines[0]!;
      for (const engine of this.#engines) if (engine.nextMs < next.nextMs) next = engine;
      const incident = this.#options.incidents?.[this.#incident];
      if (incident !== undefined && incident.atMs <= Math.min(next.nextMs, untilMs)) {
        this.#incident++;
        this.#nowMs = incident.atMs;
        this.#happen(incident);
        continue;
      }
      if (next.nextMs > untilMs || next.nextMs === Number.POSITIVE_INFINITY) break;
      this.#nowMs = next.nextMs;
      next.advance(this.#nowMs);
    }
    if (untilMs !== Number.POSITIVE_INFINITY) this.#nowMs = untilMs;
  }

  #happen({ engine, kind }: Incident): void {
    this.#up[engine] = kind !== 'dies';
    if (kind === 'joins') return;
    // Before the first byte a request moves to another engine; the others end where they are.
    for (const course of this.#engines[engine]!.restart()) course.onLost();
    this.#columns.control.restarts[engine]!++;
  }

  /** `atMs`: when its client sent it. */
  #place(request: TraceRequest, atMs: number): void {
    const nowMs = this.#nowMs;
    if (nowMs - this.#scrapedAtMs >= SCRAPE_MS) this.#scrape();
    const ask = this.#ask;
    ask.nowMs = nowMs;
    ask.prompt = request.chain;
    const slot = this.#strategy?.pick(this.#pool, this, this.#random, ask) ?? this.#seeing(request);
    const own = this.#columns.workers[0]!;
    own.inFlight[slot]!++;
    own.pending[slot]!++;
    const entry = this.#dispatches.sent(slot, ask, { nowMs, streamed: true });
    let begun = false;
    const onFirstToken = (cachedTokens: number) => {
      begun = true;
      own.pending[slot]!--;
      this.#dispatches.answered(entry, this.#nowMs);
      const { promptTokens } = request;
      const ttftMs = this.#nowMs - atMs;
      this.#placements.push({ atMs, engine: slot, ttftMs, promptTokens, cachedTokens });
    };
    const onEnd = () => {
      own.inFlight[slot]!--;
    };
    const onLost = () => {
      onEnd();
      if (begun) return;
      own.pending[slot]!--;
      this.#dispatches.ended(entry);
      this.#place(request, atMs);
    };
    this.#engines[slot]!.submit({ request, onFirstToken, onEnd, onLost }, nowMs);
  }

  #scrape(): void {
    this.#scrapedAtMs = this.#nowMs;
    const { control } = this.#columns;
    for (const [slot, engine] of this.#engines.entries()) {
      control.running[slot] = engine.running();
      control.waiting[slot] = engine.waiting();
      control.reportAtMs[slot] = this.#nowMs;
    }
  }

  /** The oracle's choice. */
  #seeing(request: TraceRequest): number {
    let best = 0;
    let bestMs = Number.POSITIVE_INFINITY;
    for (const [slot, engine] of this.#engines.entries()) {
      if (!this.#up[slot]!) continue;
      const own = request.promptTokens - engine.cachedTokens(request);
      const ms = engine.aloneMs(engine.queuedTokens(this.#nowMs) + OWN_WEIGHT * own);
      if (ms >= bestMs) continue;
      best = slot;
      bestMs = ms;
    }
    return best;
  }
}

function poolOf(size: number): Pool {
  return {
    size,
    slots: Int32Array.from({ length: size }, (_, slot) => slot),
    weights: new Float64Array(size).fill(1),
    identities: Int32Array.from({ length: size }, (_, slot) => identityOf(String(slot))),
    cumulative: Float64Array.from({ length: size }, (_, slot) => slot + 1),
  };
}
