/**
 * Rows of docs/operations.md that nothing else provokes, on the built router: the fault is made,
 * and what the page promises is looked for, in the answer, in the log and in what commands print.
 * More of them are in runbook-start.test.ts.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import { type AddressInfo, createServer as listenOn } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startRawEngine } from '../fakes/raw-engine.ts';
import { until, untilPasses } from '../fakes/until.ts';
import { ask, chat, editConfig, logged, PAGE, start, startEngine } from './runbook-rig.ts';

test('an engine whose certificate nobody vouches for: 502, its reason, its story', async (t) => {
  const pem = (name: string) =>
    readFileSync(fileURLToPath(new URL(`../fixtures/tls/${name}`, import.meta.url)));
  const engine = createServer({ cert: pem('cert.pem'), key: pem('key.pem') });
  await new Promise<void>((resolve) => engine.listen(0, '127.0.0.1', resolve));
  t.after(() => engine.close());
  const base = `https://localhost:${(engine.address() as AddressInfo).port}/v1`;
  const params = `{model: openai/m, api_base: '${base}'}`;
  const unprobed = 'model_info: {disable_background_health_check: true}';
  const list = `model_list:\n- model_name: m\n  litellm_params: ${params}\n`;
  const router = await start(t, {
    endpoints: [],
    files: { 'configs/openai_tls.yaml': `${list}  ${unprobed}\n` },
    config: { routing: { num_retries: 0 }, log: { dir: '', level: 'debug' } },
  });
  const answer = await chat(router, 'tls-1');
  assert.equal(answer.status, 502);
  assert.equal(((await answer.json()) as { error: { code: string } }).error.code, 'tls_failed');
  assert.match(PAGE, /^\| 502 \|.*`tls_failed`/m);
  assert.equal((await logged(router, 'an attempt failed')).code, 'tls_failed');
  await untilPasses(async () => {
    const { requests } = await ask(router, 'GET', '/admin/requests/tls-1');
    assert.match(requests[0].story.join('\n'), /TLS/);
  });
  // The same engine, probed: it is out, and says why.
  await writeFile(join(router.dir, 'configs/openai_tls.yaml'), list);
  await untilPasses(async () => {
    const { endpoints } = await ask(router, 'GET', '/admin/endpoints');
    assert.match(endpoints[0].reason, /self.signed|certificate/i);
  });
});

test('what operators do by the API is in the log, until a file has its say', async (t) => {
  const engine = await startEngine(t, 'm');
  const router = await start(t, { endpoints: [{ url: engine.url, model: 'm' }] });
  await router.untilUp(1);
  await ask(router, 'POST', '/admin/endpoints', {
    model_name: 'n',
    litellm_params: { model: 'openai/n', api_base: 'http://127.0.0.1:9/v1' },
  });
  await logged(router, 'added an endpoint');
  await ask(router, 'DELETE', `/admin/endpoints/${encodeURIComponent('n@http://127.0.0.1:9/v1')}`);
  await logged(router, 'removed an endpoint');
  const id = encodeURIComponent(`m@${engine.url}/v1`);
  await ask(router, 'POST', `/admin/endpoints/${id}/reset-ejection`);
  await logged(router, 'ended an ejection');
  await ask(router, 'PUT', '/admin/log-level', { level: 'debug' });
  await logged(router, 'changed the level of the log');
  await ask(router, 'PATCH', `/admin/endpoints/${id}`, { weight: 3 });
  const file = join(router.dir, 'configs/self_deployed_test.yaml');
  const list = JSON.parse(await readFile(file, 'utf8'));
  list.model_list[0].litellm_params.weight = 2;
  await writeFile(file, JSON.stringify(list));
  await logged(router, 'a file has overtaken a change by the API');
});

test('a reload that cannot count, or not yet, says so, and that all is well again', async (t) => {
  const engine = await startEngine(t, 'other');
  const router = await start(t, { endpoints: [{ url: engine.url, model: 'm' }] });
  await logged(router, 'odd answer to a probe');
  const file = join(router.dir, 'config.yaml');
  const good = await readFile(file, 'utf8');
  await editConfig(router, { server: { port: 1, workers: 3 } });
  await logged(router, 'these options count only when the router starts again');
  await writeFile(file, 'routing: {stratgy: x}');
  await logged(router, 'the configuration is not valid; ');
  await writeFile(file, good);
  const endpoints = join(router.dir, 'configs/self_deployed_test.yaml');
  const list = await readFile(endpoints, 'utf8');
  await writeFile(endpoints, list.replace('"model_name": "m"', '"model_nam": "m"'));
  await logged(router, 'problems in the configuration');
  await writeFile(endpoints, list);
  await logged(router, 'the configuration has no problems any more');
});

test('a taken port costs the operations listener, not the router', async (t) => {
  const engine = await startEngine(t, 'm');
  const other = listenOn();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  t.after(() => other.close());
  const { port } = other.address() as AddressInfo;
  const router = await start(t, {
    endpoints: [{ url: engine.url, model: 'm' }],
    config: { dashboard: { web_port: port } },
  });
  assert.equal((await logged(router, 'no operations listener: ')).code, 'EADDRINUSE');
  await untilPasses(async () => assert.equal((await chat(router, 'a')).status, 200));
});

test('wrong tokens are refused, a long right one is not, and the log names who', async (t) => {
  const right = 'a-token-of-24-characters';
  const router = await start(t, { endpoints: [], config: { dashboard: { token: right } } });
  const look = async (token: string) => {
    const headers = { authorization: `Bearer ${token}` };
    const response = await fetch(`${router.operationsUrl}/admin/status`, { headers });
    await response.text();
    return response.status;
  };
  assert.equal(await look(right), 200);
  for (let guess = 0; guess < 10; guess++) await look(`guess-${guess}`);
  assert.equal(await look('guess-10'), 429);
  assert.equal(await look(right), 200);
  const text = 'wrong tokens: those of an address are refused for a minute';
  assert.match(String((await logged(router, text)).peer), /127\.0\.0\.1$/);
});

test('a second signal ends a drain at once, and says what it cut', async (t) => {
  const engine = await startRawEngine(() => {}, 'm');
  t.after(() => engine.close());
  const router = await start(t, { endpoints: [{ url: engine.url, model: 'm' }] });
  await router.untilUp(1);
  const answer = chat(router, 'cut').then(
    () => 'answered',
    () => 'cut',
  );
  await until('the engine has the request', () => engine.requests.length === 1);
  process.kill(router.pid, 'SIGTERM');
  await logged(router, 'draining: ');
  process.kill(router.pid, 'SIGTERM');
  assert.equal((await logged(router, 'ended at once')).inFlight, 1);
  assert.match(await answer, /cut|answered/);
});
