/**
 * The routing strategies by name: strategy = picker × load. A new one is a row here and at most
 * one small file in `pickers/` or `loads/`. Weight applies to every strategy.
 */
import type { Ask } from './ask.ts';
import type { Columns } from './columns.ts';
import { EngineWaiting } from './loads/engine-waiting.ts';
import { InFlight } from './loads/in-flight.ts';
import { PeakEwma } from './loads/peak-ewma.ts';
import { Least } from './pickers/least.ts';
import { LeastWork } from './pickers/least-work.ts';
import type { Gate, Load, Picker, Pool } from './pickers/picker.ts';
import { WeightedRandom } from './pickers/weighted-random.ts';
import type { PrefixIndex } from './prefix-index.ts';
import type { Random } from './random.ts';

export interface Strategy {
  readonly name: StrategyName;
  /** It looks at `ask.prompt`; for the others nobody reads the prompt. */
  readonly needsPrompt: boolean;
  /** It wants to hear when answers begin (core/dispatch). */
  readonly learns: boolean;
  /** Index within the pool, or -1 when the gate admits none; allocates nothing. */
  pick(pool: Pool, gate: Gate, random: Random, ask: Ask): number;
  /** Somebody else chose this member: notes it, and says in the decision what it knows of it. */
  take(pool: Pool, member: number, ask: Ask): void;
}

export interface StrategyParts {
  readonly columns: Columns;
  /** An engine's report older than this no longer counts. */
  readonly staleAfterMs: number;
  readonly index: PrefixIndex;
}

export type StrategyName =
  | 'simple-shuffle'
  | 'least-connections'
  | 'least-waiting'
  | 'least-latency'
  | 'prefix-aware';

type Row = (parts: StrategyParts) => Strategy;

const ROWS: ReadonlyMap<string, Row> = new Map<StrategyName, Row>([
  ['simple-shuffle', () => new Timeless('simple-shuffle', new WeightedRandom())],
  [
    'least-connections',
    ({ columns }) => new Timeless('least-connections', new Least(new InFlight(columns.workers))),
  ],
  [
    'least-waiting',
    ({ columns, staleAfterMs }) =>
      new Timed('least-waiting', new EngineWaiting(columns, staleAfterMs), false),
  ],
  [
    'least-latency',
    ({ columns }) => new Timed('least-latency', new PeakEwma(columns.workers), true),
  ],
  ['prefix-aware', ({ columns, index }) => new PrefixAware(columns, index)],
]);

export const STRATEGY_NAMES = [...ROWS.keys()] as readonly StrategyName[];

/** Throws RangeError on a name that is not in STRATEGY_NAMES: configuration is checked before. */
export function makeStrategy(name: string, parts: StrategyParts): Strategy {
  const row = ROWS.get(name);
  if (row === undefined) throw new RangeError(`unknown strategy "${name}"`);
  return row(parts);
}

/** A picker whose load, if any, does not depend on the time. */
class Timeless implements Strategy {
  readonly name: StrategyName;
  readonly needsPrompt = false;
  readonly learns = false;
  readonly #picker: Picker;

  constructor(name: StrategyName, picker: Picker) {
    this.name = name;
    this.#picker = picker;
  }

  pick(pool: Pool, gate: Gate, random: Random, ask: Ask): number {
    const member = this.#picker.pick(pool, gate, random);
    ask.decision.member = member;
    return member;
  }

  take(_pool: Pool, member: number, ask: Ask): void {
    ask.decision.member = member;
  }
}

/** The least of a load that must know the time. */
class Timed implements Strategy {
  readonly name: StrategyName;
  readonly needsPrompt = false;
  readonly learns: boolean;
  readonly #load: Load & { nowMs: number };
  readonly #picker: Picker;

  constructor(name: StrategyName, load: Load & { nowMs: number }, learns: boolean) {
    this.name = name;
    this.learns = learns;
    this.#load = load;
    this.#picker = new Least(load);
  }

  pick(pool: Pool, gate: Gate, random: Random, ask: Ask): number {
    this.#load.nowMs = ask.nowMs;
    const member = this.#picker.pick(pool, gate, random);
    ask.decision.member = member;
    return member;
  }

  take(_pool: Pool, member: number, ask: Ask): void {
    ask.decision.member = member;
  }
}

class PrefixAware implements Strategy {
  readonly name = 'prefix-aware';
  readonly needsPrompt = true;
  readonly learns = true;
  readonly #picker: LeastWork;

  constructor(columns: Columns, index: PrefixIndex) {
    this.#picker = new LeastWork(columns, index);
  }

  pick(pool: Pool, gate: Gate, random: Random, ask: Ask): number {
    return this.#picker.pick(pool, gate, random, ask);
  }

  take(pool: Pool, member: number, ask: Ask): void {
    this.#picker.take(pool, member, ask);
  }
}
