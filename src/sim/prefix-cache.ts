/**
 * Which prompt prefixes the engine still holds. A prompt is cut into blocks; each block's key
 * hashes everything before it too, so a hit on block n means the first n blocks are known.
 * Least recently used blocks go first. Source: vLLM's automatic prefix caching, simplified to
 * four characters a token.
 */
import { hashText } from './text.ts';

export const CHARS_PER_TOKEN = 4;

export class PrefixCache {
  readonly #capacity: number;
  readonly #blockChars: number;
  /** Insertion order is age: a touched key is deleted and set again. */
  readonly #blocks = new Set<string>();

  constructor(capacityBlocks: number, blockSize: number) {
    this.#capacity = capacityBlocks;
    this.#blockChars = blockSize * CHARS_PER_TOKEN;
  }

  /** The share of `prompt` (0 … 1) that was known; afterwards all of it is. */
  touch(prompt: string): number {
    const blocks = Math.floor(prompt.length / this.#blockChars);
    let known = 0;
    let unbroken = true;
    let hash = 0x811c9dc5;
    for (let block = 0; block < blocks; block++) {
      const from = block * this.#blockChars;
      hash = hashText(prompt, from, from + this.#blockChars, hash);
      const key = `${block}:${hash}`;
      if (this.#blocks.delete(key)) {
        if (unbroken) known++;
      } else {
        unbroken = false;
      }
      this.#blocks.add(key);
    }
    this.#evict();
    return blocks === 0 ? 0 : known / blocks;
  }

  #evict(): void {
    for (const key of this.#blocks) {
      if (this.#blocks.size <= this.#capacity) return;
      this.#blocks.delete(key);
    }
  }
}
