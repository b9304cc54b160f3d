/**
 * Waiting for what comes a little after an answer: a client has its last byte before the router has
 * settled the request, written its log line and counted it, and what is counted by a worker is read
 * by another thread. Tests wait for such a thing instead of reading it once.
 */

const POLL_MS = 5;
/** Long past what anything takes on a busy machine: only what never comes takes so long. */
const TIMEOUT_MS = 20_000;

/**
 * Waits until it holds; throws an error that says `what` never came. Whoever measures by it looks
 * more often than every `POLL_MS`.
 */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  timeoutMs = TIMEOUT_MS,
  pollMs = POLL_MS,
): Promise<void> {
  const untilMs = performance.now() + timeoutMs;
  while (!(await holds())) {
    if (performance.now() > untilMs) throw new Error(`not so in ${timeoutMs} ms: ${what}`);
    await sleep(pollMs);
  }
}

/** Waits until the assertions of `check` pass; throws what it threw last. */
export async function untilPasses(
  check: () => void | Promise<void>,
  pollMs = POLL_MS,
): Promise<void> {
  const untilMs = performance.now() + TIMEOUT_MS;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > untilMs) throw error;
    }
    await sleep(pollMs);
  }
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
