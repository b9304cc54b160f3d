/** /ready follows the fleet, /health only the process; requests wait a moment for a fleet. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Sim, startSim } from '../../src/sim/engine.ts';
import { request } from '../fakes/http-rig.ts';
import { exchangeRaw } from '../fakes/raw-client.ts';
import { type RunningRouter, startRouter } from '../fakes/router.ts';

let sim: Sim;
let router: RunningRouter;

before(async () => {
  sim = await startSim({ model: 'm', refuse: true });
  router = await startRouter({
    endpoints: [{ url: sim.url, model: 'm' }],
    config: {
      health_check: { interval: 0.1, timeout: 1, failure_threshold: 2 },
      routing: { unavailable_wait_ms: 3000 },
    },
    waitUntilUp: false,
  });
});
after(async () => {
  await router?.stop();
  await sim?.close();
});

async function statusOf(path: string): Promise<number> {
  return (await exchangeRaw(router.port, request({ method: 'GET', path }))).status;
}

test('is alive but not ready before any endpoint is up', async () => {
  assert.equal(await statusOf('/ready'), 503);
  assert.equal(await statusOf('/health'), 200);
  assert.equal(await statusOf('/v1/models'), 200);
});

test('a request that came before the fleet is served when the fleet comes', async () => {
  const body = '{"model":"m","messages":[{"role":"user","content":"hi"}]}';
  const early = exchangeRaw(router.port, request({ body }));
  await sim.setOptions({ refuse: false });
  assert.equal((await early).status, 200);
  assert.equal(await statusOf('/ready'), 200);
});

test('is not ready any more when the last endpoint is gone', async () => {
  await sim.setOptions({ refuse: true });
  await router.until('the endpoint is down', ({ backends }) => !backends[0]!.healthy);
  assert.equal(await statusOf('/ready'), 503);
  assert.equal(await statusOf('/health'), 200);
});
