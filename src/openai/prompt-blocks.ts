// HOT PATH
/**
 * The prompt of a request body as a chain of blocks, from its raw bytes and without parsing JSON:
 * what an engine's template makes tokens of, in the template's order. Tools, system and
 * instructions stand before the messages there, wherever the body has them, so they are hashed
 * apart and become the first block; then come the messages (or `prompt`, or `input`) with roles,
 * texts and all. Images count by a digest of their data.
 *
 * Left out: white space between values, commas, and `cache_control` marks, which clients move from
 * message to message. Only the outermost object's keys say what a value is.
 *
 * Invariant: for every JSON document, cut into chunks anywhere, the result is the same, and two
 * documents whose prompts begin alike have the same first blocks. What is not JSON gives some
 * chain, harmless and never an exception. Grammar: RFC 8259.
 *
 * bench: bench/prompt.ts
 */
import type { BlockChain } from '../core/block-chain.ts';
import { BlockHasher, BYTES_PER_TOKEN, finish, isEscaped } from './block-hasher.ts';
import { closingQuote, STRING_OPEN_ESCAPED } from './closing-quote.ts';
import { isSpace } from './json-bytes.ts';

/** What a value of the outermost object is for us. */
const OTHER = 0;
const MESSAGES = 1;
const PREAMBLE = 2;
const SESSION = 3;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** Shorter strings are looked at as a whole, among them all keys that we know but the longest. */
const SHORT_BYTES = 20;
/** Prompt tokens that an image is taken for. */
const IMAGE_TOKENS = 512;
/** Of an image's data so many bytes count, */
const SAMPLE_BYTES = 64;
/** once in so many. */
const SAMPLE_STRIDE_BYTES = 4096;

interface KnownKey {
  readonly name: Buffer;
  readonly kind: number;
  /** Place among SESSION_KEYS, or -1. */
  readonly session: number;
}

/** Body keys that can name a session. */
export const SESSION_KEYS = ['session_id', 'user', 'prompt_cache_key'] as const;

const KEYS: readonly KnownKey[] = [
  ...['messages', 'prompt', 'input'].map((name) => knownKey(name, MESSAGES)),
  ...['tools', 'functions', 'system', 'instructions'].map((name) => knownKey(name, PREAMBLE)),
  ...SESSION_KEYS.map((name, at) => knownKey(name, SESSION, at)),
];
const CACHE_CONTROL = Buffer.from('cache_control');
const DATA = Buffer.from('data');
const DATA_URL = Buffer.from('data:');

function knownKey(name: string, kind: number, session = -1): KnownKey {
  return { name: Buffer.from(name), kind, session };
}

export class PromptBlocks {
  /** By place in SESSION_KEYS: a hash of the text, 0 = the body has none. */
  readonly sessions = new Int32Array(SESSION_KEYS.length);
  readonly #salt: number;
  readonly #main = new BlockHasher();
  readonly #preamble = new BlockHasher();
  readonly #digest = new BlockHasher();
  #chain!: BlockChain;
  #depth = 0;
  /** What the value at hand is for; where its bytes go, if anywhere. */
  #kind = OTHER;
  #session = -1;
  #sink: BlockHasher | undefined = undefined;
  #expectsKey = false;
  /** Depth of the object whose `cache_control` is being left out; 0 = none is. */
  #skipDepth = 0;
  #inString = false;
  #escaped = false;
  /** The first bytes of the string at hand, and its length as far as anybody asks. */
  readonly #short = Buffer.alloc(SHORT_BYTES);
  #length = 0;
  /** A long one: its bytes are hashed, or sampled. */
  #isText = false;
  #isImage = false;
  /** The last key was `data`. */
  #afterData = false;

  /** `salt`: the same for all workers of a process. */
  constructor(salt: number) {
    this.#salt = salt;
  }

  /** The blocks of a whole body go to `chain`. */
  read(spans: readonly Buffer[], chain: BlockChain): void {
    this.begin(chain);
    for (let at = 0; at < spans.length; at++) this.feed(spans[at]!, 0, spans[at]!.length);
    this.finish();
  }

