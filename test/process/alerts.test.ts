/**
 * Alerts from the whole process to a robot that keeps WeCom's rules: what is told when an engine
 * dies and comes back, and that the robot's key is seen by the robot alone.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, type TestContext, test } from 'node:test';
import { assertBuilt, LAUNCHER } from '../fakes/built.ts';
import { Child } from '../fakes/child.ts';
import { startRouter } from '../fakes/router.ts';
import { startWecomRobot, type WecomRobot } from '../fakes/wecom-robot.ts';

before(assertBuilt);

/**
 * Of these tests alone: an engine that comes back on its port finds no other program there, nor a
 * connection that was given the number meanwhile.
 */
const HOST = '127.0.0.61';
const KEY = 'canary-693axxx6-7aoc-4bc4';

async function robotOf(t: TestContext): Promise<WecomRobot> {
  const robot = await startWecomRobot(KEY);
  t.after(() => robot.close());
  return robot;
}

/** An engine that lists the model `m` and answers anything else too; 0 = any free port. */
async function engineOf(t: TestContext, port = 0): Promise<Server> {
  const server = createServer((request, response) => {
    request.resume();
    response.setHeader('content-type', 'application/json');
    response.end('{"object":"list","data":[{"id":"m"}]}');
  });
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  server.listen(port, HOST);
  await once(server, 'listening');
  return server;
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

async function die(server: Server): Promise<void> {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
}

function withAlerts(robot: WecomRobot, over: object = {}) {
  return {
    health_check: { interval: 0.2, timeout: 1, failure_threshold: 2 },
    webhook: { enabled: true, url: robot.url, batch_interval: 2, ...over },
  };
}

test('reports the start, then one alert for two dead engines, then their recovery', async (t) => {
  const robot = await robotOf(t);
  const engines = [await engineOf(t), await engineOf(t), await engineOf(t)];
  const ports = engines.map(portOf);
  const endpoints = ports.map((port) => ({ url: `http://${HOST}:${port}`, model: 'm' }));
  const router = await startRouter({ endpoints, config: withAlerts(robot) });
  t.after(() => router.kill());
  assert.match(await robot.received(/: started/), /3 of 3 healthy[\s\S]*`m`: 3 of 3 healthy/);

  await Promise.all([die(engines[0]!), die(engines[1]!)]);
  const alert = await robot.received(/failing/);
  assert.match(alert, /^## LLM Router: 2 endpoints failing\n/);
  for (const port of ports.slice(0, 2)) {
    assert.match(alert, new RegExp(`- \`m@http://${HOST}:${port}/v1\`: connection refused`));
  }
  assert.ok(!alert.includes(`:${ports[2]}/`));

  await Promise.all([engineOf(t, ports[0]), engineOf(t, ports[1])]);
  await robot.received(new RegExp(`recovered[\\s\\S]*:${ports[0]}/v1\` works again`));
  await robot.received(new RegExp(`recovered[\\s\\S]*:${ports[1]}/v1\` works again`));
  assert.equal(robot.messages.filter((content) => /failing$/m.test(content)).length, 1);
  assert.deepEqual(robot.refusals, []);
  assert.equal(await router.stop(), 0);
  assert.ok(!router.child.output.includes(KEY));
});

test('alerts what requests found out, with their cause', async (t) => {
  const robot = await robotOf(t);
  const engine = await engineOf(t);
  const url = `http://${HOST}:${portOf(engine)}`;
  const config = { ...withAlerts(robot, { batch_interval: 0 }), health_check: { interval: 3600 } };
  const router = await startRouter({ endpoints: [{ url, model: 'm' }], config });
  t.after(() => router.kill());
  await robot.received(/: started/);
  await die(engine);
  const body = JSON.stringify({ model: 'm', messages: [] });
  await fetch(`${router.url}/v1/chat/completions`, { method: 'POST', body });
  assert.match(await robot.received(/1 endpoint failing/), /`: connect_refused: /);
  assert.equal(await router.stop(), 0);
});

test('ends at once, and keeps the key to itself, while the robot takes nothing', async (t) => {
  const robot = await robotOf(t);
  robot.exhaust(1000);
  const engine = await engineOf(t);
  const endpoints = [{ url: `http://${HOST}:${portOf(engine)}`, model: 'm' }];
  const router = await startRouter({
    endpoints,
    config: { ...withAlerts(robot), log: { level: 'trace' } },
  });
  t.after(() => router.kill());
  const line = await router.child.logged(({ msg }) => /did not arrive/.test(msg ?? ''));
  assert.match(String(line.reason), /45009/);
  // It may have tried again by now.
  assert.deepEqual([...new Set(robot.refusals)], [45_009]);
  const files = await readdir(router.dir, { recursive: true, withFileTypes: true });
  const written = files
    .filter((file) => file.isFile() && file.name !== 'config.yaml')
    .map((file) => readFileSync(join(file.parentPath, file.name), 'utf8'));
  const page = await (await fetch(`${router.operationsUrl}/api/dashboard`)).text();
  const startMs = performance.now();
  assert.equal(await router.stop(), 0);
  assert.ok(performance.now() - startMs < 10_000, 'the waiting message must not hold the process');
  for (const text of [router.child.output, page, ...written]) assert.ok(!text.includes(KEY));
});

test('webhook test says what came back, by words and exit code', async (t) => {
  const robot = await robotOf(t);
  const dir = await mkdtemp(join(tmpdir(), 'llm-router-webhook-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  const run = async (
    config: string,
    command = ['webhook', 'test'],
  ): Promise<{ code: number; output: string }> => {
    const file = join(dir, 'config.yaml');
    await writeFile(file, `backends: {config_dir: .}\n${config}`);
    const child = new Child(LAUNCHER, [...command, '-config', file]);
    t.after(() => child.kill());
    return { code: await child.exited, output: child.output };
  };
  const shown = new URL(robot.url).origin;
  const good = await run(`webhook: {url: "${robot.url}"}`);
  assert.deepEqual(good, {
    code: 0,
    output:
      `Delivered the test message to ${shown}/*** (wecom).\n` +
      'Note: webhook.enabled is false, so no alert is sent.\n',
  });
  assert.match(robot.messages[0]!, /^## LLM Router: test message\n/);

  const wrong = await run(`webhook: {url: "${robot.url}-wrong"}`);
  assert.equal(wrong.code, 1);
  assert.match(wrong.output, /was not delivered: answered code 93000: refused, asked for \*\*\*/);
  assert.ok(!wrong.output.includes(KEY));

  const gone = await run(`webhook: {url: "http://127.0.0.1:1/${KEY}"}`);
  assert.equal(gone.code, 1);
  assert.match(gone.output, /not delivered: ECONNREFUSED\.\n$/);
  assert.ok(!gone.output.includes(KEY));

  for (const command of [['check'], ['config', 'print', '-origin']]) {
    const { output } = await run(`webhook: {url: "${robot.url}", enabled: true}`, command);
    assert.ok(output !== '' && !output.includes(KEY), command.join(' '));
  }

  assert.equal((await run('')).code, 3);
  const invalid = await run(`webhook: {url: "file:///${KEY}"}`);
  assert.equal(invalid.code, 3);
  assert.ok(!invalid.output.includes(KEY));
});
