/**
 * The log file, the access log and the traces of the built product on a real disk: rotation,
 * logrotate's signal, folders that vanish or refuse, and what a request leaves behind.
 */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  chunk,
  jsonAnswer,
  LAST_CHUNK,
  type RawEngine,
  STREAM_HEAD,
  startRawEngine,
} from '../fakes/raw-engine.ts';
import { type RouterSetup, type RunningRouter, startRouter } from '../fakes/router.ts';
import { sleep, until } from '../fakes/until.ts';

const MB = 1024 * 1024;

type Line = Readonly<Record<string, unknown>>;

async function engine(t: TestContext, ...script: Parameters<typeof startRawEngine>) {
  const started: RawEngine = await startRawEngine(...script);
  t.after(() => started.close());
  return started;
}

async function router(t: TestContext, setup: RouterSetup): Promise<RunningRouter> {
  const started = await startRouter(setup);
  t.after(() => started.kill());
  return started;
}

/** What `look` finds, now or later. */
async function found<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  let value: T | undefined;
  await until(what, async () => {
    value = await look().catch(() => undefined);
    return value !== undefined;
  });
  return value!;
}

async function linesOf(path: string): Promise<Line[]> {
  const text = await readFile(path, 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
}

function lineWith(path: string, fits: (line: Line) => boolean): Promise<Line> {
  return found(`a line in ${path}`, async () => (await linesOf(path)).find(fits));
}

/** A change that is logged at once: another endpoint. */
async function makeLogLine(running: RunningRouter, name: string): Promise<void> {
  const file = join(running.dir, 'configs', `self_deployed_${name}.yaml`);
  const entry = { model_name: name, litellm_params: { api_base: 'http://127.0.0.1:9/v1' } };
  await writeFile(file, JSON.stringify({ model_list: [entry] }));
  running.child.signal('SIGHUP');
}

const added = (name: string) => (line: Line) =>
  line.msg === 'route table' && JSON.stringify(line.added).includes(`${name}@`);

function ask(running: RunningRouter, body: object, id = 'x-1'): Promise<Response> {
  return fetch(`${running.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'x-request-id': id },
    body: JSON.stringify(body),
  });
}

const EVENTS = ['data: {"choices":[]}\n\n', 'data: [DONE]\n\n'];

test('writes its log to a file beside the configuration, in JSON', async (t) => {
  const running = await router(t, { endpoints: [], config: { log: { dir: 'logs' } } });
  const path = join(running.dir, 'logs', 'llm-router.log');
  const line = await lineWith(path, ({ msg }) => msg === 'listening');
  assert.deepEqual(
    line,
    running.logs().find(({ msg }) => msg === 'listening'),
  );
  assert.equal((await stat(path)).mode & 0o777, 0o640);
  await running.child.stop();
  assert.equal((await linesOf(path)).at(-1)!.msg, 'drained');
  // Without log.access nothing else is written.
  assert.deepEqual(await readdir(join(running.dir, 'logs')), ['llm-router.log']);
});

test('makes no file where log.dir is empty', async (t) => {
  const running = await router(t, { endpoints: [], config: { log: { dir: '', access: false } } });
  assert.deepEqual((await readdir(running.dir)).sort(), ['config.yaml', 'configs']);
});

test('moves a file away that would grow beyond max_size_mb and keeps max_backups', async (t) => {
  const old = (day: number) => `llm-router-2026-01-0${day}T00-00-00.000.log`;
  const running = await router(t, {
    endpoints: [],
    config: { log: { dir: 'logs', max_size_mb: 1, max_backups: 2, max_age_days: 0 } },
    files: {
      [`logs/${old(1)}`]: '',
      [`logs/${old(2)}`]: '',
      'logs/llm-router.log': `{}\n`.repeat(Math.floor(MB / 3)),
    },
  });
  const folder = join(running.dir, 'logs');
  await lineWith(join(folder, 'llm-router.log'), ({ msg }) => msg === 'listening');
  const names = await found('two backups', async () => {
    const now = (await readdir(folder)).sort();
    return now.length === 3 ? now : undefined;
  });
  assert.deepEqual([names[0], names[2]], [old(2), 'llm-router.log']);
  assert.match(names[1]!, /^llm-router-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}\.log$/);
  const { size } = await stat(join(folder, names[1]!));
  assert.ok(size > MB - 10 && size <= MB, `${size} bytes`);
});

test('SIGUSR1 reopens the file and opens no debugger', async (t) => {
  const running = await router(t, { endpoints: [], config: { log: { dir: 'logs' } } });
  const path = join(running.dir, 'logs', 'llm-router.log');
  await lineWith(path, ({ msg }) => msg === 'listening');
  await rename(path, `${path}.1`);
  running.child.signal('SIGUSR1');
  await found('a new file', () => stat(path));
  await makeLogLine(running, 'after');
  await lineWith(path, added('after'));
  assert.ok(!(await linesOf(`${path}.1`)).some(added('after')));
  assert.doesNotMatch(running.child.output, /[Dd]ebugger/);
});

test('makes its folder again when somebody removed it', async (t) => {
  const running = await router(t, { endpoints: [], config: { log: { dir: 'logs' } } });
  const path = join(running.dir, 'logs', 'llm-router.log');
  await lineWith(path, ({ msg }) => msg === 'listening');
  await rm(join(running.dir, 'logs'), { recursive: true });
  // It looks once a second, when there is something to write; before that lines go to nowhere.
  let tries = 0;
  await found('a new file', async () => {
    await makeLogLine(running, `after-${tries++}`);
    await sleep(100);
    return await stat(path);
  });
  await makeLogLine(running, 'at-last');
  await lineWith(path, added('at-last'));
});

test('serves while its disk is full, says so once, and catches up afterwards', async (t) => {
  const one = await engine(t, ({ send }) => send(jsonAnswer({ ok: true })));
  const folder = await mkdtemp(join(tmpdir(), 'llm-router-logs-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'llm-router.log');
  await symlink('/dev/full', path);
  const running = await router(t, {
    endpoints: [{ url: one.url, model: 'm' }],
    config: { log: { dir: folder, access: true } },
  });
  const trouble = ({ msg = '' }: { msg?: string }) =>
    msg.startsWith('a log file cannot be written');
  const told = await running.child.logged(trouble);
  assert.equal(told.code, 'ENOSPC');
  assert.equal((await ask(running, { model: 'm' })).status, 200);
  await rm(path);
  await lineWith(path, ({ msg }) => msg === 'listening');
  await running.child.logged(({ msg }) => msg === 'a log file is written again');
  assert.equal(running.logs().filter(trouble).length, 1);
});

test('starts and serves where the folder cannot be made', async (t) => {
  const one = await engine(t, ({ send }) => send(jsonAnswer({ ok: true })));
  const running = await router(t, {
    endpoints: [{ url: one.url, model: 'm' }],
    config: { log: { dir: 'taken/logs' } },
    files: { taken: 'a file, not a folder' },
  });
  const told = await running.child.logged(({ msg = '' }) => msg.startsWith('a log file cannot'));
  assert.equal(told.code, 'ENOTDIR');
  assert.equal((await ask(running, { model: 'm' })).status, 200);
  assert.equal(await running.child.stop(), 0);
});

test('the access log has a line for a stream and one for a request that failed over', async (t) => {
  let finish: () => void = () => {};
  const answers = await engine(t, ({ request, send }) => {
    if (!request.body.includes('stream')) return send(jsonAnswer('{"id":1}'));
    finish = () => send(Buffer.concat([chunk(EVENTS[1]!), Buffer.from(LAST_CHUNK)]));
    return send(Buffer.concat([Buffer.from(STREAM_HEAD), chunk(EVENTS[0]!)]));
  });
  const fails = await engine(t, ({ send }) => send(jsonAnswer('{}', '', '500 No')));
  const running = await router(t, {
    endpoints: [
      { url: answers.url, model: 'm' },
      { url: fails.url, model: 'm', weight: 1000 },
      { url: answers.url, model: 's' },
    ],
    config: { log: { dir: 'logs', access: true }, routing: { num_retries: 3 } },
  });
  const stream = await ask(running, { model: 's', stream: true }, 'streamed');
  // The client has the head, and so the router had its first byte.
  await sleep(100);
  finish();
  assert.equal(await stream.text(), EVENTS.join(''));
  assert.equal((await ask(running, { model: 'm' }, 'failed-over')).status, 200);
  assert.equal((await fetch(`${running.url}/nowhere`)).status, 404);
  const path = join(running.dir, 'logs', 'access.log');

  const streamed = await lineWith(path, ({ id }) => id === 'streamed');
  const { time, ttfbMs, ttftMs, totalMs, ...rest } = streamed;
  assert.ok(Math.abs(Number(time) - Date.now()) < 60_000);
  assert.ok(Number(totalMs) >= Number(ttfbMs) + 90, `${ttfbMs} ${totalMs}`);
  assert.ok(Number(ttftMs) >= Number(ttfbMs) && Number(ttftMs) < Number(totalMs), `${ttftMs}`);
  assert.deepEqual(rest, {
    level: 30,
    id: 'streamed',
    method: 'POST',
    route: 'chat/completions',
    model: 's',
    key: '',
    endpoint: `s@${answers.url}/v1`,
    attempts: 1,
    status: 200,
    outcome: 'ok',
    bytesUp: JSON.stringify({ model: 's', stream: true }).length,
    bytesDown: EVENTS.join('').length,
    tokensIn: -1,
    tokensOut: -1,
    msg: 'request',
  });

  const failedOver = await lineWith(path, ({ id }) => id === 'failed-over');
  assert.equal(failedOver.endpoint, `m@${answers.url}/v1`);
  assert.equal(failedOver.attempts, 2);
  assert.equal(failedOver.status, 200);
  assert.equal(failedOver.outcome, 'ok');

  const nowhere = await lineWith(path, ({ route }) => route === '/nowhere');
  assert.deepEqual([nowhere.status, nowhere.outcome], [404, 'refused']);
  const log = await linesOf(join(running.dir, 'logs', 'llm-router.log'));
  assert.ok(!log.some(({ msg }) => msg === 'request'), 'they stay out of the log itself');
});

test('without a folder the access log goes to standard output', async (t) => {
  const one = await engine(t, ({ send }) => send(jsonAnswer({ ok: true })));
  const running = await router(t, {
    endpoints: [{ url: one.url, model: 'm' }],
    config: { log: { dir: '', access: true } },
  });
  assert.equal((await ask(running, { model: 'nobody' }, 'refused')).status, 404);
  const line = await running.child.logged(({ msg }) => msg === 'request');
  assert.deepEqual([line.id, line.outcome, line.attempts], ['refused', 'model_not_found', 0]);
});

test('LLM_ROUTER_TRACE writes a private file for each request', async (t) => {
  const one = await engine(t, ({ index, send, reset }) =>
    index === 0
      ? send(jsonAnswer('{}', '', '500 No'))
      : index === 1
        ? reset()
        : send(jsonAnswer('{}')),
  );
  const folder = await mkdtemp(join(tmpdir(), 'llm-router-traces-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const running = await router(t, {
    endpoints: [{ url: one.url, model: 'm' }],
    config: { retry: { base_delay_ms: 10, failure_threshold: 100 } },
    under: ['env', `LLM_ROUTER_TRACE=${join(folder, 'traces')}`],
  });
  assert.equal((await ask(running, { model: 'm' }, 'traced')).status, 200);
  assert.equal((await ask(running, { model: 'm' }, '.hidden')).status, 200);
  const file = join(folder, 'traces', 'traced.json');
  const trace = await found('a trace', async () => JSON.parse(await readFile(file, 'utf8')));
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.equal((await stat(join(folder, 'traces'))).mode & 0o777, 0o700);
  const steps = trace.steps as { step: string; endpoint: string; detail: string; atMs: number }[];
  const id = `m@${one.url}/v1`;
  assert.deepEqual(
    steps.map(({ step, endpoint, detail }) => [step, endpoint, detail]),
    [
      ['attempt', id, ''],
      ['failed', id, 'upstream_status'],
      ['retry', '', 'after_backoff'],
      ['attempt', id, ''],
      ['failed', id, 'stale_connection'],
      ['retry', '', 'fresh_connection'],
      ['attempt', id, ''],
      ['committed', '', ''],
    ],
  );
  assert.ok(steps.every(({ atMs }, i) => i === 0 || atMs >= steps[i - 1]!.atMs));
  assert.deepEqual([trace.attempts, trace.status, trace.outcome], [3, 200, 'ok']);
  const missing = await running.child.logged(({ msg }) => msg === 'traces are missing');
  assert.deepEqual([missing.code, missing.dropped], ['no_plain_id', 1]);
  assert.deepEqual(await readdir(join(folder, 'traces')), ['traced.json']);
});
