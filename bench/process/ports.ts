/** Free TCP ports and waiting for a server to answer. */
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { Child } from './child.ts';

const READY_TIMEOUT_MS = 30_000;
const READY_PAUSE_MS = 50;

/** A port that was free a moment ago; the targets take a number, not a socket. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/** Returns when a chat completion through `port` is answered with 200. */
export async function waitUntilServing(port: number, child: Child): Promise<void> {
  const deadline = performance.now() + READY_TIMEOUT_MS;
  let last = 'no attempt';
  while (performance.now() < deadline) {
    if (child.hasEnded) throw child.failure('ended before it served');
    last = await tryOnce(port);
    if (last === '') return;
    await pause(READY_PAUSE_MS);
  }
  throw child.failure(`does not serve (${last})`);
}

async function tryOnce(port: number): Promise<string> {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', connection: 'close' },
      body: JSON.stringify({ model: 'bench', messages: [{ role: 'user', content: 'ready?' }] }),
      signal: AbortSignal.timeout(5000),
    });
    await answer.arrayBuffer();
    return answer.status === 200 ? '' : `status ${answer.status}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
