/**
 * How many wrong tokens an address may try: a few in a minute, so that nobody finds one by trying.
 * The same wrong one again is no new guess: a forgotten script with an old token keeps nobody
 * away.
 * Invariant: memory is bounded whatever comes (addresses, and guesses of each); an IPv6 network
 * counts as one address, since who has one address there has 2^64.
 */
import { createHash } from 'node:crypto';
import type { Clock } from '../core/clock.ts';

/** Different wrong tokens of one address in a minute; exported for tests. */
export const MAX_GUESSES = 10;
const WINDOW_MS = 60_000;
/** Beyond this the address that began first is forgotten; exported for tests. */
export const MAX_PEERS = 1024;

interface Guesses {
  readonly untilMs: number;
  /** Digests of what was tried. */
  readonly tried: Set<string>;
}

export class WrongTokens {
  readonly #clock: Clock;
  /** In the order in which their minutes began. */
  readonly #peers = new Map<string, Guesses>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How long this address must wait before it may try another token; 0 = it may. */
  waitMs(peer: string): number {
    const guesses = this.#guessesOf(networkOf(peer));
    if (guesses === undefined || guesses.tried.size < MAX_GUESSES) return 0;
    return guesses.untilMs - this.#clock.nowMs();
  }

  /** Counts a wrong token. True: this was one too many. */
  note(peer: string, token: string): boolean {
    const network = networkOf(peer);
    let guesses = this.#guessesOf(network);
    if (guesses === undefined) {
      guesses = { untilMs: this.#clock.nowMs() + WINDOW_MS, tried: new Set() };
      this.#peers.set(network, guesses);
      if (this.#peers.size > MAX_PEERS) this.#peers.delete(this.#peers.keys().next().value!);
    }
    const before = guesses.tried.size;
    if (before === MAX_GUESSES) return false;
    guesses.tried.add(createHash('sha256').update(token).digest('base64'));
    return before < MAX_GUESSES && guesses.tried.size === MAX_GUESSES;
  }

  /** Those of the minute that runs. */
  #guessesOf(network: string): Guesses | undefined {
    const guesses = this.#peers.get(network);
    if (guesses === undefined || guesses.untilMs > this.#clock.nowMs()) return guesses;
    this.#peers.delete(network);
    return undefined;
  }
}

/** The first 64 bits of an IPv6 address; an IPv4 address as it is, also where IPv6 wraps it. */
function networkOf(peer: string): string {
  if (!peer.includes(':')) return peer;
  if (peer.includes('.')) return peer.slice(peer.lastIndexOf(':') + 1);
  const [head = '', tail] = peer.split('%')[0]!.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array<string>(Math.max(0, 8 - before.length - after.length)).fill('0');
  return [...before, ...zeros, ...after].slice(0, 4).join(':');
}
