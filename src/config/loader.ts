/** The entry of the thread that reads and checks the files, so that no loop waits for it. */
import { readlinkSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import { loadAll } from './load.ts';
import type { LoadAnswer, LoadRequest } from './load-thread.ts';
import { pack } from './packed.ts';

const port = parentPort!;
/** A quarter of a core at least, where the others want all of it. */
const NICENESS = 5;
const LEAST_URGENT = 19;

yieldToOthers();

port.on('message', async ({ id, mainFile, options }: LoadRequest) => {
  let answer: LoadAnswer;
  try {
    answer = { id, packed: pack(await loadAll(mainFile, options)) };
  } catch (error) {
    answer = { id, failure: error instanceof Error ? (error.stack ?? error.message) : 'unknown' };
  }
  port.postMessage(answer);
});

/**
 * Lets the threads that carry streams go first where cores are scarce. On Linux each thread has a
 * niceness of its own; elsewhere nothing changes. Threads that it starts inherit it, so the pool
 * for files must be there already: the main thread has read the files at the start.
 */
function yieldToOthers(): void {
  try {
    const thread = readlinkSync('/proc/thread-self').split('/').at(-1);
    setPriority(Number(thread), Math.min(getPriority() + NICENESS, LEAST_URGENT));
  } catch {
    // No /proc, or not permitted: then files are read as fast as everything else.
  }
}
