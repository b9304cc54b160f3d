/**
 * Canary secrets in every place that takes one, then traffic, refusals, dying engines, broken
 * reloads, alerts that cannot be delivered, every page and dump there is: nothing that is printed,
 * written or served holds a canary. What goes to an engine or a robot is theirs and not looked at.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { LAUNCHER } from '../fakes/built.ts';
import { jsonAnswer, type RawEngine, startRawEngine } from '../fakes/raw-engine.ts';
import { replaceFile } from '../fakes/replace-file.ts';
import { type RunningRouter, startRouter } from '../fakes/router.ts';
import { until } from '../fakes/until.ts';

/** Each has its own tail, so that a leak names its source. */
const TOKEN = 'canary-token-7f3a';
const ENGINE_KEY = 'canary-engine-91bc';
const DEAD_KEY = 'canary-dead-engine-55aa';
const ENV_KEY = 'canary-from-the-environment-02';
const CLIENT_KEY = 'canary-client-c0de';
const NAMED_KEY = 'canary-named-client-beef';
const STRANGER_KEY = 'canary-of-a-stranger-1234';
const ADDED_KEY = 'canary-added-by-api-77';
const ROBOT = 'canary-robot-path-aaaaaaaa';
const ROBOT_KEY = 'canary-robot-query-bbbbbbbb';
/** Systems do not give out ports below 1024: nobody can come to have it meanwhile. */
const CLOSED_PORT = 1;
const CANARY = /canary[-_a-z0-9]*/gi;

const engines: RawEngine[] = [];
let router: RunningRouter;
let traces = '';
/** Everything anybody could see, with where it was seen. */
const seen: (readonly [where: string, text: string])[] = [];

before(async () => {
  traces = await mkdtemp(join(tmpdir(), 'llm-router-canaries-'));
  const good = await startRawEngine(({ send }) => send(jsonAnswer({ id: 'a' })));
  const bad = await startRawEngine(({ send }) => send('HTTP/1.1 banana\r\n\r\n'), 'bad');
  engines.push(good, bad);
  const secrets = {
    server: { api_keys: [CLIENT_KEY, { name: 'alice', key: NAMED_KEY }] },
    dashboard: { token: TOKEN },
    log: { dir: 'logs', access: true, level: 'debug' },
    health_check: { interval: 0.2, timeout: 1, failure_threshold: 1 },
    routing: { num_retries: 1, unavailable_wait_ms: 200 },
    retry: { base_delay_ms: 10 },
    webhook: {
      ...{ enabled: true, type: 'json', batch_interval: 1 },
      url: `http://127.0.0.1:${CLOSED_PORT}/${ROBOT}?key=${ROBOT_KEY}`,
    },
  };
  router = await startRouter({
    endpoints: [
      { url: good.url, model: 'm', apiKey: ENGINE_KEY },
      { url: bad.url, model: 'bad', apiKey: 'os.environ/CANARY_KEY' },
      { url: `http://127.0.0.1:${CLOSED_PORT}`, model: 'dead', apiKey: DEAD_KEY },
    ],
    config: secrets,
    under: ['env', `CANARY_KEY=${ENV_KEY}`, `LLM_ROUTER_TRACE=${traces}`],
    waitUntilUp: false,
  });
  await until('an endpoint is up', async () => (await model('m'))?.healthy === 1);
});
after(async () => {
  await router.stop();
  await Promise.all(engines.map((engine) => engine.close()));
  await rm(traces, { recursive: true });
});

async function model(name: string): Promise<{ healthy: number } | undefined> {
  const text = await operate('GET', '/admin/status');
  const { models } = JSON.parse(text) as { models: { model: string; healthy: number }[] };
  return models.find((row) => row.model === name);
}

/** Asks, and keeps what came back. */
async function keep(where: string, url: string, init: RequestInit = {}): Promise<string> {
  const aborted = AbortSignal.timeout(10_000);
  const response = await fetch(url, { signal: aborted, redirect: 'manual', ...init });
  const head = JSON.stringify([...response.headers]);
  const isStream = response.headers.get('content-type') === 'text/event-stream';
  const first = async () => {
    const { value } = await response.body!.getReader().read();
    return Buffer.from(value ?? []).toString();
  };
  const body = isStream ? await first() : await response.text();
  seen.push([where, `${response.status} ${head} ${body}`]);
  return body;
}

function operate(method: string, path: string, body?: object, token = TOKEN): Promise<string> {
  const headers: Record<string, string> = { authorization: `Bearer ${token}` };
  if (method !== 'GET') headers['content-type'] = 'application/json';
  const init = { method, headers, body: body === undefined ? null : JSON.stringify(body) };
  return keep(`${method} ${path}`, `${router.operationsUrl}${path}`, init);
}

function chat(name: string, key: string): Promise<string> {
  const headers = { authorization: `Bearer ${key}` };
  const body = JSON.stringify({ model: name, messages: [] });
  const url = `${router.url}/v1/chat/completions`;
  return keep(`chat ${name}`, url, { method: 'POST', headers, body });
}

function run(...words: readonly string[]): Promise<void> {
  const env = {
    ...process.env,
    ...{ LLM_ROUTER_NODE: process.execPath, LLM_ROUTER_TOKEN: TOKEN, CANARY_KEY: ENV_KEY },
  };
  return new Promise((resolve) => {
    execFile(LAUNCHER, words, { env }, (_error, out, err) => {
      seen.push([`llm-router ${words[0]} ${words[1]}`, `${out}${err}`]);
      resolve();
    });
  });
}

