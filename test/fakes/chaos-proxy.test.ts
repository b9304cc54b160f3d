import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { type ChaosProxy, type Harm, startChaosProxy } from './chaos-proxy.ts';
import { connectRaw, type RawClient } from './raw-client.ts';
import { sleep, until } from './until.ts';

/** Echoes, and ends when the other side does. */
let target: Server;
const targets = new Set<Socket>();

before(async () => {
  target = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    targets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => targets.delete(socket));
    socket.pipe(socket);
  });
  target.listen(0, '127.0.0.1');
  await once(target, 'listening');
});

after(() => {
  for (const socket of targets) socket.destroy();
  target.close();
});

async function through(
  harms: { readonly up?: Harm; readonly down?: Harm },
  scene: (client: RawClient, proxy: ChaosProxy) => Promise<void>,
): Promise<void> {
  const proxy = await startChaosProxy((target.address() as AddressInfo).port, harms);
  const client = await connectRaw(proxy.port);
  try {
    await scene(client, proxy);
  } finally {
    client.abort();
    await proxy.close();
  }
}

const TEXT = Buffer.from(Array.from({ length: 300 }, (_, i) => 32 + (i % 90)));

test('passes bytes and ends unchanged when it does no harm', async () => {
  await through({}, async (client) => {
    client.send(TEXT);
    client.halfClose();
    assert.equal(await client.ended(), 'fin');
    assert.deepEqual(client.received(), TEXT);
  });
});

test('delays each byte by the latency, in both directions', async () => {
  await through({ up: { latencyMs: 40 }, down: { latencyMs: 20 } }, async (client) => {
    const startedMs = performance.now();
    client.send(TEXT);
    await client.until((received) => received.length === TEXT.length);
    assert.ok(performance.now() - startedMs >= 58);
  });
});

test('holds to the bandwidth', async () => {
  await through({ down: { bytesPerSecond: 2000 } }, async (client) => {
    const startedMs = performance.now();
    client.send(TEXT);
    await client.until((received) => received.length === TEXT.length);
    const tookMs = performance.now() - startedMs;
    assert.ok(tookMs >= 100 && tookMs < 2000, `${tookMs} ms`);
    assert.deepEqual(client.received(), TEXT);
  });
});

test('slices into single bytes', async () => {
  await through({ down: { sliceBytes: 1 } }, async (client) => {
    client.send(TEXT);
    await client.until((received) => received.length === TEXT.length);
    assert.ok(client.arrivals.length > TEXT.length / 4, `${client.arrivals.length} arrivals`);
    assert.deepEqual(client.received(), TEXT);
  });
});

test('ends with FIN after the limit', async () => {
  for (const limitBytes of [1, 7, TEXT.length]) {
    await through({ down: { limitBytes } }, async (client) => {
      client.send(TEXT);
      assert.equal(await client.ended(), 'fin');
      assert.deepEqual(client.received(), TEXT.subarray(0, limitBytes));
    });
  }
});

test('resets after so many bytes', async () => {
  for (const resetAfterBytes of [1, 7, TEXT.length]) {
    await through({ down: { resetAfterBytes } }, async (client) => {
      client.send(TEXT);
      assert.equal(await client.ended(), 'reset');
      assert.deepEqual(client.received(), TEXT.subarray(0, resetAfterBytes));
    });
  }
});

test('swallows everything as a black hole, and follows a change of mind', async () => {
  await through({ up: { blackHole: true } }, async (client, proxy) => {
    client.send(TEXT);
    await sleep(50);
    assert.equal(client.received().length, 0);
    await until('it is joined', () => proxy.connections === 1);
    proxy.up = {};
    client.send(TEXT);
    await client.until((received) => received.length === TEXT.length);
  });
});

test('holds no more than a little of what its target does not take', async () => {
  await through({ up: { bytesPerSecond: 1 } }, async (client, proxy) => {
    const block = Buffer.alloc(1 << 20);
    for (let i = 0; i < 32; i++) client.send(block);
    await sleep(100);
    assert.ok(client.socket.writableLength > 16 << 20, `${client.socket.writableLength}`);
    assert.equal(proxy.connections, 1);
  });
});
