/**
 * Clients that close their sending side and go on reading get every answer whole (PROTOCOL §4):
 * pipelined ones too, and those that are still on their way when the end of the requests comes.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, beforeEach, test } from 'node:test';
import { type HttpRig, request, startHttpRig } from '../fakes/http-rig.ts';
import { connectRaw } from '../fakes/raw-client.ts';
import { jsonAnswer } from '../fakes/raw-engine.ts';
import { sleep } from '../fakes/until.ts';

let rig: HttpRig;

before(async () => {
  rig = await startHttpRig();
});
after(() => rig?.close());
beforeEach(() => {
  rig.engine.script = ({ send }) => send(jsonAnswer({ ok: true }));
});

const KEPT = request({ close: false });

test('pipelined requests are all answered to a client that has half-closed', async () => {
  const client = await connectRaw(rig.port);
  client.send(KEPT + KEPT + KEPT);
  client.halfClose();
  for (let turn = 0; turn < 3; turn++) assert.equal((await client.answer()).status, 200);
  assert.equal(await client.ended(), 'fin');
  assert.equal(client.text(), '');
  client.abort();
});

test('half of a pipelined request ends with the end of the client', async () => {
  const half = [KEPT.slice(0, 40), KEPT.slice(0, -5)];
  for (const part of half) {
    const client = await connectRaw(rig.port);
    client.send(KEPT + part);
    client.halfClose();
    assert.equal((await client.answer()).status, 200);
    // Well before the timer of heads would end it.
    assert.notEqual(await client.ended(5000), 'open');
    assert.equal(client.text(), '');
    client.abort();
  }
});

test('a refused pipelined request is answered to a client that has half-closed', async () => {
  const client = await connectRaw(rig.port);
  client.send(`${KEPT}GET / HTTP/7.7\r\n\r\n`);
  client.halfClose();
  assert.equal((await client.answer()).status, 200);
  assert.equal((await client.answer()).status, 505);
  assert.equal(await client.ended(), 'fin');
  client.abort();
});

/** Largest send buffer of the kernel: answers near it are the ones of which a bit is queued. */
function sendBufferBytes(): number {
  try {
    return Number(readFileSync('/proc/sys/net/ipv4/tcp_wmem', 'utf8').split(/\s+/)[2]);
  } catch {
    return 4 * 1024 * 1024;
  }
}

test('an answer that is still queued when the client half-closes arrives whole', async () => {
  const around = sendBufferBytes();
  const bytes = Buffer.alloc(around + 500_000, 'a');
  rig.engine.script = ({ send, request: { body } }) => {
    const size = JSON.parse(body.toString()).size as number;
    send(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`);
    send(bytes.subarray(0, size));
  };
  for (const close of [true, false]) {
    const sizes = [-200_000, -100_000, 0, 100_000, 200_000, 300_000].map((n) => around + n);
    const whole = sizes.map(async (size) => {
      const client = await connectRaw(rig.port);
      client.socket.pause();
      client.send(request({ body: JSON.stringify({ model: 'm', size }), close }));
      await sleep(250);
      client.halfClose();
      await sleep(50);
      client.socket.resume();
      await client.ended();
      const received = client.arrivals.reduce((sum, arrival) => sum + arrival.bytes.length, 0);
      client.abort();
      return received > size;
    });
    assert.deepEqual(
      await Promise.all(whole),
      sizes.map(() => true),
    );
  }
});
