// HOT PATH
/**
 * Picks at random, each admitted member with probability weight ÷ weight of all admitted.
 *
 * The law is exact in both branches: a draw that the gate refuses is thrown away (rejection
 * sampling), and the scan is a weighted reservoir of one (Chao, Biometrika 1982): the member seen
 * last replaces the choice with probability weight ÷ weight seen, so order and start do not matter.
 *
 * bench: bench/pick.ts
 */
import type { Random } from '../random.ts';
import { DRAWS, draw } from './draw.ts';
import type { Gate, Picker, Pool } from './picker.ts';

export class WeightedRandom implements Picker {
  pick(pool: Pool, gate: Gate, random: Random): number {
    if (pool.size > 1) {
      for (let tries = 0; tries < DRAWS; tries++) {
        const index = draw(pool, random);
        if (gate.admits(index)) return index;
      }
    }
    return scan(pool, gate, random);
  }
}

function scan(pool: Pool, gate: Gate, random: Random): number {
  let chosen = -1;
  let seen = 0;
  for (let index = 0; index < pool.size; index++) {
    if (!gate.admits(index)) continue;
    const weight = pool.weights[index]!;
    seen += weight;
    if (random.next() * seen < weight) chosen = index;
  }
  return chosen;
}
