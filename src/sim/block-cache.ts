/**
 * Which prefix blocks an engine still holds, by a key that stands for the whole prefix. Least
 * recently used goes first, and of one prompt its tail before its head, as vLLM frees them: a chain
 * without its head would be worth nothing.
 */
export class BlockCache<Key> {
  readonly #capacity: number;
  /** Insertion order is age: a touched key is deleted and set again. */
  readonly #blocks = new Set<Key>();

  constructor(capacityBlocks: number) {
    this.#capacity = capacityBlocks;
  }

  /** How many of the first blocks are here. */
  known(keys: readonly Key[]): number {
    let known = 0;
    while (known < keys.length && this.#blocks.has(keys[known]!)) known++;
    return known;
  }

  /** From now on all of them are here, as far as there is room. */
  touch(keys: readonly Key[]): void {
    for (let at = keys.length - 1; at >= 0; at--) {
      const key = keys[at]!;
      this.#blocks.delete(key);
      this.#blocks.add(key);
    }
    for (const key of this.#blocks) {
      if (this.#blocks.size <= this.#capacity) return;
      this.#blocks.delete(key);
    }
  }
}