async function everyFile(dir: string): Promise<void> {
  for (const entry of await readdir(dir, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    seen.push([path, await readFile(path, 'utf8')]);
  }
}

test('no secret is printed, written or served, whatever happens', async () => {
  for (const name of ['m', 'bad', 'dead', 'nobody']) {
    await chat(name, CLIENT_KEY);
    await chat(name, NAMED_KEY);
  }
  await chat('m', STRANGER_KEY);
  await keep('a key in another field', `${router.url}/v1/models`, {
    headers: { 'x-api-key': STRANGER_KEY, cookie: STRANGER_KEY },
  });
  await operate('GET', '/admin/status', undefined, STRANGER_KEY);
  await operate('POST', '/admin/session', { token: STRANGER_KEY });
  await operate('POST', '/admin/session', { token: TOKEN });

  const added = { api_base: 'http://127.0.0.1:9/v1', api_key: ADDED_KEY };
  await operate('POST', '/admin/endpoints', { model_name: 'added', litellm_params: added });
  const wrong = { api_base: `http://user:${ADDED_KEY}@h/v1`, api_key: `${ADDED_KEY}\n` };
  await operate('POST', '/admin/endpoints', { model_name: 'x', litellm_params: wrong });
  await operate('POST', '/admin/endpoints', { model_name: 'x', litellm_params: ADDED_KEY });
  await operate('PUT', '/admin/log-level', { level: 'trace' });

  await provokeReloadErrors();
  await everyPage();
  const config = ['-config', join(router.dir, 'config.yaml')];
  await run('config print', '-origin', ...config);
  await run('check', '-json', ...config);
  await run('webhook test', ...config);
  await run('status', '-url', router.operationsUrl);
  await run('backends', '-url', router.operationsUrl, '-json');

  const log = join(router.dir, 'logs', 'access.log');
  await until('the access log is written', async () => {
    return (await readFile(log, 'utf8').catch(() => '')).includes('"key":"alice"');
  });
  await until('traces are written', async () => (await readdir(traces)).length > 0);
  await everyFile(join(router.dir, 'logs'));
  await everyFile(traces);
  seen.push(['the output of the router', router.child.output]);
  assert.ok(seen.length > 40, `${seen.length} things were looked at`);
  const names = seen.map(([where]) => where);
  const all = ['GET /metrics', 'GET /admin/support-dump', 'GET /admin/config', 'access.log'];
  for (const name of [...all, traces]) {
    assert.ok(
      names.some((where) => where.includes(name)),
      name,
    );
  }
  const access = seen.find(([where]) => where.endsWith('access.log'))!;
  assert.match(access[1], /"key":"alice"/);
  const leaks = seen.flatMap(([where, text]) =>
    [...text.matchAll(CANARY)].map(([canary]) => `${canary} in ${where}`),
  );
  assert.deepEqual([...new Set(leaks)], []);
});

/** Files that are wrong right where a secret stands. */
async function provokeReloadErrors(): Promise<void> {
  const file = join(router.dir, 'config.yaml');
  const good = await readFile(file, 'utf8');
  const broken = [
    `server: {api_keys: ["${CLIENT_KEY} with blanks"]}`,
    `server: {api_keys: {name: a, key: ${CLIENT_KEY}}}`,
    `dashboard: {token: [${TOKEN}]}`,
    `webhook: {url: "${ROBOT_KEY}"}`,
    `general_settings: {master_key: [${CLIENT_KEY}]}`,
    `server: {api_keys: ["${CLIENT_KEY}"`,
  ];
  for (const text of broken) {
    await replaceFile(file, text);
    await operate('POST', '/admin/reload');
    await run('check', '-config', file);
  }
  await replaceFile(file, good);
  const params = { model: 'openai/m', api_base: 'http://127.0.0.1:9/v1', api_key: [DEAD_KEY] };
  const item = { model_name: 'wrong', litellm_params: params };
  const folder = join(router.dir, 'configs');
  await mkdir(folder, { recursive: true });
  await replaceFile(join(folder, 'openai_wrong.yaml'), JSON.stringify({ model_list: [item] }));
  await operate('POST', '/admin/reload');
  router.child.signal('SIGHUP');
  const isTold = async () => (await operate('GET', '/admin/log')).includes('openai_wrong');
  await until('the log tells it', isTold);
}

/** All that can be read by GET, as the API itself lists it. */
async function everyPage(): Promise<void> {
  const document = JSON.parse(await operate('GET', '/admin/openapi.json')) as {
    readonly paths: Readonly<Record<string, object>>;
  };
  const id = encodeURIComponent(`m@${engines[0]!.url}/v1`);
  for (const [path, operations] of Object.entries(document.paths)) {
    if ('get' in operations) await operate('GET', path.replace('{id}', id));
  }
  for (const name of ['m', 'dead', 'bad']) {
    let id: string | undefined;
    await until(`a request for ${name} is remembered`, async () => {
      const { requests } = JSON.parse(await operate('GET', '/admin/requests?limit=1000')) as {
        readonly requests: readonly { readonly id: string; readonly model: string }[];
      };
      id = requests.find((request) => request.model === name)?.id;
      return id !== undefined;
    });
    await operate('GET', `/admin/requests/${id}`);
  }
  await operate('POST', `/admin/endpoints/${id}/check`);
}
