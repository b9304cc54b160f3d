/**
 * Where requests come from. Request number `index` is the same in every run with the same seed and
 * in every worker, so workers can take numbers as they come and nothing has to be shared.
 */
export interface Prepared {
  /** The whole HTTP message. */
  readonly bytes: Buffer;
  /** Conversation it belongs to, whose next turn follows the answer; -1 = none. */
  readonly session: number;
  /** When the trace says it comes, from the start of the run; -1 = the load decides. */
  readonly dueMs: number;
}

export interface PromptSource {
  /** undefined = there are no more. */
  at(index: number): Prepared | undefined;
  /** The next turn of a conversation after this answer; undefined = it is over. */
  after(session: number, answer: string): Prepared | undefined;
}

/** Of data without conversations. */
export function noTurns(): undefined {
  return undefined;
}

export function single(bytes: Buffer): Prepared {
  return { bytes, session: -1, dueMs: -1 };
}

/** Uniform in [0, 1), the same for the same three numbers. Source: MurmurHash3's finalizer. */
export function drawAt(seed: number, index: number, salt: number): number {
  let x = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(index + 1, 0xc2b2ae35) ^ salt;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return ((x ^ (x >>> 16)) >>> 0) / 4294967296;
}

/** A length within ± `ratio` of `mean`, at least 1. */
export function lengthAt(mean: number, ratio: number, uniform: number): number {
  return Math.max(1, Math.round(mean * (1 - ratio + 2 * ratio * uniform)));
}
