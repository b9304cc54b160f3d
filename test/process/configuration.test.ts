/** The configuration of a running router: changed, refused, taken back; LiteLLM's; pruned. */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Sim, startSim } from '../../src/sim/engine.ts';
import { replaceFile } from '../fakes/replace-file.ts';
import { type RouterSetup, type RunningRouter, startRouter } from '../fakes/router.ts';
import { until } from '../fakes/until.ts';
import { startWecomRobot } from '../fakes/wecom-robot.ts';

const MODEL = 'm';
const DEAD = 'http://127.0.0.1:1';

async function engine(t: TestContext, options: object = {}): Promise<Sim> {
  const sim = await startSim({ model: MODEL, ...options });
  t.after(() => sim.close());
  return sim;
}

async function start(t: TestContext, setup: RouterSetup): Promise<RunningRouter> {
  const router = await startRouter(setup);
  t.after(() => router.stop());
  return router;
}

async function write(router: RunningRouter, config: object): Promise<void> {
  const base = { server: { host: '127.0.0.1', port: 0, workers: 1, drain_timeout: 5 } };
  const rest = { dashboard: { web_port: 0 }, log: { dir: '' } };
  const text = JSON.stringify({ ...base, ...rest, ...config });
  await replaceFile(join(router.dir, 'config.yaml'), text);
}

interface Answer {
  readonly status: number;
  readonly body: {
    readonly outcome: string;
    readonly problems: readonly string[];
    readonly options: readonly { readonly path: string; readonly needs_restart: boolean }[];
    readonly status: { readonly held: boolean; readonly refused: readonly string[] };
  };
}

async function post(router: RunningRouter, path: string): Promise<Answer> {
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' };
  const response = await fetch(router.operationsUrl + path, init);
  return { status: response.status, body: (await response.json()) as Answer['body'] };
}

