/** A value that views follow: one writer, any number of readers, told in the order they came. */
import { useEffect, useState } from 'preact/hooks';

export class Cell<T> {
  #value: T;
  readonly #followers = new Set<() => void>();

  constructor(value: T) {
    this.#value = value;
  }

  get value(): T {
    return this.#value;
  }

  set(value: T): void {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    for (const follower of [...this.#followers]) follower();
  }

  /** Returns what ends the following. */
  follow(follower: () => void): () => void {
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }
}

/** The value of a cell within a view, which is drawn again when it changes. */
export function useCell<T>(cell: Cell<T>): T {
  const [, redraw] = useState(0);
  const seen = cell.value;
  useEffect(() => {
    const again = () => redraw((count) => count + 1);
    // It may have changed between the drawing and now.
    if (!Object.is(seen, cell.value)) again();
    return cell.follow(again);
  }, [cell]);
  return cell.value;
}
