/**
 * The routing strategies by name: strategy = picker × load. A new one is a row here and at most
 * one small file in `pickers/` or `loads/`. Weight applies to every strategy.
 */
import type { Columns } from './columns.ts';
import { EngineWaiting } from './loads/engine-waiting.ts';
import { InFlight } from './loads/in-flight.ts';
import type { Gate, Picker, Pool } from './pickers/picker.ts';
import { PowerOfTwo } from './pickers/power-of-two.ts';
import { WeightedRandom } from './pickers/weighted-random.ts';
import type { Random } from './random.ts';

export interface Strategy {
  readonly name: StrategyName;
  /** Index within the pool, or -1 when the gate admits none; allocates nothing. */
  pick(pool: Pool, gate: Gate, random: Random, nowMs: number): number;
}

export interface StrategyOptions {
  /** An engine's report older than this no longer counts. */
  readonly staleAfterMs: number;
}

export type StrategyName = 'simple-shuffle' | 'least-connections' | 'least-waiting';

type Row = (columns: Columns, options: StrategyOptions) => Strategy;

const ROWS: ReadonlyMap<string, Row> = new Map<StrategyName, Row>([
  ['simple-shuffle', () => new Timeless('simple-shuffle', new WeightedRandom())],
  [
    'least-connections',
    (columns) => new Timeless('least-connections', new PowerOfTwo(new InFlight(columns.workers))),
  ],
  [
    'least-waiting',
    (columns, options) =>
      new Timed('least-waiting', new EngineWaiting(columns, options.staleAfterMs)),
  ],
]);

export const STRATEGY_NAMES = [...ROWS.keys()] as readonly StrategyName[];

/** Throws RangeError on a name that is not in STRATEGY_NAMES: configuration is checked before. */
export function makeStrategy(name: string, columns: Columns, options: StrategyOptions): Strategy {
  const row = ROWS.get(name);
  if (row === undefined) throw new RangeError(`unknown strategy "${name}"`);
  return row(columns, options);
}

/** A picker whose load, if any, does not depend on the time. */
class Timeless implements Strategy {
  readonly name: StrategyName;
  readonly #picker: Picker;

  constructor(name: StrategyName, picker: Picker) {
    this.name = name;
    this.#picker = picker;
  }

  pick(pool: Pool, gate: Gate, random: Random): number {
    return this.#picker.pick(pool, gate, random);
  }
}

/** Power of two choices over a load that must know how old its reports are. */
class Timed implements Strategy {
  readonly name: StrategyName;
  readonly #load: EngineWaiting;
  readonly #picker: Picker;

  constructor(name: StrategyName, load: EngineWaiting) {
    this.name = name;
    this.#load = load;
    this.#picker = new PowerOfTwo(load);
  }

  pick(pool: Pool, gate: Gate, random: Random, nowMs: number): number {
    this.#load.nowMs = nowMs;
    return this.#picker.pick(pool, gate, random);
  }
}
