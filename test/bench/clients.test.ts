/** That clients behave as asked for, and that what goes wrong with them is told. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Sim, startSim } from '../../src/sim/engine.ts';
import type { SimOptions } from '../../src/sim/flags.ts';
import { PROJECT } from '../fakes/built.ts';
import { untilPasses } from '../fakes/until.ts';
import { measure } from './rig.ts';

const SMALL = ['-input-len', '5'];

async function simFor(t: TestContext, options: Partial<SimOptions>): Promise<Sim> {
  const sim = await startSim({ outputTokens: 4, ...options });
  t.after(() => sim.close());
  return sim;
}

test('clients leave when told to, and the engine notices', async (t) => {
  const sim = await simFor(t, {
    timeToFirstTokenMs: 20,
    interTokenLatencyMs: 20,
    outputTokens: 50,
  });
  const flags = [...SMALL, '-c', '10', '-n', '40', '-cancel-rate', '50%', '-cancel-after', '500ms'];
  const { run } = await measure(sim.url, flags);
  const { completed, cancelled, failed } = run.numbers;
  assert.equal(completed! + cancelled!, 40);
  assert.equal(failed, 0);
  assert.ok(cancelled! >= 10 && cancelled! <= 30, String(cancelled));
  await untilPasses(() => assert.equal(sim.stats().cancelled, cancelled));
});

test('connections are kept, made anew, or limited as with httpx', async (t) => {
  const sim = await simFor(t, { timeToFirstTokenMs: 20 });
  const connections = async (mode: string, users: string) => {
    const flags = [...SMALL, '-c', users, '-n', '300', '-keep-alive', mode];
    const { numbers } = (await measure(sim.url, flags)).run;
    assert.equal(numbers.completed, 300);
    return numbers.connections;
  };
  assert.equal(await connections('pool', '10'), 10);
  assert.equal(await connections('per-request', '10'), 300);
  assert.equal(await connections('httpx', '150'), 100);
});

test('a kept connection that the server closes costs no request', async (t) => {
  const sim = await simFor(t, { keepAliveTimeoutMs: 50 });
  const flags = [...SMALL, '-request-rate', '4', '-arrival', 'constant', '-d', '2500ms'];
  const { numbers } = (await measure(sim.url, flags)).run;
  assert.equal(numbers.completed, 10);
  assert.equal(numbers.failed, 0);
  assert.ok(numbers.connections! >= 9);
});

test('errors are counted by class, with what they looked like', async (t) => {
  const busy = await simFor(t, { maxNumSeqs: 1, maxWaitingQueueLength: 0, timeToFirstTokenMs: 50 });
  const refused = (await measure(busy.url, [...SMALL, '-c', '4', '-n', '12'])).run;
  const [error] = refused.errors;
  assert.equal(error!.error, 'HTTP 503');
  assert.match(error!.example, /request queue is full/);
  assert.equal(error!.count, refused.numbers.failed);

  const broken = await simFor(t, { dieAfterEvents: 2 });
  const cut = (await measure(broken.url, [...SMALL, '-c', '1', '-n', '3'])).run;
  assert.deepEqual(
    cut.errors.map(({ count }) => count),
    [3],
  );
  assert.match(cut.errors[0]!.error, /answer cut short|connection/);

  const truncated = await simFor(t, { dieAfterEvents: 2, dieBy: 'end' });
  const short = (await measure(truncated.url, [...SMALL, '-c', '1', '-n', '3'])).run;
  assert.equal(short.errors[0]!.error, 'answer cut short');
});

test('a slow server runs into the timeout', async (t) => {
  const sim = await simFor(t, { hang: true });
  const { run } = await measure(sim.url, [
    '-m',
    'x',
    ...SMALL,
    '-c',
    '2',
    '-n',
    '2',
    '-t',
    '300ms',
  ]);
  assert.deepEqual(
    run.errors.map(({ error, count }) => [error, count]),
    [['timed out', 2]],
  );
});

test('whole answers are measured without first tokens', async (t) => {
  const sim = await simFor(t, { timeToFirstTokenMs: 10 });
  const { numbers } = (await measure(sim.url, [...SMALL, '-no-stream', '-c', '2', '-n', '6'])).run;
  assert.equal(numbers.completed, 6);
  assert.equal(numbers.total_output_tokens, 24);
  assert.ok(Number.isNaN(numbers.mean_ttft_ms!));
  assert.ok(numbers.mean_e2el_ms! > 9);
});

test('completions, local addresses and images are sent as asked', async (t) => {
  const sim = await simFor(t, { imageTokens: 500 });
  const text = await measure(sim.url, [...SMALL, '-backend', 'openai', '-c', '2', '-n', '4']);
  assert.equal(text.run.numbers.completed, 4);
  const flags = ['-images', '2', '-image-size', '64x48', '-source-ip', '127.0.0.1,127.0.0.2'];
  const { numbers } = (await measure(sim.url, [...SMALL, ...flags, '-c', '2', '-n', '3'])).run;
  assert.equal(numbers.completed, 3);
  assert.ok(numbers.total_input_tokens! > 3 * 2 * 500);
});

test('TLS is spoken, and certificates of strangers only when asked for', async (t) => {
  const tls = (name: string) => readFileSync(join(PROJECT, 'test/fixtures/tls', name));
  const server = createServer(
    { cert: tls('cert.pem'), key: tls('key.pem') },
    (request, response) => {
      request.resume();
      response.setHeader('content-type', 'application/json');
      response.end('{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}');
    },
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const flags = ['-m', 'x', ...SMALL, '-no-stream', '-c', '2', '-n', '4'];
  const strict = (await measure(url, flags)).run;
  assert.deepEqual(
    strict.errors.map(({ error, count }) => [error, count]),
    [['TLS failed', 4]],
  );
  const { numbers } = (await measure(url, [...flags, '-insecure'])).run;
  assert.equal(numbers.completed, 4);
  assert.equal(numbers.total_output_tokens, 8);
  server.closeAllConnections();
});
