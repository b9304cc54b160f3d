/**
 * Reloads one after the other. Invariant: what is applied last was read last, however many reasons
 * to reload come at once (the watcher, SIGHUP, the end of the start): a reason that comes while
 * files are being read causes one more reading after that one, since those may have been too early.
 */

export interface ReloadParts<T> {
  load(): Promise<T>;
  apply(loaded: T): void;
  /** A mistake of the programmer; the configuration in use stays. */
  onError(error: unknown): void;
}

export class Reloads<T> {
  readonly #parts: ReloadParts<T>;
  #running = false;
  #again = false;
  #stopped = false;

  constructor(parts: ReloadParts<T>) {
    this.#parts = parts;
  }

  /** Asks for a reload; returns at once. */
  request(): void {
    this.#again = true;
    if (!this.#running) void this.#run();
  }

  /** Nothing is applied from now on. */
  stop(): void {
    this.#stopped = true;
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#again && !this.#stopped) {
      this.#again = false;
      try {
        const loaded = await this.#parts.load();
        if (!this.#stopped) this.#parts.apply(loaded);
      } catch (error) {
        this.#parts.onError(error);
      }
    }
    this.#running = false;
  }
}
