/**
 * The command line as scripts and service managers see it: what is printed, on which exit code it
 * ends, and that it ends. Everything runs the built product on the loopback address.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { before, type TestContext, test } from 'node:test';
import { assertBuilt, LAUNCHER } from '../fakes/built.ts';
import { Child } from '../fakes/child.ts';
import { type RawEngine, startRawEngine } from '../fakes/raw-engine.ts';
import { replaceFile } from '../fakes/replace-file.ts';
import { startRouter } from '../fakes/router.ts';
import { sleep, until } from '../fakes/until.ts';

before(assertBuilt);

/** A folder with these files, and the main file's path; removed after the test. */
async function folder(t: TestContext, files: Record<string, string>): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'llm-router-cli-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  await mkdir(join(dir, 'configs'));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(dir, name)), { recursive: true });
    await writeFile(join(dir, name), text);
  }
  return dir;
}

const ANY_PORT = 'server: {host: 127.0.0.1, port: 0, workers: 1}\n';
const NO_DASHBOARD = `${ANY_PORT}dashboard: {enabled: false}\n`;

/** One endpoint for the model `m`. */
function endpointFile(url: string): string {
  return `model_list: [{model_name: m, litellm_params: {api_base: "${url}/v1"}}]`;
}

function start(t: TestContext, args: readonly string[]): Child {
  const child = new Child(LAUNCHER, args);
  t.after(() => child.kill());
  return child;
}

/** Runs to its end. */
async function run(t: TestContext, args: readonly string[]) {
  const child = start(t, args);
  return { code: await child.exited, output: child.output };
}

async function listening(child: Child): Promise<{ url: string; endpoints: number }> {
  const line = await child.logged(({ msg }) => msg === 'listening');
  return { url: String(line.url), endpoints: Number(line.endpoints) };
}

/** A port that somebody has until the test ends. */
async function takenPort(t: TestContext): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

