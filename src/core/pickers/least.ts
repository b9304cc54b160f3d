// HOT PATH
/**
 * Picks the least loaded of all admitted members, at random among equals.
 *
 * Up to MAX_SCANNED members all are looked at: two choices of eight engines leave prompts waiting
 * twice as long as the best of eight (docs/routing.md). Beyond, two choices are enough, and looking
 * at all would cost more than the pick is worth.
 *
 * Weight: as in power-of-two.ts, a first member is drawn by weight, and another is taken instead
 * only if it is less loaded per weight both as things are and after taking the request. So an idle
 * pool is shared by weight, a busy one has loads proportional to weight, and with equal weights the
 * lowest load wins.
 *
 * bench: bench/pick.ts
 */
import type { Random } from '../random.ts';
import type { Gate, Load, Picker, Pool } from './picker.ts';
import { PowerOfTwo } from './power-of-two.ts';

const MAX_SCANNED = 64;

export class Least implements Picker {
  readonly #load: Load;
  readonly #beyond: PowerOfTwo;
  readonly #members = new Int32Array(MAX_SCANNED);
  readonly #loads = new Float64Array(MAX_SCANNED);

  constructor(load: Load) {
    this.#load = load;
    this.#beyond = new PowerOfTwo(load);
  }

  pick(pool: Pool, gate: Gate, random: Random): number {
    if (pool.size > MAX_SCANNED) return this.#beyond.pick(pool, gate, random);
    const members = this.#members;
    const loads = this.#loads;
    let count = 0;
    let first = -1;
    let seen = 0;
    for (let member = 0; member < pool.size; member++) {
      if (!gate.admits(member)) continue;
      const weight = pool.weights[member]!;
      seen += weight;
      // A weighted reservoir of one (Chao, Biometrika 1982).
      if (random.next() * seen < weight) first = count;
      members[count] = member;
      loads[count] = this.#load.of(pool.slots[member]!);
      count++;
    }
    return first < 0 ? -1 : members[this.#better(pool, first, count, random)]!;
  }

  /** The least loaded of those that beat `first`, by place in the scratch arrays. */
  #better(pool: Pool, first: number, count: number, random: Random): number {
    const loads = this.#loads;
    const load1 = loads[first]!;
    const weight1 = pool.weights[this.#members[first]!]!;
    let best = first;
    let bestLoad = load1 / weight1;
    let equals = 0;
    for (let at = 0; at < count; at++) {
      const weight = pool.weights[this.#members[at]!]!;
      const load = loads[at]!;
      if (load * weight1 >= load1 * weight) continue;
      if ((load + 1) * weight1 >= (load1 + 1) * weight) continue;
      if (load / weight > bestLoad) continue;
      equals = load / weight === bestLoad ? equals + weight : weight;
      if (random.next() * equals >= weight) continue;
      best = at;
      bestLoad = load / weight;
    }
    return best;
  }
}
