/**
 * Who may use the operators' listener (PROTOCOL §7).
 *
 * Without a token whoever is on this machine may; then only web pages are to be kept out: the Host
 * must name this machine (a page that rebinds its own name sends that name), and nothing may come
 * from another origin. With a token every request must carry it, as a bearer or by the cookie of a
 * session, since an EventSource cannot send fields of its own. Then any Host is served: a page of
 * another name has neither. Cookies are SameSite=Strict and changes from elsewhere are refused in
 * both cases. Invariants: tokens are compared by digest and in constant time; an address that tried
 * too many has no further guess for a while, at a token so short that guessing could find it; a
 * listener that other machines reach serves nobody while there is no token, whatever a reload took
 * away.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { isLoopback } from '../config/loopback.ts';
import type { Clock } from '../core/clock.ts';
import { WrongTokens } from './wrong-tokens.ts';

export interface AccessParts {
  /** Other machines reach the listener: without a token nobody is served. */
  readonly exposed: boolean;
  /** '' = none is needed. */
  token(): string;
  readonly clock: Clock;
  /** The listener speaks TLS. */
  readonly tls?: boolean;
  /** An address has tried too many wrong tokens. */
  onGuessing?(peer: string): void;
}

/** Who asks. */
export interface Caller {
  readonly headers: IncomingHttpHeaders;
  /** Port of the listener that it came to. */
  readonly localPort: number;
  /** Its address. */
  readonly peer: string;
}

/** How long a browser stays signed in; for tests. */
export const SESSION_MS = 12 * 3_600_000;
const MAX_SESSIONS = 1000;
/**
 * Characters of a token that nobody finds by trying: 64 bits at the least where it is random. It is
 * let in also while wrong ones of its address are refused, so that they keep nobody out.
 */
const LONG_TOKEN = 16;

interface Session {
  /** A new token ends the sessions of the old one. */
  readonly token: Buffer;
  readonly untilMs: number;
}

export class OperatorAccess {
  readonly #parts: AccessParts;
  /** By digest of the cookie's value; oldest first. */
  readonly #sessions = new Map<string, Session>();
  readonly #wrong: WrongTokens;
  #lastToken: string;

  constructor(parts: AccessParts) {
    this.#parts = parts;
    this.#wrong = new WrongTokens(parts.clock);
    this.#lastToken = parts.token();
  }

  get needsToken(): boolean {
    return this.#parts.exposed || this.#parts.token() !== '';
  }

  /** Why nobody on this Host or from this origin is served; undefined = they are. */
  refuses(method: string, headers: IncomingHttpHeaders): string | undefined {
    const host = (headers.host ?? '').toLowerCase();
    if (!this.needsToken && !isLoopback(nameOf(host))) return 'This Host is not served here.';
    const site = headers['sec-fetch-site'];
    const isVisit = method === 'GET' && headers['sec-fetch-mode'] === 'navigate';
    const isForeign = site !== undefined && site !== 'same-origin' && site !== 'none';
    if (isForeign && !isVisit) return 'Pages of other sites are not served here.';
    const { origin } = headers;
    if (origin !== undefined && hostOf(origin) !== host) {
      return 'Pages of other origins are not served here.';
    }
    return undefined;
  }

  /** Does the request carry the token or the cookie of a session? */
  admits(caller: Caller): boolean {
    if (!this.needsToken) return true;
    return this.#session(caller) !== undefined || this.#isToken(bearerOf(caller.headers), caller);
  }

  /** For so long wrong tokens of this address are too many, and short ones not looked at. */
  waitMs({ peer }: Caller): number {
    return this.needsToken ? this.#wrong.waitMs(peer) : 0;
  }

  /** Has the token changed since this was last asked? */
  takeChange(): boolean {
    const before = this.#lastToken;
    this.#lastToken = this.#parts.token();
    return before !== this.#lastToken;
  }

  /** A new session as the value of Set-Cookie; undefined when the token is not taken. */
  signIn(token: string, caller: Caller): string | undefined {
    if (!this.#isToken(token, caller)) return undefined;
    const value = randomBytes(32).toString('base64url');
    const untilMs = this.#parts.clock.nowMs() + SESSION_MS;
    this.#sessions.set(keyOf(value), { token: digest(token), untilMs });
    if (this.#sessions.size > MAX_SESSIONS) {
      this.#sessions.delete(this.#sessions.keys().next().value!);
    }
    return this.#cookie(caller, value, SESSION_MS / 1000);
  }

  /** Ends the session of a request; the value of Set-Cookie that removes its cookie. */
  signOut(caller: Caller): string {
    const key = this.#session(caller);
    if (key !== undefined) this.#sessions.delete(key);
    return this.#cookie(caller, '', 0);
  }

  #isToken(given: string, { peer }: Caller): boolean {
    // None at all is no guess.
    if (given === '') return false;
    const token = this.#parts.token();
    if (token.length < LONG_TOKEN && this.#wrong.waitMs(peer) > 0) return false;
    if (token !== '' && timingSafeEqual(digest(given), digest(token))) return true;
    if (this.#wrong.note(peer, given)) this.#parts.onGuessing?.(peer);
    return false;
  }

  #cookie({ localPort }: Caller, value: string, maxAgeSeconds: number): string {
    const secure = this.#parts.tls === true ? '; Secure' : '';
    const traits = `Path=/; HttpOnly; SameSite=Strict; Max-Age=${maxAgeSeconds}${secure}`;
    return `${cookieName(localPort)}=${value}; ${traits}`;
  }

  /** The key of the request's session, if it has one that counts. */
  #session({ headers, localPort }: Caller): string | undefined {
    const value = cookieValue(headers.cookie ?? '', cookieName(localPort));
    const key = keyOf(value);
    const session = this.#sessions.get(key);
    if (session === undefined || value === '') return undefined;
    const isLate = session.untilMs <= this.#parts.clock.nowMs();
    if (!isLate && timingSafeEqual(session.token, digest(this.#parts.token()))) return key;
    this.#sessions.delete(key);
    return undefined;
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function keyOf(cookieValue: string): string {
  return digest(cookieValue).toString('base64');
}

export function bearerOf(headers: IncomingHttpHeaders): string {
  return /^bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1] ?? '';
}

/** Browsers share cookies between the ports of a machine; two routers must not. */
function cookieName(localPort: number): string {
  return `llm_router_${localPort}`;
}

function cookieValue(header: string, name: string): string {
  for (const pair of header.split(';')) {
    const at = pair.indexOf('=');
    if (pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim();
  }
  return '';
}

/** `[::1]:8080` → `::1`, `localhost:8080` → `localhost`. */
function nameOf(host: string): string {
  const bracketed = /^\[([^\]]*)\](?::\d+)?$/.exec(host);
  if (bracketed !== null) return bracketed[1]!;
  const plain = /^([^:]*)(?::\d+)?$/.exec(host);
  return plain?.[1] ?? '';
}

/** '' for what is no URL, such as `null`. */
function hostOf(origin: string): string {
  return URL.canParse(origin) ? new URL(origin).host : '';
}
