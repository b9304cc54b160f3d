/**
 * Rows of docs/operations.md about what a router finds when it starts: files, alerts, traces. See
 * runbook.test.ts.
 */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { DEFAULT_SLOTS as ROOM } from '../../src/state/layout.ts';
import type { RunningRouter } from '../fakes/router.ts';
import { untilPasses } from '../fakes/until.ts';
import { startWecomRobot } from '../fakes/wecom-robot.ts';
import { ask, chat, editConfig, logged, PAGE, run, start, startEngine } from './runbook-rig.ts';

/** Nobody listens there. */
const DEAD = 'http://127.0.0.1:1/v1';

/** Endpoints that are not probed, of which no two are alike. */
function fileOf(count: number): string {
  const items = Array.from({ length: count }, (_, index) => ({
    model_name: 'm',
    litellm_params: { model: 'openai/m', api_base: `http://127.1.${index >> 8}.${index & 255}/v1` },
    model_info: { disable_background_health_check: true },
  }));
  return JSON.stringify({ model_list: items });
}

test('more endpoints than there is room for: the log and the check name the same', async (t) => {
  const files = { 'configs/self_deployed_many.yaml': fileOf(ROOM + 2) };
  const router = await start(t, { endpoints: [], files });
  const last = [ROOM, ROOM + 1].map((index) => `m@http://127.1.${index >> 8}.${index & 255}/v1`);
  assert.deepEqual((await logged(router, 'too many endpoints; ')).rejected, last);
  await untilPasses(async () => {
    const { problems } = await ask(router, 'GET', '/admin/status');
    assert.match(JSON.stringify(problems), /more endpoints than this router has room for/);
  });
  const { code, output } = await run(t, 'check', '-config', join(router.dir, 'config.yaml'));
  assert.equal(code, 3);
  assert.match(output, /many\.yaml:1:\d+: .*room for 4096 endpoints: from here 2 are left out$/m);
});

test('no endpoint yet: the log says which files it looked for, and takes them up', async (t) => {
  const files = { 'configs/openai_a.yaml': fileOf(1) };
  const args = ['-enabled-sources', 'own'];
  const router = await start(t, { endpoints: [], files, args });
  const line = await logged(router, 'no endpoints yet: ');
  assert.deepEqual([line.sources, line.dir], [['own'], join(router.dir, 'configs')]);
  await writeFile(join(router.dir, 'configs/own_a.yaml'), fileOf(1));
  await router.untilUp(1);
});

test('prune on start takes out nothing where all are dead, and says why it cannot', async (t) => {
  const dead = { model_name: 'm', litellm_params: { model: 'openai/m', api_base: DEAD } };
  const text = JSON.stringify({ model_list: [dead] });
  const file = 'configs/self_deployed_dead.yaml';
  const config = { health_check: { prune_unhealthy_on_start: true } };
  const alone = await start(t, { endpoints: [], files: { [file]: text }, config });
  await logged(alone, 'no endpoint is healthy; ');
  assert.equal(await readFile(join(alone.dir, file), 'utf8'), text);
  const engine = await startEngine(t, 'm');
  // The one that stays takes its model from the one that should go.
  const good = `{<<: *p, api_base: '${engine.url}/v1'}`;
  const params = `&p {model: openai/m, api_base: '${DEAD}'}`;
  const entry = (own: string) => `- {model_name: m, litellm_params: ${own}}\n`;
  const anchored = `model_list:\n${entry(params)}${entry(good)}`;
  const router = await start(t, { endpoints: [], files: { [file]: anchored }, config });
  const kept = await logged(router, 'endpoints that failed their first probe stay in the file');
  assert.match(JSON.stringify(kept.problems), /dead\.yaml: .*an anchor, perhaps/);
  assert.equal(await readFile(join(router.dir, file), 'utf8'), anchored);
});

test('alerts that do not arrive are tried again or lost, and the test says why', async (t) => {
  const robot = await startWecomRobot('key-1');
  t.after(() => robot.close());
  const engine = await startEngine(t, 'm');
  const endpoints = [{ url: engine.url, model: 'm' }];
  const webhook = (url: string) => ({ config: { webhook: { enabled: true, url } }, endpoints });
  const test = (router: RunningRouter) =>
    run(t, 'webhook', 'test', '-config', join(router.dir, 'config.yaml'));

  const refused = await start(t, webhook(`${robot.url}-wrong`));
  const lost = await logged(refused, 'an alert was lost');
  assert.match(String(lost.reason), /answered code 93000/);
  assert.equal(lost.lostSoFar, 1);
  assert.match((await test(refused)).output, /not delivered: answered code 93000/);

  const cutOff = await start(t, webhook('http://127.0.0.1:1/hook'));
  const late = await logged(cutOff, 'an alert did not arrive; trying again');
  assert.match(String(late.reason), /ECONNREFUSED/);
  assert.match((await test(cutOff)).output, /not delivered: ECONNREFUSED/);
  // The same router, once its robot is to be reached.
  await editConfig(cutOff, { webhook: { enabled: true, url: robot.url } });
  await robot.received(/: started/);
  for (const code of ['93000', 'ECONNREFUSED', '45009']) assert.ok(PAGE.includes(code));
});

test('traces: where they go, what is in one, and that they are missing', async (t) => {
  const engine = await startEngine(t, 'm');
  const endpoints = [{ url: engine.url, model: 'm' }];
  const folder = await mkdtemp(join(tmpdir(), 'llm-router-traces-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const under = (to: string) => ({ endpoints, under: ['env', `LLM_ROUTER_TRACE=${to}`] });
  const router = await start(t, under(folder));
  await router.untilUp(1);
  assert.equal((await logged(router, 'tracing: ')).folder, folder);
  assert.equal((await chat(router, 'traced')).status, 200);
  await untilPasses(async () => {
    const { steps } = JSON.parse(await readFile(join(folder, 'traced.json'), 'utf8'));
    const names = (steps as { step: string }[]).map(({ step }) => step);
    assert.deepEqual(names, ['attempt', 'committed']);
  });
  // A file stands where the folder should be.
  const blind = await start(t, under(join(folder, 'traced.json')));
  await blind.untilUp(1);
  assert.equal((await chat(blind, 'untraced')).status, 200);
  const { code, dropped } = await logged(blind, 'traces are missing');
  assert.match(String(code), /^E[A-Z]+$/);
  assert.equal(dropped, 1);
});
