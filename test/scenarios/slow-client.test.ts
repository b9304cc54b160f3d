/**
 * A client that reads slowly makes its engine slow, and nobody else: what waits for it in the
 * router is bounded, and what it was sent is whole in the end.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { chunk, jsonAnswer, LAST_CHUNK, STREAM_HEAD } from '../fakes/raw-engine.ts';
import { type RunningRouter, startRouter } from '../fakes/router.ts';
import { sleep, until } from '../fakes/until.ts';
import { GOOD_ANSWER, MODEL, untilIdle } from './fault-rig.ts';
import { chatRequest, LoadClient } from './load-client.ts';

const EVENT_BYTES = 64 * 1024;
const EVENTS = 1024;
/** What the kernel's buffers of both connections may swallow, with room to spare. */
const BOUND_BYTES = 32 * 1024 * 1024;
const STALL_MS = 6_000;

const event = chunk(`data: ${'x'.repeat(EVENT_BYTES)}\n\n`);
let engine: Server;
let router: RunningRouter;
/** Of the present stream: bytes that left the engine's process. */
let sentBytes: () => number = () => 0;
let streamEnded = false;

before(async () => {
  engine = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (bytes: Buffer) => answer(socket, bytes.toString('latin1')));
  });
  engine.listen(0, '127.0.0.1');
  await once(engine, 'listening');
  const url = `http://127.0.0.1:${(engine.address() as AddressInfo).port}`;
  router = await startRouter({
    endpoints: [{ url, model: MODEL }],
    config: { timeouts: { write_stall_ms: STALL_MS } },
  });
});

after(async () => {
  await router?.stop();
  engine?.close();
});

function answer(socket: Socket, request: string): void {
  if (request.startsWith('GET ')) socket.write(jsonAnswer({ data: [{ id: MODEL }] }));
  else if (request.includes('"stream":true')) streamTo(socket);
  else socket.write(jsonAnswer(GOOD_ANSWER));
}

/** As fast as the router takes it. */
function streamTo(socket: Socket): void {
  const before = socket.bytesWritten;
  sentBytes = () => socket.bytesWritten - socket.writableLength - before;
  streamEnded = false;
  socket.once('close', () => {
    streamEnded = true;
  });
  let left = EVENTS;
  const pump = () => {
    while (left-- > 0) if (!socket.write(event)) return;
    socket.off('drain', pump);
    socket.write(chunk('data: [DONE]\n\n'));
    socket.write(LAST_CHUNK);
  };
  socket.on('drain', pump);
  socket.write(STREAM_HEAD);
  pump();
}

/** A client that has sent its request and reads nothing. */
async function askAndStall(): Promise<Socket> {
  const { head, body } = chatRequest(MODEL, true);
  const socket = connect(router.port, '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.pause();
  socket.write(Buffer.concat([head, body]));
  return socket;
}

test('the engine is slowed, others are not, and nothing is lost', { timeout: 30_000 }, async () => {
  const slow = await askAndStall();
  let settled = -1;
  for (let look = 0; look < 50 && sentBytes() !== settled; look++) {
    settled = sentBytes();
    await sleep(200);
  }
  assert.ok(settled > 0 && settled < BOUND_BYTES, `${settled} bytes were taken`);
  assert.equal(sentBytes(), settled, 'the engine stands still');
  const others = new LoadClient(router.port);
  const took: number[] = [];
  for (let turn = 0; turn < 20; turn++) {
    const { kind, totalMs } = await others.send(chatRequest(MODEL, false));
    assert.equal(kind, 'ok');
    took.push(totalMs);
  }
  others.close();
  // A plane that waited for the slow one would be late every time, a busy machine now and then.
  const middleMs = took.sort((a, b) => a - b)[10]!;
  assert.ok(middleMs < 200 && took.at(-1)! < STALL_MS / 2, `${took} ms`);
  let received = 0;
  let tail = '';
  slow.on('data', (bytes: Buffer) => {
    received += bytes.length;
    tail = (tail + bytes.toString('latin1').slice(-64)).slice(-64);
    if (tail.endsWith('\r\n0\r\n\r\n')) slow.destroy();
  });
  slow.resume();
  await once(slow, 'close');
  assert.ok(tail.includes('data: [DONE]\n\n'));
  assert.ok(received > EVENTS * EVENT_BYTES, `${received} bytes came`);
  await untilIdle(router);
});

test('a client that takes nothing for write_stall_ms is cut off, its engine freed', async () => {
  const startedMs = performance.now();
  const slow = await askAndStall();
  await router.until('the lease is taken', ({ backends }) => backends[0]!.connections === 1);
  await untilIdle(router);
  const tookMs = performance.now() - startedMs;
  assert.ok(tookMs >= STALL_MS - 100 && tookMs < STALL_MS + 3000, `${tookMs} ms`);
  await until('the connection to the engine is closed', () => streamEnded);
  assert.ok((await router.dashboard()).backends[0]!.healthy, 'the engine is not blamed');
  slow.destroy();
});
