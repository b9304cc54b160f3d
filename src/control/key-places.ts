/**
 * Which count in shared memory belongs to the name of a client's key. Invariant: a name keeps its
 * place while the process runs, whatever reloads bring, so counters never jump; names beyond the
 * last place share it.
 */
import { KEY_PLACES } from '../state/meters.ts';

export class KeyPlaces {
  readonly #places = new Map<string, number>();

  placeOf(name: string): number {
    const known = this.#places.get(name);
    if (known !== undefined) return known;
    const place = Math.min(this.#places.size, KEY_PLACES - 1);
    if (place < KEY_PLACES - 1) this.#places.set(name, place);
    return place;
  }

  /** By place; the last place, which has no name, is not among them. */
  get names(): readonly string[] {
    return [...this.#places.keys()];
  }
}
