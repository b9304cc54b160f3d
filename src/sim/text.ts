/**
 * What the simulated engine says. The same seed, prompt and index give the same word in every run
 * and on every engine, so an answer that came by another way can be compared byte for byte.
 * Words come with their JSON form, since a stream writes one a token; some are not ASCII, so that
 * a proxy which cuts UTF-8 in two is found out.
 */
const WORDS = (
  'lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor incididunt ut ' +
  'labore et dolore magna aliqua enim ad minim veniam quis nostrud exercitation ullamco laboris ' +
  'nisi aliquip ex ea commodo consequat duis aute irure in reprehenderit voluptate velit esse ' +
  'cillum fugiat nulla pariatur excepteur sint occaecat cupidatat non proident sunt culpa qui ' +
  'officia deserunt mollit anim id est laborum "verbatim" café 数据 naïve 模型 🚀'
).split(' ');
const SPACED = WORDS.map((word) => ` ${word}`);
const WORDS_JSON = WORDS.map((word) => JSON.stringify(word));
const SPACED_JSON = SPACED.map((word) => JSON.stringify(word));

/** An endless source of tokens; `length` is where it would stop by itself. */
export interface Voice {
  readonly length: number;
  /** Token `index` as a JSON string, quotes included. */
  json(index: number): string;
  /** The first `count` tokens as text. */
  text(count: number): string;
}

export class LoremVoice implements Voice {
  readonly length: number;
  readonly #seed: number;

  constructor(seed: number, length: number) {
    this.#seed = seed;
    this.length = length;
  }

  json(index: number): string {
    const word = mix(this.#seed + index) % WORDS.length;
    return index === 0 ? WORDS_JSON[word]! : SPACED_JSON[word]!;
  }

  text(count: number): string {
    let text = '';
    for (let index = 0; index < count; index++) {
      const word = mix(this.#seed + index) % WORDS.length;
      text += index === 0 ? WORDS[word] : SPACED[word];
    }
    return text;
  }
}

/** Gives the prompt back, word by word, and starts again when asked for more. */
export class EchoVoice implements Voice {
  readonly length: number;
  readonly #pieces: readonly string[];

  constructor(prompt: string) {
    this.#pieces = prompt.match(/\s*\S+/gu) ?? ['.'];
    this.length = this.#pieces.length;
  }

  json(index: number): string {
    return JSON.stringify(this.#pieces[index % this.length]);
  }

  text(count: number): string {
    let text = '';
    for (let index = 0; index < count; index++) text += this.#pieces[index % this.length];
    return text;
  }
}

/** FNV-1a over UTF-16 code units, 32 bits. */
export function hashText(text: string, from = 0, to = text.length, start = 0x811c9dc5): number {
  let hash = start;
  for (let index = from; index < to; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}

/** Spreads neighbouring integers (the finaliser of MurmurHash3). */
function mix(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}