  begin(chain: BlockChain): void {
    chain.clear();
    this.#chain = chain;
    this.#main.reset(this.#salt, chain);
    this.#preamble.reset(this.#salt, undefined);
    this.sessions.fill(0);
    this.#depth = 0;
    this.#kind = OTHER;
    this.#sink = undefined;
    this.#expectsKey = false;
    this.#skipDepth = 0;
    this.#inString = false;
    this.#escaped = false;
    this.#afterData = false;
  }

  /** The next bytes of the body: `chunk[start … end)`. */
  feed(chunk: Buffer, start: number, end: number): void {
    let at = start;
    while (at < end) {
      if (this.#inString) {
        at = this.#string(chunk, at, end);
        continue;
      }
      const byte = chunk[at++]!;
      if (byte === QUOTE) this.#beginString();
      else if (!isSpace(byte)) this.#structure(byte);
    }
  }

  /** The body is complete: `chain` is final. */
  finish(): void {
    const chain = this.#chain;
    const preamble = this.#preamble;
    const before = preamble.bytes / BYTES_PER_TOKEN + preamble.extraTokens;
    chain.tokens = before + this.#main.bytes / BYTES_PER_TOKEN + this.#main.extraTokens;
    if (preamble.bytes === 0) return;
    const low = hashOf(preamble);
    chain.prepend(low, finish(preamble.high ^ low), before);
  }

