// HOT PATH
/**
 * Where a session belongs. Each key has two homes by weighted rendezvous hashing: computed, not
 * remembered, the same in every worker and every router, and when an endpoint comes or goes only
 * its own sessions move. So a session that failed over returns home by itself.
 *
 * Bounded load: a home takes a session only while it has at most BOUND times its share of what is
 * in flight, so that one busy key cannot drown an endpoint. Sources: Thaler & Ravishankar, "Using
 * name-based mappings to increase hit rates", 1998; Mirrokni et al., "Consistent hashing with
 * bounded loads", SODA 2018.
 *
 * bench: bench/prompt.ts
 */
import type { Ask } from './ask.ts';
import type { WorkerColumns } from './columns.ts';
import { InFlight } from './loads/in-flight.ts';
import type { Gate, Pool } from './pickers/picker.ts';
import type { Random } from './random.ts';
import type { Strategy } from './strategy.ts';

const BOUND = 1.25;
/** Below this many requests in flight nothing is drowned, and the bound would only scatter. */
const FREE_REQUESTS = 4;

/** A strategy that keeps sessions together and asks another one for everything else. */
export class SessionAffinity implements Strategy {
  readonly name: Strategy['name'];
  readonly needsPrompt: boolean;
  readonly learns: boolean;
  readonly #inner: Strategy;
  readonly #load: InFlight;
  /** The two homes of the key at hand; -1 = none. */
  #first = -1;
  #second = -1;

  constructor(inner: Strategy, workers: readonly WorkerColumns[]) {
    this.name = inner.name;
    this.needsPrompt = inner.needsPrompt;
    this.learns = inner.learns;
    this.#inner = inner;
    this.#load = new InFlight(workers);
  }

  pick(pool: Pool, gate: Gate, random: Random, ask: Ask): number {
    const { decision } = ask;
    decision.session = 'none';
    if (ask.session !== 0) {
      this.#findHomes(pool, ask.session);
      const home = this.#homeWithRoom(pool, gate);
      if (home >= 0) {
        decision.session = home === this.#first ? 'home' : 'second_home';
        this.#inner.take(pool, home, ask);
        return home;
      }
      const up = this.#first >= 0 && gate.admits(this.#first);
      decision.session = up ? 'broken_by_load' : 'broken_unavailable';
    }
    return this.#inner.pick(pool, gate, random, ask);
  }

  take(pool: Pool, member: number, ask: Ask): void {
    this.#inner.take(pool, member, ask);
  }

  #homeWithRoom(pool: Pool, gate: Gate): number {
    // Most homes have few requests, and then what the others have does not matter.
    if (this.#hasRoom(pool, gate, this.#first, 0)) return this.#first;
    let total = 1;
    for (let member = 0; member < pool.size; member++) total += this.#load.of(pool.slots[member]!);
    const perWeight = (BOUND * total) / pool.cumulative[pool.size - 1]!;
    if (this.#hasRoom(pool, gate, this.#first, perWeight)) return this.#first;
    return this.#hasRoom(pool, gate, this.#second, perWeight) ? this.#second : -1;
  }

  #hasRoom(pool: Pool, gate: Gate, member: number, perWeight: number): boolean {
    if (member < 0 || !gate.admits(member)) return false;
    const share = Math.max(FREE_REQUESTS, Math.ceil(perWeight * pool.weights[member]!));
    return this.#load.of(pool.slots[member]!) < share;
  }

  /** Every member runs an exponential race at the speed of its weight; the key decides who wins. */
  #findHomes(pool: Pool, key: number): void {
    let first = -1;
    let second = -1;
    let firstTime = 0;
    let secondTime = 0;
    for (let member = 0; member < pool.size; member++) {
      const chance = (spread(key ^ pool.identities[member]!) + 0.5) / 4294967296;
      const weight = pool.weights[member]!;
      // -ln(x) is at least 1 - x: few have to be worked out to know that they come too late.
      if (second >= 0 && 1 - chance >= secondTime * weight) continue;
      const time = -Math.log(chance) / weight;
      if (first < 0 || time < firstTime) {
        second = first;
        secondTime = firstTime;
        first = member;
        firstTime = time;
      } else if (second < 0 || time < secondTime) {
        second = member;
        secondTime = time;
      }
    }
    this.#first = first;
    this.#second = second;
  }
}

/** A stable 32-bit number of an endpoint's identity or a session's name; never 0. */
export function identityOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  return spread(hash) | 0 || 1;
}

/** Uniform over 32 bits, without sign (the finaliser of MurmurHash3). */
function spread(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}
