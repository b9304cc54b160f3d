/**
 * Fifty viewers, and others that never read, do not delay the data plane: a stream that runs
 * meanwhile has the gaps between its events that it has without them.
 */
import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { type Sim, startSim } from '../../src/sim/engine.ts';
import { type RunningRouter, startRouter } from '../fakes/router.ts';

const VIEWERS = 50;
const HUNG = 5;
const GAP_MS = 20;

let sim: Sim;
let router: RunningRouter;

before(async () => {
  sim = await startSim({ model: 'm', interTokenLatencyMs: GAP_MS, outputTokens: 150 });
  router = await startRouter({ endpoints: [{ url: sim.url, model: 'm' }] });
});
after(async () => {
  await router?.stop();
  await sim?.close();
});

/** Milliseconds between the events of one stream, in rising order. */
async function gaps(): Promise<number[]> {
  const response = await fetch(`${router.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ model: 'm', stream: true, messages: [{ role: 'user', content: 'a' }] }),
  });
  const found: number[] = [];
  let lastMs = 0;
  for await (const _ of response.body!) {
    const nowMs = performance.now();
    if (lastMs > 0) found.push(nowMs - lastMs);
    lastMs = nowMs;
  }
  return found.sort((a, b) => a - b);
}

function middle(sorted: readonly number[]): number {
  return sorted[sorted.length >> 1]!;
}

/** `heard` counts events; one that does not read has its socket paused. */
async function view(reads: boolean): Promise<{ socket: Socket; heard: () => number }> {
  const socket = connect(Number(new URL(router.operationsUrl).port), '127.0.0.1');
  let events = 0;
  socket.on('error', () => {});
  if (reads) {
    socket.on('data', (bytes) => {
      events += bytes.toString('latin1').split('event: ').length - 1;
    });
  }
  await new Promise((done) => socket.once('connect', done));
  const { host } = new URL(router.operationsUrl);
  socket.write(`GET /api/live HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  if (!reads) socket.pause();
  return { socket, heard: () => events };
}

test('fifty viewers and hung ones delay no stream', async () => {
  const alone = await gaps();
  const viewers = await Promise.all(Array.from({ length: VIEWERS }, () => view(true)));
  const hung = await Promise.all(Array.from({ length: HUNG }, () => view(false)));
  const watched = await gaps();
  // The machine's own noise is in both; a plane that waited for viewers would stand still for long.
  assert.ok(middle(watched) < middle(alone) + GAP_MS / 2, `${middle(alone)} → ${middle(watched)}`);
  for (const { heard } of viewers) assert.ok(heard() >= 2, `${heard()} events`);
  for (const { socket } of [...viewers, ...hung]) socket.destroy();
});
