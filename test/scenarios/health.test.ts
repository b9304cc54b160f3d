/** What operators see of a sick endpoint, and what traffic does meanwhile, on the built router. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RawEngine, Script } from '../fakes/raw-engine.ts';
import type { RunningRouter } from '../fakes/router.ts';
import { until } from '../fakes/until.ts';
import { errorAnswer, good, MODEL, type Rig, withRig } from './fault-rig.ts';
import { chatRequest } from './load-client.ts';

const EJECTION_MS = 1500;
const SLOW_START_MS = 3000;

interface Seen {
  readonly state: string;
  readonly reason_code: string;
  readonly detail: string;
  readonly since_at_ms: number;
  readonly until_at_ms: number | null;
  readonly changes: readonly { readonly state: string; readonly at_ms: number }[];
  readonly probes: readonly { readonly up: boolean; readonly took_ms: number }[];
  readonly voices: readonly { readonly voice: string; readonly state: string }[];
}

const failing: Script = ({ send }) => send(errorAnswer('500 Oops', 'out of memory'));

async function see(router: RunningRouter, { url }: RawEngine): Promise<Seen> {
  const id = encodeURIComponent(`${MODEL}@${url}/v1`);
  const response = await fetch(`${router.operationsUrl}/admin/endpoints/${id}`);
  return (await response.json()) as Seen;
}

/** Sends `count` requests, all answered well, and says which share the second engine got. */
async function shareOfSecond({ client, engines }: Rig, count: number): Promise<number> {
  for (const engine of engines) engine.forget();
  for (let sent = 0; sent < count; sent++) {
    const { kind, text } = await client.send(chatRequest(MODEL, false));
    assert.equal(kind, 'ok', text);
  }
  return engines[1]!.requests.length / count;
}

test('an outage is told with its reason, and the way back is a slow one', async () => {
  const config = {
    health_check: { interval: 0.3 },
    ejection: { base_ms: EJECTION_MS, slow_start_ms: SLOW_START_MS },
  };
  await withRig([good, failing], config, async (rig) => {
    const { router, client, engines } = rig;
    const sick = engines[1]!;
    const now = () => see(router, sick);
    const isHealthy = async () => (await router.dashboard()).backends[1]!.healthy;
    await until('its history begins', async () => (await now()).changes.length > 0);
    let ejected = await now();
    await until('ejected', async () => {
      await client.send(chatRequest(MODEL, false));
      ejected = await now();
      return ejected.state === 'ejected';
    });
    assert.equal(await isHealthy(), false);
    assert.equal(ejected.reason_code, 'upstream_status');
    const detail = /^The endpoint answered with a server error\. Seen by worker 0; ejections in a/;
    assert.match(ejected.detail, detail);
    const lastsMs = ejected.until_at_ms! - ejected.since_at_ms;
    // Give or take the jitter.
    assert.ok(Math.abs(lastsMs / EJECTION_MS - 1) <= 0.125, `${lastsMs} ms`);
    assert.ok(Math.abs(Date.now() - ejected.since_at_ms) < 10_000);

    await until('its time is over', async () => (await now()).state === 'probing');
    await until('a good probe makes it well without traffic', isHealthy);

    sick.script = good;
    await until('one request tries it', async () => {
      await client.send(chatRequest(MODEL, false));
      return (await now()).state === 'healthy';
    });
    assert.equal((await now()).reason_code, 'recovered');
    assert.ok(await shareOfSecond(rig, 60).then((share) => share < 0.35), 'little at first');
    await until('the ramp is over', async () => (await now()).reason_code === 'probe_ok');
    const share = await shareOfSecond(rig, 60);
    assert.ok(share > 0.25 && share < 0.75, `half in the end, not ${share}`);

    const { changes, probes, voices } = await now();
    const states = changes.map(({ state }) => state);
    assert.equal(states[0], 'healthy', 'the history begins with its first good probe');
    assert.equal(states.at(-1), 'healthy');
    assert.ok(probes.length > 1 && probes.every(({ up }) => up));
    const said = voices.map(({ voice, state }) => `${voice} ${state}`);
    assert.deepEqual(said, ['operator enabled', 'prober up', 'ejector open']);
  });
});

test('an endpoint that fails every other request is ejected for its ratio', async () => {
  const fickle: Script = (stage) => (stage.index % 2 === 0 ? failing(stage) : good(stage));
  const config = {
    retry: { failure_threshold: 1000 },
    ejection: { base_ms: 60_000, success_ratio: 0.7, min_requests: 10 },
  };
  await withRig([good, fickle], config, async (rig) => {
    const { router, engines } = rig;
    await shareOfSecond(rig, 80);
    assert.equal((await see(router, engines[1]!)).state, 'ejected');
    const asked = engines[1]!.requests.length;
    assert.ok(asked >= 10 && asked <= 14, `after ${asked} requests`);
    assert.equal(await shareOfSecond(rig, 20), 0);
  });
});
