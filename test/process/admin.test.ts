/** The admin API of the built product, with a token: what it changes reaches the traffic. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { jsonAnswer, type RawEngine, startRawEngine } from '../fakes/raw-engine.ts';
import { type RunningRouter, startRouter } from '../fakes/router.ts';
import { until, untilPasses } from '../fakes/until.ts';

const TOKEN = 'tok-of-the-test';

let engines: RawEngine[] = [];
let router: RunningRouter;
let engineSilent = false;

before(async () => {
  const script = ({ send }: { send(bytes: string): void }) => {
    if (!engineSilent) send(jsonAnswer({ id: 'a' }));
  };
  engines = await Promise.all([startRawEngine(script), startRawEngine(script)]);
  router = await startRouter({
    endpoints: engines.map(({ url }) => ({ url, model: 'm' })),
    config: { dashboard: { token: TOKEN, host: '127.0.0.9' } },
    waitUntilUp: false,
  });
  await until('both are up', async () => (await models())[0]?.healthy === 2);
});
after(async () => {
  await router.stop();
  await Promise.all(engines.map((engine) => engine.close()));
});

interface Said {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: the shape is what is tested.
  readonly body: any;
}

async function ask(method: string, path: string, given?: object, token = TOKEN): Promise<Said> {
  const headers: Record<string, string> = { authorization: `Bearer ${token}` };
  if (method !== 'GET') headers['content-type'] = 'application/json';
  const body = given === undefined ? null : JSON.stringify(given);
  const response = await fetch(`${router.operationsUrl}${path}`, { method, headers, body });
  return { status: response.status, body: await response.json() };
}

async function models(): Promise<{ healthy: number }[]> {
  return (await ask('GET', '/admin/status')).body.models;
}

async function chat(): Promise<number> {
  const body = '{"model":"m","messages":[]}';
  const response = await fetch(`${router.url}/v1/chat/completions`, { method: 'POST', body });
  await response.text();
  return response.status;
}

const pathOf = (index: number) =>
  `/admin/endpoints/${encodeURIComponent(`m@${engines[index]!.url}/v1`)}`;

test('serves nothing without the token but what is open', async () => {
  assert.equal((await ask('GET', '/api/dashboard', undefined, 'wrong')).status, 401);
  assert.equal((await ask('GET', '/admin/session', undefined, 'wrong')).status, 200);
});

test('takes an endpoint out and back in again, and the traffic follows', async () => {
  const counts = () => engines.map(({ requests }) => requests.length);
  assert.equal((await ask('PATCH', pathOf(0), { state: 'draining' })).status, 200);
  const before = counts();
  for (let i = 0; i < 6; i++) assert.equal(await chat(), 200);
  assert.deepEqual(counts(), [before[0]!, before[1]! + 6]);
  await ask('PATCH', pathOf(0), { state: 'enabled' });
  await ask('PATCH', pathOf(1), { state: 'maintenance' });
  for (let i = 0; i < 6; i++) assert.equal(await chat(), 200);
  assert.deepEqual(counts(), [before[0]! + 6, before[1]! + 6]);
  await ask('PATCH', pathOf(1), { state: 'enabled' });
});

test('removes and adds endpoints while requests run', async () => {
  await ask('DELETE', pathOf(1));
  assert.equal((await models()).length, 1);
  const { body } = await ask('GET', '/admin/endpoints');
  assert.deepEqual(
    body.endpoints.map(({ api_base }: { api_base: string }) => api_base),
    [`${engines[0]!.url}/v1`],
  );
  const item = { model_name: 'm', litellm_params: { api_base: `${engines[1]!.url}/v1` } };
  assert.equal((await ask('POST', '/admin/endpoints', item)).status, 201);
  await until('both are up', async () => (await models())[0]?.healthy === 2);
  assert.equal((await ask('GET', pathOf(1))).body.origin.endpoint, 'api');
});

test('writes every change down, and shows the log from afar', async () => {
  await ask('PATCH', pathOf(0), { weight: 3 });
  const { body } = await ask('GET', '/admin/log?level=info');
  const line = body.lines.findLast(({ msg }: { msg: string }) => msg === 'changed an endpoint');
  assert.deepEqual([line.origin, line.to, line.level], ['api', { weight: 3 }, 'info']);
  const next = await ask('GET', `/admin/log?after=${body.last}`);
  // Probes go on and may add lines of their own; none that is known comes again.
  const seqs: number[] = next.body.lines.map(({ seq }: { seq: number }) => seq);
  assert.deepEqual(
    seqs.filter((seq) => seq <= body.last),
    [],
  );
  assert.equal(next.body.missed, 0);
});

test('changes the level of the log while it runs', async () => {
  await ask('PUT', '/admin/log-level', { level: 'error' });
  await ask('PATCH', pathOf(0), { weight: 4 });
  await ask('PUT', '/admin/log-level', { level: 'info' });
  const { body } = await ask('GET', '/admin/log?level=info');
  assert.equal(body.level, 'info');
  const weights = body.lines.map(({ to }: { to?: { weight?: number } }) => to?.weight);
  assert.ok(weights.includes(3) && !weights.includes(4));
});

test('documents every route that it serves, and no other', async () => {
  const { body } = await ask('GET', '/admin/openapi.json');
  for (const [path, operations] of Object.entries<object>(body.paths)) {
    const methods = Object.keys(operations).map((method) => method.toUpperCase());
    const concrete = path.replace(/\{[^}]*\}/g, 'x');
    // A method that is not there answers with those that are: the table's own word.
    const response = await fetch(`${router.operationsUrl}${concrete}`, {
      method: 'OPTIONS',
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    assert.equal(response.status, 405, path);
    const allowed = response.headers.get('allow')!.split(', ');
    assert.deepEqual(allowed.sort(), methods.sort(), path);
  }
  for (const path of ['/admin/endpoints/{id}', '/api/dashboard', '/admin/log']) {
    assert.ok(path in body.paths, path);
  }
});

test('explains a request by its id, those that failed and those that run', async () => {
  const send = (id: string, body: string) => {
    const headers = { 'x-request-id': id };
    return fetch(`${router.url}/v1/chat/completions`, { method: 'POST', headers, body });
  };
  const answer = await send('explained', '{"model":"m","messages":[]}');
  await answer.text();
  await untilPasses(async () => {
    const said = await ask('GET', '/admin/requests/explained');
    const [request] = said.body.requests;
    assert.equal(request.endpoint, answer.headers.get('x-llm-router-endpoint'));
    assert.equal(answer.headers.get('x-llm-router-attempts'), '1');
    assert.equal(request.steps[0].candidates.length, 2);
    assert.ok(Math.abs(request.at_ms - Date.now()) < 30_000);
    assert.match(request.story.at(-1), /answered 200/);
  });

  await (await send('hopeless', '{"model":"nobody"}')).text();
  await untilPasses(async () => {
    const failed = await ask('GET', '/admin/requests?failed=1&limit=1');
    assert.equal(failed.body.requests[0]?.id, 'hopeless');
  });

  const hanging = new AbortController();
  engineSilent = true;
  const { url } = router;
  const { signal } = hanging;
  const body = '{"model":"m","messages":[]}';
  const headers = { 'x-request-id': 'hanging' };
  const gone = fetch(`${url}/v1/chat/completions`, { method: 'POST', headers, body, signal });
  await until('it is with an endpoint', async () => {
    const { requests } = (await ask('GET', '/admin/requests?running=1')).body;
    return requests[0]?.id === 'hanging' && requests[0].phase === 'attempt';
  });
  engineSilent = false;
  hanging.abort();
  await assert.rejects(gone);
  assert.equal((await ask('GET', '/admin/requests/never-seen')).status, 404);
  const dump = await ask('GET', '/admin/support-dump');
  assert.ok(dump.body.failed_requests.some(({ id }: { id: string }) => id === 'hopeless'));
});
