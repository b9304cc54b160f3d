// HOT PATH
/**
 * Draws two different admitted members by weight and keeps the less loaded one.
 *
 * Two choices already avoid the hot spots of random picking without the herd that rushes to a
 * single minimum (Mitzenmacher, "The power of two choices in randomized load balancing", 2001).
 *
 * Weight: the second is taken only if it is less loaded per weight both as things are (load ÷
 * weight) and after taking the request ((load + 1) ÷ weight); otherwise the first stays, which was
 * drawn by weight. So an idle pool is shared exactly by weight, a busy one settles with in-flight
 * proportional to weight, and with equal weights the lower load simply wins. Either comparison
 * alone is wrong when little is in flight: the former halves 1 : 3, the latter starves the 1.
 *
 * bench: bench/pick.ts
 */
import type { Random } from '../random.ts';
import { DRAWS, draw, drawBeside } from './draw.ts';
import type { Gate, Load, Picker, Pool } from './picker.ts';

export class PowerOfTwo implements Picker {
  readonly #load: Load;
  /** Result of the last scan; -1 = none. */
  #first = -1;
  #second = -1;

  constructor(load: Load) {
    this.#load = load;
  }

  pick(pool: Pool, gate: Gate, random: Random): number {
    if (pool.size > 1) {
      for (let tries = 0; tries < DRAWS; tries++) {
        const first = draw(pool, random);
        if (gate.admits(first)) {
          const second = drawSecond(pool, gate, random, first);
          if (second >= 0) return this.#better(pool, first, second);
          break;
        }
      }
    }
    this.#scan(pool, gate, random);
    if (this.#second < 0) return this.#first;
    return this.#better(pool, this.#first, this.#second);
  }

  #better(pool: Pool, first: number, second: number): number {
    const load1 = this.#load.of(pool.slots[first]!);
    const load2 = this.#load.of(pool.slots[second]!);
    const weight1 = pool.weights[first]!;
    const weight2 = pool.weights[second]!;
    if (load2 * weight1 >= load1 * weight2) return first;
    return (load2 + 1) * weight1 < (load1 + 1) * weight2 ? second : first;
  }

  /**
   * Two of all admitted, in the law of two successive draws: every member runs an exponential race
   * at the speed of its weight and the two fastest win (Efraimidis & Spirakis, IPL 2006).
   */
  #scan(pool: Pool, gate: Gate, random: Random): void {
    let first = -1;
    let second = -1;
    let firstTime = 0;
    let secondTime = 0;
    for (let index = 0; index < pool.size; index++) {
      if (!gate.admits(index)) continue;
      const time = -Math.log(1 - random.next()) / pool.weights[index]!;
      if (first < 0 || time < firstTime) {
        second = first;
        secondTime = firstTime;
        first = index;
        firstTime = time;
      } else if (second < 0 || time < secondTime) {
        second = index;
        secondTime = time;
      }
    }
    this.#first = first;
    this.#second = second;
  }
}

/** -1 when the draws found no second admitted member. */
function drawSecond(pool: Pool, gate: Gate, random: Random, first: number): number {
  for (let tries = 0; tries < DRAWS; tries++) {
    const second = drawBeside(pool, first, random);
    if (second !== first && gate.admits(second)) return second;
  }
  return -1;
}