  /** One byte outside of strings that is no white space. */
  #structure(byte: number): void {
    // '[' and '{' differ in one bit, and so do ']' and '}'.
    const bracket = byte | 0x20;
    if (bracket === OPEN_BRACE) {
      this.#depth++;
      this.#expectsKey = this.#depth === 1;
      this.#afterData = false;
      if (this.#depth > 1) this.#put(byte);
    } else if (bracket === CLOSE_BRACE) {
      if (this.#depth === this.#skipDepth) this.#skipDepth = 0;
      if (this.#depth > 1) this.#put(byte);
      this.#depth--;
    } else if (byte === COMMA) {
      if (this.#depth === this.#skipDepth) this.#skipDepth = 0;
      this.#afterData = false;
      if (this.#depth === 1) this.#endValue();
    } else if (byte === COLON) {
      this.#colon();
    } else {
      this.#put(byte);
    }
  }

  #put(byte: number): void {
    if (this.#skipDepth === 0) this.#sink?.byte(byte);
  }

  #endValue(): void {
    this.#expectsKey = true;
    this.#kind = OTHER;
    this.#sink = undefined;
  }

  #colon(): void {
    if (this.#depth === 1) {
      this.#expectsKey = false;
      this.#kind = OTHER;
      for (let at = 0; at < KEYS.length; at++) {
        const key = KEYS[at]!;
        if (!this.#isShort(key.name)) continue;
        this.#kind = key.kind;
        this.#session = key.session;
      }
      if (this.#kind === MESSAGES) this.#sink = this.#main;
      else if (this.#kind === PREAMBLE) this.#sink = this.#preamble;
    } else if (this.#skipDepth === 0) {
      if (this.#isShort(CACHE_CONTROL)) this.#skipDepth = this.#depth;
      this.#afterData = this.#isShort(DATA);
    }
  }

  #beginString(): void {
    this.#inString = true;
    this.#length = 0;
    this.#isText = false;
    this.#isImage = false;
  }

  /** Takes bytes of the string at hand; returns where it stopped. */
  #string(chunk: Buffer, from: number, end: number): number {
    let at = from;
    if (this.#length < SHORT_BYTES) {
      at = this.#begun(chunk, from, end);
      if (!this.#inString || at === end) return at;
    }
    const quote = this.#isText ? this.#text(chunk, at, end) : this.#data(chunk, at, end);
    if (quote < 0) return end;
    this.#endString();
    return quote + 1;
  }

  /** Keeps the first bytes of a string; the place behind them, or behind the quote that ends it. */
  #begun(chunk: Buffer, from: number, end: number): number {
    const short = this.#short;
    let length = this.#length;
    let escaped = this.#escaped;
    let isOver = false;
    let at = from;
    while (length < SHORT_BYTES && at < end) {
      const byte = chunk[at++]!;
      if (escaped) escaped = false;
      else if (byte === BACKSLASH) escaped = true;
      else if (byte === QUOTE) {
        isOver = true;
        break;
      }
      short[length++] = byte;
    }
    this.#length = length;
    this.#escaped = escaped;
    if (isOver) this.#endString();
    else if (length === SHORT_BYTES) this.#beginLong();
    return at;
  }

  /** The string is longer than any key: from here on its bytes are hashed as they come. */
  #beginLong(): void {
    const hashed = this.#isHashed();
    this.#isImage = hashed && (this.#afterData || startsWith(this.#short, DATA_URL));
    this.#isText = hashed && !this.#isImage;
    if (this.#isText) this.#sink!.run(this.#short, 0, SHORT_BYTES);
    else if (this.#isImage || this.#isSession()) this.#digest.reset(this.#salt, undefined);
    if (this.#isSession()) this.#digest.run(this.#short, 0, SHORT_BYTES);
  }

  /** Hashes text up to the quote that ends it; its index, or -1. */
  #text(chunk: Buffer, from: number, end: number): number {
    const sink = this.#sink!;
    let at = from;
    if (this.#escaped) {
      this.#escaped = false;
      sink.byte(chunk[at++]!);
    }
    const quote = sink.runToQuote(chunk, at, end);
    if (quote < end) return quote;
    this.#escaped = isEscaped(chunk, at, end);
    return -1;
  }

  /** Bytes of a string that is no text for us; the index of the quote that ends it, or -1. */
  #data(chunk: Buffer, from: number, end: number): number {
    const quote = closingQuote(chunk, this.#escaped ? from + 1 : from, end);
    this.#escaped = quote === STRING_OPEN_ESCAPED;
    const to = quote < 0 ? end : quote;
    if (this.#isImage) this.#sample(chunk, from, to);
    else if (this.#isSession()) this.#digest.run(chunk, from, to);
    this.#length += to - from;
    return quote < 0 ? -1 : quote;
  }

  #isHashed(): boolean {
    return this.#sink !== undefined && this.#skipDepth === 0 && !this.#expectsKey;
  }

  /** The first bytes of each stride of an image's data. */
  #sample(chunk: Buffer, from: number, to: number): void {
    let at = from;
    let offset = this.#length;
    while (at < to) {
      const within = offset % SAMPLE_STRIDE_BYTES;
      const sampled = within < SAMPLE_BYTES;
      const room = (sampled ? SAMPLE_BYTES : SAMPLE_STRIDE_BYTES) - within;
      const size = Math.min(room, to - at);
      if (sampled) this.#digest.run(chunk, at, at + size);
      at += size;
      offset += size;
    }
  }

  #endString(): void {
    this.#inString = false;
    if (this.#isHashed()) this.#endHashed();
    else if (this.#isSession() && this.#length > 0) {
      const digest = this.#digest;
      if (this.#length < SHORT_BYTES) {
        digest.reset(this.#salt, undefined);
        digest.run(this.#short, 0, this.#length);
      }
      this.sessions[this.#session] = hashOf(digest);
    }
  }

  #endHashed(): void {
    const sink = this.#sink!;
    if (this.#isImage) {
      const digest = this.#digest;
      digest.run(this.#short, 0, SHORT_BYTES);
      putWord(digest, this.#length);
      sink.extraTokens += IMAGE_TOKENS;
      putWord(sink, hashOf(digest));
      putWord(sink, digest.high);
    } else if (!this.#isText) {
      // As a key it is left out; as a text it is none that anybody would miss.
      if (this.#isShort(CACHE_CONTROL)) return;
      sink.run(this.#short, 0, this.#length);
    }
    sink.byte(QUOTE);
  }

  #isSession(): boolean {
    return this.#kind === SESSION && this.#depth === 1 && !this.#expectsKey;
  }

  /** The string that ended last is `name`. */
  #isShort(name: Buffer): boolean {
    return this.#length === name.length && startsWith(this.#short, name);
  }
}

/** Ends the hash; never 0. */
function hashOf(hasher: BlockHasher): number {
  while ((hasher.bytes & 7) !== 0) hasher.byte(0);
  return finish(hasher.low ^ Math.imul(hasher.high, 0x9e3779b1)) || 1;
}

function putWord(sink: BlockHasher, word: number): void {
  sink.byte(word & 0xff);
  sink.byte((word >>> 8) & 0xff);
  sink.byte((word >>> 16) & 0xff);
  sink.byte(word >>> 24);
}

function startsWith(bytes: Buffer, name: Buffer): boolean {
  for (let at = 0; at < name.length; at++) if (bytes[at] !== name[at]) return false;
  return true;
}
