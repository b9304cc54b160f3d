/**
 * Which prompt prefixes the engine still holds. A prompt is cut into blocks; each block's key
 * hashes everything before it too, so a hit on block n means the first n blocks are known.
 * Source: vLLM's automatic prefix caching, simplified to four characters a token.
 */
import { BlockCache } from './block-cache.ts';
import { hashText } from './text.ts';

export const CHARS_PER_TOKEN = 4;

export class PrefixCache {
  readonly #blocks: BlockCache<string>;
  readonly #blockChars: number;

  constructor(capacityBlocks: number, blockSize: number) {
    this.#blocks = new BlockCache(capacityBlocks);
    this.#blockChars = blockSize * CHARS_PER_TOKEN;
  }

  /** The share of `prompt` (0 … 1) that was known; afterwards all of it is. */
  touch(prompt: string): number {
    const count = Math.floor(prompt.length / this.#blockChars);
    const keys: string[] = [];
    let hash = 0x811c9dc5;
    for (let block = 0; block < count; block++) {
      const from = block * this.#blockChars;
      hash = hashText(prompt, from, from + this.#blockChars, hash);
      keys.push(`${block}:${hash}`);
    }
    const known = this.#blocks.known(keys);
    this.#blocks.touch(keys);
    return count === 0 ? 0 : known / count;
  }
}
