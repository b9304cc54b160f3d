/**
 * SIGTERM and SIGINT as requests to end. Invariant: from the first line of a command on, a signal
 * never ends the process in the middle of something: the first asks for an end in order, the
 * second for one at once, and that one comes even when nobody listens.
 */
import { EXIT_FAILURE } from './exit-codes.ts';

export interface AskedToEnd {
  /** The first signal. */
  readonly once: Promise<string>;
  readonly twice: Promise<void>;
}

/** How long an end at once may take until it is forced. */
const AT_ONCE_MS = 2000;

export function askedToEnd(): AskedToEnd {
  const once = Promise.withResolvers<string>();
  const twice = Promise.withResolvers<void>();
  let signals = 0;
  const hear = (signal: string) => {
    signals++;
    once.resolve(signal);
    if (signals !== 2) return;
    twice.resolve();
    setTimeout(() => process.exit(EXIT_FAILURE), AT_ONCE_MS).unref();
  };
  process.on('SIGTERM', hear);
  process.on('SIGINT', hear);
  return { once: once.promise, twice: twice.promise };
}
