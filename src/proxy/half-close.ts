/**
 * A client that closed its sending side has either gone for good or only finished its request
 * (RFC 9112 §9.6); the kernel tells us the same in both cases. The difference shows when we write:
 * a socket that is gone answers with a reset, so two harmless writes a few milliseconds apart
 * find out. Decision record: docs/decisions/0003-half-closed-clients.md.
 */
import type { Transport } from '../net/transport.ts';

/** Both writes must fit in the 10 ms in which an upstream is to be cancelled. */
const SECOND_WRITE_AFTER_MS = 4;

/** Asked before each write: an answer may have begun since the one before. */
export interface Probed {
  /** What a client that is still there overlooks at this point of its answer; may be empty. */
  harmlessBytes(): Uint8Array;
}

export class HalfClose {
  readonly #transport: Transport;
  #timer: NodeJS.Timeout | undefined;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Writes twice; a client that is gone makes the transport close. */
  probe(probed: Probed): void {
    if (this.#timer !== undefined) return;
    this.#write(probed);
    this.#timer = setTimeout(() => this.#write(probed), SECOND_WRITE_AFTER_MS);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #write(probed: Probed): void {
    const bytes = probed.harmlessBytes();
    if (bytes.length > 0) this.#transport.write(bytes);
  }
}
