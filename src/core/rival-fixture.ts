/**
 * A second thread for tests: acts at the one moment that matters to lock-free code, between the
 * look at a cell and the compare-and-swap that builds on it.
 */
import type { TestContext } from 'node:test';

/** Runs `rival` just before the next compare-and-swap; its own swaps go through. */
export function atNextSwap(context: TestContext, rival: () => void): void {
  const swap = Atomics.compareExchange;
  const method = context.mock.method(
    Atomics,
    'compareExchange',
    (cells: Int32Array, index: number, expected: number, replacement: number) => {
      method.mock.restore();
      rival();
      return swap(cells, index, expected, replacement);
    },
  );
}
