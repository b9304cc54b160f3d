/**
 * The turns of the event loop, played by the test: what the product puts off with setImmediate or
 * queueMicrotask runs when a turn ends, and not before.
 */
type Task = () => void;

const microtasks: Task[] = [];
const immediates: Task[] = [];
const real = { setImmediate: globalThis.setImmediate, queueMicrotask: globalThis.queueMicrotask };

/** From here what this process puts off waits for `endTurn`. */
export function playTurns(): void {
  const later = (run: (...args: unknown[]) => void, ...args: unknown[]): void => {
    immediates.push(() => run(...args));
  };
  globalThis.setImmediate = later as unknown as typeof setImmediate;
  globalThis.queueMicrotask = (run) => microtasks.push(run);
}

/** Back to the real loop; what still waits is forgotten. */
export function stopTurns(): void {
  Object.assign(globalThis, real);
  microtasks.length = 0;
  immediates.length = 0;
}

/** Runs what was put off, also what is put off meanwhile; true if there was something. */
export function endTurn(): boolean {
  let busy = false;
  for (let run = next(); run !== undefined; run = next()) {
    busy = true;
    run();
  }
  return busy;
}

function next(): Task | undefined {
  return microtasks.shift() ?? immediates.shift();
}
