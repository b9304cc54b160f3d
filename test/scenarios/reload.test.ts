/**
 * The configuration changes while requests run: a hundred times in thirty seconds, in every way in
 * which people and machines change files, and no request fails.
 */
import assert from 'node:assert/strict';
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Sim, startSim } from '../../src/sim/engine.ts';
import { replaceFile } from '../fakes/replace-file.ts';
import { type RunningRouter, startRouter } from '../fakes/router.ts';
import { sleep } from '../fakes/until.ts';
import { chatRequest, closedLoop, LoadClient, type Outcome } from './load-client.ts';

const MODEL = 'm';
const RELOADS = 100;
const STEP_MS = 300;
const IN_FLIGHT = 16;
/** What the product promises for a change nobody announces. */
const NOTICED_MS = 2_000;

let engines: Sim[] = [];
let router: RunningRouter;
let client: LoadClient;

before(async () => {
  const pace = { timeToFirstTokenMs: 8, interTokenLatencyMs: 3, outputTokens: 6 };
  const start = () => startSim({ model: MODEL, ...pace });
  engines = await Promise.all([start(), start(), start(), start()]);
  router = await startRouter({
    endpoints: [{ url: engines[0]!.url, model: MODEL }],
    config: { server: { workers: 2 } },
  });
  client = new LoadClient(router.port, 20_000);
});

after(async () => {
  client?.close();
  await router?.stop();
  await Promise.all(engines.map((engine) => engine.close()));
});

test('a hundred reloads in thirty seconds fail no request', { timeout: 60_000 }, async () => {
  const outcomes: Outcome[] = [];
  let over = false;
  let sent = 0;
  const next = () => (over ? undefined : chatRequest(MODEL, sent++ % 2 === 0));
  const load = closedLoop(client, IN_FLIGHT, next, (outcome) => outcomes.push(outcome));
  const survivor = new Survivor();
  const startedMs = performance.now();
  for (let step = 0; step < RELOADS; step++) {
    await CHANGES[step % CHANGES.length]!(step);
    router.child.signal('SIGHUP');
    const aheadMs = (step + 1) * STEP_MS - (performance.now() - startedMs);
    await sleep(Math.max(0, aheadMs));
    if (step % 5 === 0) await survivor.look();
  }
  const tookMs = performance.now() - startedMs;
  over = true;
  await load;
  await survivor.look();
  const tables = router.logs().filter(({ msg }) => msg === 'route table').length;
  const broken = router.logs().filter(({ problems }) => problems !== undefined).length;
  const failed = outcomes.filter(({ kind }) => kind !== 'ok');
  console.log(
    `${RELOADS} changes in ${(tookMs / 1000).toFixed(1)} s, ${tables} route tables, ` +
      `${broken} with problems; ${outcomes.length} requests, ${failed.length} failed`,
  );
  const sample = failed[0];
  assert.equal(failed.length, 0, `${sample?.kind}: ${sample?.text}`);
  assert.ok(outcomes.length > 1000, `load went on: ${outcomes.length} requests`);
  assert.ok(tables > 0.6 * RELOADS, `${tables} route tables`);
  assert.ok(broken > 0, 'the broken file was complained about');
  assert.ok(survivor.requests > 100, 'the surviving endpoint served all the time');
  for (const engine of engines.slice(1)) assert.ok(engine.stats().received > 0, 'all were used');
});

test('a new file serves within two seconds, unannounced', async () => {
  const startedMs = performance.now();
  await writeFile(pathOf('openai_fresh.yaml'), endpointFile([[2, 1]], 'fresh'));
  await untilListed('fresh', true);
  const { kind, text } = await client.send(chatRequest('fresh', false));
  assert.equal(kind, 'ok', text);
  assert.ok(performance.now() - startedMs < NOTICED_MS);
});

test('an emptied file loses its endpoints within two seconds', async () => {
  await writeFile(pathOf('openai_fresh.yaml'), '');
  const tookMs = await untilListed('fresh', false);
  assert.ok(tookMs < NOTICED_MS, `${tookMs} ms`);
  const { status } = await client.send(chatRequest('fresh', false));
  assert.equal(status, 404);
});

