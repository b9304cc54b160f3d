/**
 * A second thread for tests: acts at the one moment that matters to lock-free code, between the
 * look at a cell and the compare-and-swap that builds on it.
 */
type Swap = typeof Atomics.compareExchange;

/** For tests: runs `rival` just before the next compare-and-swap; its own swaps go through. */
export function atNextSwap(rival: () => void): void {
  const swap: Swap = Atomics.compareExchange;
  const intercepted = (...args: Parameters<Swap>) => {
    Atomics.compareExchange = swap;
    rival();
    return swap(...args);
  };
  Atomics.compareExchange = intercepted as Swap;
}