async function chat(router: RunningRouter, model: string, key = ''): Promise<Response> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${key}` };
  const body = JSON.stringify({ model, messages: [{ role: 'user', content: 'hello' }] });
  return await fetch(`${router.url}/v1/chat/completions`, { method: 'POST', headers, body });
}

test('options count at once, are shown before, and can be taken back', async (t) => {
  const { url } = await engine(t);
  const router = await start(t, { endpoints: [{ url, model: MODEL }] });
  assert.equal((await chat(router, MODEL)).status, 200);
  await write(router, {
    server: { port: 9, api_keys: ['sk-canary'] },
    log: { dir: '', level: 'debug' },
  });
  const dry = await post(router, '/admin/reload?dry_run=1');
  const watched = dry.body.options.length === 0;
  if (!watched) {
    assert.deepEqual(
      dry.body.options.filter((one) => one.needs_restart).map(({ path }) => path),
      ['server.host', 'server.port', 'server.workers'],
    );
    assert.equal((await chat(router, MODEL)).status, 200, 'a dry run changes nothing');
  }
  await post(router, '/admin/reload');
  assert.equal((await chat(router, MODEL)).status, 401);
  assert.equal((await chat(router, MODEL, 'sk-canary')).status, 200);
  await router.child.logged(({ msg }) => msg === 'nothing in the configuration has changed');
  const back = await post(router, '/admin/rollback');
  assert.equal(back.body.outcome, 'applied');
  assert.equal(back.body.status.held, true);
  assert.equal((await chat(router, MODEL)).status, 200);
  assert.doesNotMatch(router.child.output + JSON.stringify([dry, back]), /canary/);
});

test('alerts, probes and the strategy follow the file without a restart', async (t) => {
  const robot = await startWecomRobot('canary-robot-key');
  t.after(() => robot.close());
  const { url } = await engine(t);
  const router = await start(t, { endpoints: [{ url, model: MODEL }] });
  assert.equal(robot.messages.length, 0);
  await write(router, {
    routing: { strategy: 'least-connections' },
    health_check: { interval: 0.2 },
    webhook: { enabled: true, url: robot.url },
  });
  const { body } = await post(router, '/admin/reload');
  assert.match(body.outcome, /^(applied|unchanged)$/);
  await until('an alert came', () => robot.messages.length > 0);
  const response = await fetch(`${router.operationsUrl}/admin/status`);
  const status = (await response.json()) as { router: { strategy: string } };
  assert.equal(status.router.strategy, 'least-connections');
  assert.doesNotMatch(router.child.output + JSON.stringify(body), /canary/);
});

test('what is not valid is refused, shown, and forgotten when it is mended', async (t) => {
  const { url } = await engine(t);
  const router = await start(t, { endpoints: [{ url, model: MODEL }] });
  await write(router, { routing: { stratgy: 'x' } });
  const { status, body } = await post(router, '/admin/reload');
  assert.equal(status, 422);
  assert.match(body.problems.join(), /routing\.stratgy: unknown key; did you mean "strategy"\?/);
  const shown = async () => {
    const response = await fetch(`${router.operationsUrl}/admin/status`);
    return ((await response.json()) as { config: { problems: string[] } }).config.problems;
  };
  await until('it is shown', async () => (await shown()).length > 0);
  assert.equal((await chat(router, MODEL)).status, 200);
  await write(router, {});
  await post(router, '/admin/reload');
  await until('it is forgotten', async () => (await shown()).length === 0);
});

test('a LiteLLM file serves aliases, patterns, fallbacks and its master key', async (t) => {
  const [good, small] = await Promise.all([engine(t), engine(t, { model: 'small' })]);
  const lite = {
    model_list: [
      { model_name: 'big', litellm_params: { model: 'openai/m', api_base: `${DEAD}/v1` } },
      {
        model_name: 'small',
        litellm_params: { model: 'openai/small', api_base: `${small.url}/v1` },
      },
      { model_name: 'any/*', litellm_params: { model: 'openai/*', api_base: `${good.url}/v1` } },
    ],
    router_settings: { model_group_alias: { tiny: 'small' }, fallbacks: [{ big: ['any/m'] }] },
    general_settings: { master_key: 'os.environ/LITE_KEY' },
  };
  const router = await start(t, {
    endpoints: [],
    config: lite as unknown as Record<string, Record<string, unknown>>,
    under: ['env', 'LITE_KEY=sk-lite'],
    waitUntilUp: false,
  });
  await router.until('two engines are up', ({ backends }) => {
    return backends.filter(({ healthy }) => healthy).length === 2;
  });
  assert.equal((await chat(router, 'small')).status, 401);
  for (const model of ['small', 'tiny', 'any/m', 'big']) {
    const answer = await chat(router, model, 'sk-lite');
    assert.equal(answer.status, 200, `${model}: ${await answer.text()}`);
  }
  assert.equal((await chat(router, 'other', 'sk-lite')).status, 404);
  const headers = { authorization: 'Bearer sk-lite' };
  const list = await (await fetch(`${router.url}/v1/models`, { headers })).json();
  const names = (list as { data: { id: string }[] }).data.map(({ id }) => id);
  assert.deepEqual(names, ['big', 'small', 'tiny']);
});

test('endpoints that fail their first probe leave the file, and a copy stays', async (t) => {
  const { url } = await engine(t);
  const text = [
    '# kept to the byte',
    'model_list:',
    `- {model_name: m, litellm_params: {api_base: "${url}/v1"}}   # good`,
    `- {model_name: m, litellm_params: {api_base: "${DEAD}/v1"}}`,
    '# the end',
    '',
  ];
  const router = await start(t, {
    endpoints: [],
    files: { 'configs/self_deployed_fleet.yaml': text.join('\n') },
    config: { health_check: { prune_unhealthy_on_start: true } },
    waitUntilUp: false,
  });
  await router.child.logged(({ msg }) => /^took endpoints/.test(String(msg)));
  await router.until('one endpoint is left', ({ backends }) => backends.length === 1);
  const folder = join(router.dir, 'configs');
  const after = await readFile(join(folder, 'self_deployed_fleet.yaml'), 'utf8');
  assert.equal(after, text.toSpliced(3, 1).join('\n'));
  const copy = (await readdir(folder)).find((name) => name.endsWith('.bak'));
  assert.match(copy ?? '', /^self_deployed_fleet\.yaml\.\d{8}T\d{6}Z\.bak$/);
  assert.equal(await readFile(join(folder, copy!), 'utf8'), text.join('\n'));
});