test('a deleted file loses its endpoints within two seconds', async () => {
  await writeFile(pathOf('openai_fresh.yaml'), endpointFile([[3, 1]], 'again'));
  await untilListed('again', true);
  await rm(pathOf('openai_fresh.yaml'));
  const tookMs = await untilListed('again', false);
  assert.ok(tookMs < NOTICED_MS, `${tookMs} ms`);
});

/** The ways to change files, one a step; the endpoint of the first file is there all the time. */
const CHANGES: readonly ((step: number) => Promise<void>)[] = [
  // Added at once, as editors and tools that care do it.
  () => replace('self_deployed_more.yaml', endpointFile([[1, 1]])),
  // Weights, in place.
  () => writeFile(pathOf('self_deployed_more.yaml'), endpointFile([[1, 5]])),
  // Written in place by somebody slow: half of the file is seen.
  async () => {
    const text = endpointFile([
      [1, 2],
      [2, 3],
    ]);
    await writeFile(pathOf('self_deployed_more.yaml'), text.slice(0, text.length >> 1));
    await sleep(30);
    await writeFile(pathOf('self_deployed_more.yaml'), text);
  },
  () => swapConfigMap([[3, 1]]),
  // Removed: one of two.
  () => replace('self_deployed_more.yaml', endpointFile([[2, 3]])),
  // Broken: what it held stays.
  () => replace('self_deployed_more.yaml', 'model_list: [ {model_name: m, litellm_params: {'),
  (step) => replace('self_deployed_more.yaml', endpointFile([[1, 1 + (step % 7)]])),
  () =>
    swapConfigMap([
      [3, 4],
      [2, 1],
    ]),
  () => writeFile(pathOf('self_deployed_more.yaml'), ''),
  () => swapConfigMap([]),
];

/** `[engine, weight]` of each endpoint. */
type Rows = readonly (readonly [number, number])[];

function endpointFile(rows: Rows, model = MODEL): string {
  const entries = rows.map(([engine, weight]) => ({
    model_name: model,
    litellm_params: {
      model: `openai/${MODEL}`,
      api_base: `${engines[engine]!.url}/v1`,
      weight,
    },
  }));
  return `${JSON.stringify({ model_list: entries }, null, 2)}\n`;
}

function pathOf(name: string): string {
  return join(router.dir, 'configs', name);
}

function replace(name: string, text: string): Promise<void> {
  return replaceFile(pathOf(name), text);
}

let generation = 0;

/** As Kubernetes updates a mounted ConfigMap: a new folder, then one link that changes. */
async function swapConfigMap(rows: Rows): Promise<void> {
  const name = 'self_deployed_map.yaml';
  const old = pathOf(`..${generation}`);
  generation++;
  await mkdir(pathOf(`..${generation}`));
  await writeFile(join(pathOf(`..${generation}`), name), endpointFile(rows));
  await symlink(`..${generation}`, pathOf('..next'));
  await rename(pathOf('..next'), pathOf('..data'));
  if (generation === 1) await symlink(join('..data', name), pathOf(name));
  else await rm(old, { recursive: true });
}

/** How long it took until GET /v1/models named the model, or no longer did. */
async function untilListed(model: string, listed: boolean): Promise<number> {
  const startedMs = performance.now();
  for (;;) {
    const text = await (await fetch(`${router.url}/v1/models`)).text();
    const tookMs = performance.now() - startedMs;
    if (text.includes(`"${model}"`) === listed) return tookMs;
    if (tookMs > 2 * NOTICED_MS) throw new Error(`not noticed in ${tookMs} ms: ${text}`);
    await sleep(20);
  }
}

/** The endpoint of the first file: its counters only grow. */
class Survivor {
  requests = 0;
  #completed = 0;

  async look(): Promise<void> {
    const { backends } = await router.dashboard();
    const row = backends.find(({ id }) => id.includes(engines[0]!.url));
    assert.ok(row !== undefined, 'it is in the table');
    assert.ok(row.total_requests >= this.requests, `${row.total_requests} < ${this.requests}`);
    assert.ok(row.completed >= this.#completed, `${row.completed} < ${this.#completed}`);
    this.requests = row.total_requests;
    this.#completed = row.completed;
  }
}