async function engine(t: TestContext, ...script: Parameters<typeof startRawEngine>) {
  const started: RawEngine = await startRawEngine(...script);
  t.after(() => started.close());
  return started;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test('prints its usage and its version and ends well', async (t) => {
  for (const flag of ['--help', '-help', '-h']) {
    const { code, output } = await run(t, [flag]);
    assert.equal(code, 0, flag);
    assert.match(output, /^llm-router: .*\n\nUsage:\n/);
    for (const word of ['-config FILE', '-log-level', '-enabled-sources', 'demo', 'sim']) {
      assert.ok(output.includes(word), word);
    }
  }
  const { version } = JSON.parse(
    readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'),
  ) as { version: string };
  assert.deepEqual(await run(t, ['--version']), { code: 0, output: `llm-router ${version}\n` });
});

test('ends with 2 when the command line is not understood', async (t) => {
  const unknown = await run(t, ['-confg=x.yaml']);
  assert.deepEqual(unknown, {
    code: 2,
    output: 'llm-router: There is no flag -confg: did you mean -config?\nTry llm-router --help.\n',
  });
  assert.equal((await run(t, ['serv'])).code, 2);
  assert.equal((await run(t, ['-config'])).code, 2);
  assert.equal((await run(t, ['-log-level', 'loud'])).code, 2);
  assert.equal((await run(t, ['demo', '-x'])).code, 2);
  assert.equal((await run(t, ['sim', '--no-such-flag'])).code, 2);
});

test('ends with 3 when there is no configuration', async (t) => {
  const file = join(await folder(t, {}), 'none.yaml');
  const { code, output } = await run(t, ['-config', file]);
  assert.equal(code, 3);
  assert.equal(
    output,
    `${file}: cannot be read: it does not exist\n` +
      `llm-router: ${file} is not valid; nothing was started.\n`,
  );
});

test('ends with 3 and names line and column of every mistake', async (t) => {
  const text = 'server:\n  port: many\nrouting:\n  strategy: fastest\n';
  const file = join(await folder(t, { 'config.yaml': text }), 'config.yaml');
  const { code, output } = await run(t, ['serve', '--config', file]);
  assert.equal(code, 3);
  const lines = output.split('\n');
  assert.ok(lines[0]!.startsWith(`${file}:2:9: server.port: `), output);
  assert.ok(lines[1]!.startsWith(`${file}:4:13: routing.strategy: `), output);
  assert.equal(lines[2], `llm-router: ${file} is not valid; nothing was started.`);
});

test('serves with each form of -config, and ends with 0 on SIGTERM and SIGINT', async (t) => {
  const file = join(await folder(t, { 'config.yaml': NO_DASHBOARD }), 'config.yaml');
  const forms = [['-config', file], [`--config=${file}`], ['serve', `-config=${file}`]];
  for (const [index, form] of forms.entries()) {
    const child = start(t, form);
    const { url } = await listening(child);
    const response = await fetch(url.replace(/\/v1$/, '/health'));
    assert.deepEqual(await response.json(), { status: 'ok' });
    child.signal(index === 0 ? 'SIGINT' : 'SIGTERM');
    assert.equal(await child.exited, 0);
  }
});

test('ends with 1 and one sentence when its port is taken', async (t) => {
  const port = await takenPort(t);
  const text = `server: {host: 127.0.0.1, port: ${port}, workers: 2}\n`;
  const file = join(await folder(t, { 'config.yaml': text }), 'config.yaml');
  assert.deepEqual(await run(t, ['-config', file]), {
    code: 1,
    output:
      `llm-router: cannot listen on 127.0.0.1:${port}: another program already listens there; ` +
      'choose another server.port or stop it.\n',
  });
});

test('serves without an operations listener when its port is taken', async (t) => {
  const port = await takenPort(t);
  const text = `${ANY_PORT}dashboard: {web_port: ${port}}\n`;
  const file = join(await folder(t, { 'config.yaml': text }), 'config.yaml');
  const child = start(t, ['-config', file]);
  const { url } = await listening(child);
  const warning = child.lines.find(({ level }) => level === 40);
  assert.deepEqual([warning?.port, warning?.code], [port, 'EADDRINUSE']);
  assert.equal((await fetch(`${url}/models`)).status, 200);
  assert.equal(await child.stop(), 0);
});

test('takes sources and log level from flags before the file', async (t) => {
  const { url } = await engine(t, () => {});
  const dir = await folder(t, {
    'config.yaml': `${NO_DASHBOARD}health_check: {failure_threshold: 1}\n`,
    'configs/openai_a.yaml': endpointFile(url),
    'configs/self_deployed_b.yaml': endpointFile('http://127.0.0.1:1'),
  });
  const flags = ['-config', join(dir, 'config.yaml'), '-enabled-sources'];
  const both = start(t, [...flags, 'openai, self_deployed']);
  assert.equal((await listening(both)).endpoints, 2);
  assert.equal(await both.stop(), 0);
  const one = start(t, [...flags, 'self_deployed', '--log-level=warn']);
  await one.logged(({ msg }) => msg === 'endpoint is down');
  assert.equal(await one.stop(), 0);
  assert.ok(one.lines.every(({ level }) => level! >= 40));
});

test('ends in order when it is asked to while it starts', async (t) => {
  const file = join(await folder(t, { 'config.yaml': NO_DASHBOARD }), 'config.yaml');
  const child = start(t, ['-config', file]);
  await child.logged(({ msg }) => msg === 'route table');
  assert.equal(await child.stop(), 0);
});

test('ends while a probe hangs, without calling that endpoint down', async (t) => {
  const hanging = createServer();
  const connected = new Promise((resolve) => hanging.once('connection', resolve));
  await new Promise<void>((resolve) => hanging.listen(0, '127.0.0.1', resolve));
  t.after(() => hanging.close());
  const { port } = hanging.address() as AddressInfo;
  const dir = await folder(t, {
    'config.yaml': `${NO_DASHBOARD}health_check: {timeout: 600, failure_threshold: 1}\n`,
    'configs/openai_a.yaml': endpointFile(`http://127.0.0.1:${port}`),
  });
  const child = start(t, ['-config', join(dir, 'config.yaml')]);
  await Promise.all([listening(child), connected]);
  assert.equal(await child.stop(5000), 0);
  assert.doesNotMatch(child.output, /is down/);
});

test('lets a running request finish on SIGTERM, and ends at once on the second', async (t) => {
  const silent = await engine(t, () => {});
  const config = { server: { port: 0, drain_timeout: 600 } };
  const router = await startRouter({ endpoints: [{ url: silent.url, model: 'm' }], config });
  t.after(() => router.kill());
  const body = JSON.stringify({ model: 'm', messages: [] });
  const answer = fetch(`${router.url}/v1/chat/completions`, { method: 'POST', body });
  const failed = assert.rejects(answer);
  await until('the engine has it', () => silent.requests.length === 1);
  router.child.signal('SIGTERM');
  await router.child.logged(({ msg }) => String(msg).startsWith('draining'));
  // It is in no hurry: the request is still there after a while.
  await sleep(200);
  assert.equal(isAlive(router.pid), true);
  router.child.signal('SIGTERM');
  // Who waits for the request waits for ten minutes.
  assert.equal(await router.child.exited, 1);
  await failed;
});

test('the last of two quick changes counts, and an invalid file changes nothing', async (t) => {
  const [a, b] = [await engine(t, () => {}), await engine(t, () => {})];
  const router = await startRouter({ endpoints: [{ url: a.url, model: 'm' }] });
  t.after(() => router.stop());
  const file = join(router.dir, 'configs/self_deployed_test.yaml');
  const good = readFileSync(file, 'utf8');
  await replaceFile(file, good.replaceAll(a.url, b.url).replaceAll('"m"', '"other"'));
  router.child.signal('SIGHUP');
  await replaceFile(file, good.replaceAll(a.url, b.url));
  router.child.signal('SIGHUP');
  const at = (url: string) => `m@${url}/v1`;
  await router.until('only b is left', ({ backends }) => {
    return backends.map(({ id }) => id).join() === at(b.url);
  });
  await replaceFile(file, 'model_list: [');
  router.child.signal('SIGHUP');
  await router.child.logged(({ msg }) => msg === 'problems in the configuration');
  const { backends } = await router.dashboard();
  assert.deepEqual(
    backends.map(({ id }) => id),
    [at(b.url)],
  );
});

test('follows the folder of endpoint files that the main file names', async (t) => {
  const [a, b] = [await engine(t, () => {}), await engine(t, () => {})];
  const main = { server: { port: 0 }, backends: { config_dir: 'configs' } };
  const router = await startRouter({
    endpoints: [{ url: a.url, model: 'm' }],
    config: main,
    files: { 'other/openai_x.yaml': 'model_list: []' },
  });
  t.after(() => router.stop());
  const file = join(router.dir, 'config.yaml');
  await replaceFile(file, readFileSync(file, 'utf8').replace('"configs"', '"other"'));
  await router.until('the other folder counts', ({ backends }) => backends.length === 0);
  await replaceFile(join(router.dir, 'other/openai_x.yaml'), endpointFile(b.url));
  await router.untilUp(1);
});

test('demo prints a request that works and leaves nothing behind', async (t) => {
  const temporary = await folder(t, {});
  const before = process.env.TMPDIR;
  process.env.TMPDIR = join(temporary, 'configs');
  const child = start(t, ['demo']);
  if (before === undefined) Reflect.deleteProperty(process.env, 'TMPDIR');
  else process.env.TMPDIR = before;
  const isThere = () => child.output.includes('Ctrl-C ends the demo.');
  await until('the demo is there', isThere, 30_000);
  const [, url, field, body] =
    /curl -N (\S+) \\\n +-H '([^']+)' \\\n +-d '([^']+)'\n/.exec(child.output) ?? [];
  const [name, value] = field!.split(': ') as [string, string];
  const askedMs = performance.now();
  const response = await fetch(url!, { method: 'POST', headers: { [name]: value }, body: body! });
  assert.equal(response.status, 200);
  assert.ok(performance.now() - askedMs >= 80, 'engines of the demo think before they speak');
  assert.match(response.headers.get('content-type')!, /^text\/event-stream/);
  const text = await response.text();
  assert.match(text, /^data: \{.*\}\n\n/);
  assert.match(text, /\ndata: \[DONE\]\n\n$/);
  assert.equal((await readdir(join(temporary, 'configs'))).length, 1);
  child.signal('SIGINT');
  assert.equal(await child.exited, 0);
  assert.deepEqual(await readdir(join(temporary, 'configs')), []);
  assert.equal(isAlive(child.pid), false);
});

test('the tools print their own help', async (t) => {
  const sim = await run(t, ['sim', '--help']);
  assert.equal(sim.code, 0);
  assert.match(sim.output, /--port/);
  const demo = await run(t, ['demo', '--help']);
  assert.equal(demo.code, 0);
  assert.match(demo.output, /three simulated engines/);
});
