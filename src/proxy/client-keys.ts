// HOT PATH — bench: bench/main.ts (only while keys are configured)
/**
 * The keys that clients must show before the router reads their body. Invariants: only digests are
 * kept; what a client sends is hashed before it is compared, so the time a look-up takes says
 * nothing about a key (PROTOCOL §7); a key of ours never goes up to an endpoint.
 */
import { hash, timingSafeEqual } from 'node:crypto';
import {
  FIELD_API_KEY,
  FIELD_AUTHORIZATION,
  FIELD_X_API_KEY,
  fieldIndex,
} from '../http1/fields.ts';
import type { RequestHead } from '../http1/request-head.ts';
import type { ClientKey } from './options.ts';

/** Where clients put their key: OpenAI's way, Anthropic's, and Azure's. */
const FIELDS = [FIELD_AUTHORIZATION, FIELD_X_API_KEY, FIELD_API_KEY] as const;
const BEARER = Buffer.from('bearer ');
const SPACE = 0x20;

export interface KnownClient {
  readonly name: string;
  /** Of its name among the counts by key; -1 = it is not counted. */
  readonly place: number;
  /** Its class (standing); -1 = it has none of its own. */
  readonly priority: number;
  /** Its Authorization field is our key and must not be passed on. */
  readonly ownsAuthorization: boolean;
}

/** Who came where no key is needed. */
export const ANYBODY: KnownClient = { name: '', place: -1, priority: -1, ownsAuthorization: false };

export class ClientKeys {
  readonly #byDigest = new Map<string, readonly [Buffer, KnownClient, KnownClient]>();

  constructor(keys: readonly ClientKey[]) {
    for (const { name, digest, place, priority } of keys) {
      if (this.#byDigest.has(digest)) continue;
      const own = { name, place, priority, ownsAuthorization: true };
      const other = { name, place, priority, ownsAuthorization: false };
      this.#byDigest.set(digest, [Buffer.from(digest), own, other]);
    }
  }

  /** Whose key the head carries; undefined = nobody's. */
  find(chunk: Buffer, head: RequestHead): KnownClient | undefined {
    for (let i = 0; i < FIELDS.length; i++) {
      const at = fieldIndex(head, FIELDS[i]!);
      if (at < 0) continue;
      const from = head.valueStart[at]!;
      const to = head.valueEnd[at]!;
      const start = i === 0 ? skipBearer(chunk, from, to) : from;
      const digest = hash('sha256', chunk.subarray(start, to), 'base64');
      const known = this.#byDigest.get(digest);
      if (known !== undefined && timingSafeEqual(Buffer.from(digest), known[0])) {
        return i === 0 ? known[1] : known[2];
      }
    }
    return undefined;
  }
}

/** Where the key begins: behind `Bearer`, in any case, if it is there. */
function skipBearer(chunk: Buffer, from: number, to: number): number {
  if (to - from < BEARER.length) return from;
  for (let i = 0; i < BEARER.length; i++) {
    // Only letters fold onto letters, and the space has this bit already.
    if ((chunk[from + i]! | SPACE) !== BEARER[i]) return from;
  }
  let at = from + BEARER.length;
  while (at < to && chunk[at] === SPACE) at++;
  return at;
}
