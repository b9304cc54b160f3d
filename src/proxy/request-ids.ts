// HOT PATH — bench: bench/main.ts
/**
 * Names for the requests that came without one: unique over the workers of this process, and
 * nearly so over processes. Kept as bytes and counted in them, as both the endpoint and the client
 * are sent bytes; a string is made only for those who read records.
 */
import type { Random } from '../core/random.ts';

const ZERO = 0x30;
const NINE = 0x39;
const LETTER_A = 0x61;
const LETTER_Z = 0x7a;
/** 36^7 requests of one worker: 24 days at 37,000 a second, years at what engines take. */
const COUNTER_DIGITS = 7;

export class RequestIds {
  /** The id given last. */
  readonly bytes: Buffer;

  constructor(random: Random, workerIndex: number) {
    const process = `r${hex(random)}${hex(random)}-${workerIndex}-`;
    this.bytes = Buffer.from(process + '0'.repeat(COUNTER_DIGITS), 'latin1');
  }

  /** Counts on, in base 36; the id is in `bytes` until the next one. */
  next(): void {
    const bytes = this.bytes;
    for (let at = bytes.length - 1; at >= bytes.length - COUNTER_DIGITS; at--) {
      const digit = bytes[at]!;
      if (digit === LETTER_Z) {
        bytes[at] = ZERO;
        continue;
      }
      bytes[at] = digit === NINE ? LETTER_A : digit + 1;
      return;
    }
  }

  /** The next id as a string. */
  nextText(): string {
    this.next();
    return this.bytes.toString('latin1');
  }
}

function hex(random: Random): string {
  return random.below(0x10000000).toString(16).padStart(7, '0');
}
