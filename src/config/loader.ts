/** The entry of the thread that reads and checks the files, so that no loop waits for it. */
import { parentPort } from 'node:worker_threads';
import { loadAll } from './load.ts';
import type { LoadAnswer, LoadRequest } from './load-thread.ts';
import { pack } from './packed.ts';

const port = parentPort!;

port.on('message', async ({ id, mainFile, options }: LoadRequest) => {
  let answer: LoadAnswer;
  try {
    answer = { id, packed: pack(await loadAll(mainFile, options)) };
  } catch (error) {
    answer = { id, failure: error instanceof Error ? (error.stack ?? error.message) : 'unknown' };
  }
  port.postMessage(answer);
});
