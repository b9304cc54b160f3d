/** SIGTERM lets running requests finish and takes no new ones; the second SIGTERM does not wait. */
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { connectRaw, exchangeRaw, fieldOf, type RawClient } from '../fakes/raw-client.ts';
import { chunk, LAST_CHUNK, type Script, STREAM_HEAD } from '../fakes/raw-engine.ts';
import { until } from '../fakes/until.ts';
import { chatEvent, good, MODEL, type Rig, withRig } from './fault-rig.ts';
import { chatRequest } from './load-client.ts';

const EVENT_MS = 100;
const READY = 'GET /ready HTTP/1.1\r\nHost: router\r\nConnection: close\r\n\r\n';

/** Speaks until the test has seen enough. */
let isEnough = false;
beforeEach(() => {
  isEnough = false;
});

const slow: Script = async ({ send, delay, request }) => {
  send(STREAM_HEAD);
  for (let event = 0; !isEnough && request.closedAtMs < 0; event++) {
    send(chunk(chatEvent(`word ${event}`)));
    await delay(EVENT_MS);
  }
  send(chunk('data: [DONE]\n\n'));
  send(LAST_CHUNK);
};

async function begin({ router }: Rig): Promise<RawClient> {
  const client = await connectRaw(router.port);
  const { head, body } = chatRequest(MODEL, true);
  client.send(Buffer.concat([head, body]));
  await client.untilText('word 1');
  return client;
}

test('a running stream finishes; new connections are refused; the exit code is 0', async () => {
  await withRig([slow], {}, async (rig) => {
    const idle = await connectRaw(rig.router.port);
    idle.send('GET /health HTTP/1.1\r\nHost: router\r\n\r\n');
    assert.equal((await idle.answer()).status, 200);
    const running = await begin(rig);
    rig.router.child.signal('SIGTERM');
    assert.equal(await idle.ended(), 'fin', 'an idle connection is closed');
    idle.abort();
    await untilRefused(rig.router.port);
    isEnough = true;
    const answer = await running.answer();
    assert.ok(answer.complete);
    assert.ok(answer.body.toString().endsWith('data: [DONE]\n\n'));
    assert.equal(await running.ended(), 'fin');
    running.abort();
    assert.equal(await rig.router.child.exited, 0);
  });
});

/** The listener closes right behind the idle connections, while the stream goes on. */
async function untilRefused(port: number): Promise<void> {
  let refusal: string | undefined;
  await until('connections are refused', async () => {
    refusal = await connectRaw(port).then(
      (client) => client.abort() as undefined,
      (error: NodeJS.ErrnoException) => error.code,
    );
    return refusal !== undefined;
  });
  assert.equal(refusal, 'ECONNREFUSED');
}

test('during drain_delay /ready says 503 and requests are still served', async () => {
  const config = { server: { drain_delay: 3 } };
  await withRig([good], config, async (rig) => {
    const { router } = rig;
    assert.equal((await exchangeRaw(router.port, READY)).status, 200);
    router.child.signal('SIGTERM');
    await until('/ready says so', async () => {
      return (await exchangeRaw(router.port, READY)).status === 503;
    });
    const { head, body } = chatRequest(MODEL, false);
    const answer = await exchangeRaw(router.port, Buffer.concat([head, body]));
    assert.equal(answer.status, 200);
    assert.equal(fieldOf(answer, 'connection'), 'close');
    assert.equal(await router.child.exited, 0);
  });
});

test('at drain_timeout a stream gets the error event and no proper end', async () => {
  const config = { server: { drain_timeout: 0.3 } };
  await withRig([slow], config, async (rig) => {
    const running = await begin(rig);
    rig.router.child.signal('SIGTERM');
    await running.ended();
    const text = running.text();
    running.abort();
    assert.match(text, /data: \{"error":\{[^\n]*"code":"draining"\}\}\n\n\r\n$/);
    assert.ok(!text.includes('[DONE]'));
    assert.equal(await rig.router.child.exited, 0);
  });
});

test('the second SIGTERM ends at once', async () => {
  const config = { server: { drain_timeout: 600 } };
  await withRig([slow], config, async (rig) => {
    const running = await begin(rig);
    rig.router.child.signal('SIGTERM');
    await rig.router.child.logged(({ msg }) => String(msg).startsWith('draining'));
    rig.router.child.signal('SIGTERM');
    // The stream goes on: whoever waits for it does not end.
    assert.equal(await rig.router.child.exited, 1);
    await running.ended();
    running.abort();
  });
});
