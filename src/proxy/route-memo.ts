// HOT PATH — bench: bench/main.ts
/**
 * The route of a request target, found by its bytes: nearly all clients of a router ask for the
 * same one again and again, and comparing its bytes is cheaper than making a string of them.
 */
import { findRoute, type Route } from '../openai/routes.ts';

const MAX_BYTES = 64;

export class RouteMemo {
  readonly #path = Buffer.alloc(MAX_BYTES);
  #length = 0;
  #route: Route | undefined = undefined;

  /** The route of the path in chunk[start, end), or undefined. */
  find(chunk: Buffer, start: number, end: number): Route | undefined {
    if (this.#isLast(chunk, start, end)) return this.#route;
    const route = findRoute(chunk.toString('latin1', start, end));
    // Paths that hold more than a name, such as a model's id, do not come again.
    if (route?.kind === 'inference' && end - start <= MAX_BYTES) {
      chunk.copy(this.#path, 0, start, end);
      this.#length = end - start;
      this.#route = route;
    }
    return route;
  }

  #isLast(chunk: Buffer, start: number, end: number): boolean {
    const size = this.#length;
    if (end - start !== size || size === 0) return false;
    for (let at = 0; at < size; at++) if (chunk[start + at] !== this.#path[at]) return false;
    return true;
  }
}
