/** A running router from the command line: what its operator types, sees, and gets as exit code. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { LAUNCHER } from '../fakes/built.ts';
import { jsonAnswer, type RawEngine, startRawEngine } from '../fakes/raw-engine.ts';
import { replaceFile } from '../fakes/replace-file.ts';
import { type RunningRouter, startRouter } from '../fakes/router.ts';
import { until } from '../fakes/until.ts';

const TOKEN = 'tok-of-the-test';
const MODELS = ['通义千问', 'qwen', 'qwen'];

let engines: RawEngine[] = [];
let router: RunningRouter;

before(async () => {
  engines = await Promise.all(
    MODELS.map((model) => startRawEngine(({ send }) => send(jsonAnswer({ id: 'a' })), model)),
  );
  router = await startRouter({
    endpoints: engines.map(({ url }, index) => ({ url, model: MODELS[index]! })),
    config: { dashboard: { token: TOKEN } },
    waitUntilUp: false,
  });
  const areUp = async () => (await run('status')).out.includes('3 of 3 endpoints');
  await until('all endpoints are up', areUp, 30_000);
});
after(async () => {
  await router.stop();
  await Promise.all(engines.map((engine) => engine.close()));
});

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function run(
  verb: string,
  args: readonly string[] = [],
  token = TOKEN,
  more: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  const env = {
    ...process.env,
    ...more,
    LLM_ROUTER_NODE: process.execPath,
    LLM_ROUTER_TOKEN: token,
  };
  const words = [verb, '-url', router.operationsUrl, ...args];
  return new Promise((resolve) => {
    const child = execFile(LAUNCHER, words, { env }, (_error, out, err) => {
      resolve({ code: child.exitCode ?? -1, out, err });
    });
  });
}

test('shows state and endpoints in columns that hold with Chinese names', async () => {
  const { out, code } = await run('backends');
  assert.equal(code, 0);
  const lines = out.trimEnd().split('\n');
  assert.match(lines[0]!, /^MODEL {5}ADDRESS /);
  assert.match(lines[1]!, /^通义千问 {2}http:/);
  assert.match(lines[2]!, /^qwen {6}http:/);
  assert.match((await run('status')).out, /^通义千问 {3}1 {3}1 /m);
});

test('prints what the API answers for programs', async () => {
  const { out } = await run('status', ['--json']);
  assert.equal(JSON.parse(out).endpoints.length, 3);
});

test('drains and enables an endpoint that is named by a part of its id', async () => {
  const port = new URL(engines[1]!.url).port;
  const drained = await run('drain', ['-endpoint', port]);
  assert.deepEqual([drained.code, drained.err], [0, '']);
  assert.equal(drained.out, `qwen@${engines[1]!.url}/v1: draining\n`);
  assert.match((await run('backends')).out, new RegExp(`${port}/v1 +draining`));
  assert.match((await run('maintenance', ['-endpoint', port])).out, /: maintenance\n$/);
  await run('enable', ['-endpoint', port]);
  assert.doesNotMatch((await run('backends')).out, /draining|maintenance/);
});

test('says in one sentence what is wrong, and fails', async () => {
  const wrong: readonly (readonly [string, readonly string[], string, RegExp])[] = [
    ['drain', ['-endpoint', 'qwen'], TOKEN, /"qwen" fits 2 endpoints .*; be more exact\.\n$/],
    ['drain', ['-endpoint', 'zzz'], TOKEN, /no endpoint is called "zzz"; llm-router backends/],
    ['enable', [], TOKEN, /Name it with -endpoint ID\.\n$/],
    ['status', [], '', /wants a token: put dashboard\.token into LLM_ROUTER_TOKEN\.\n$/],
    ['status', [], 'wrong', /does not take this token/],
    ['status', ['-url', 'http://127.0.0.7:18999'], TOKEN, /cannot reach http:\S+: nothing/],
    ['status', ['-url', 'localhost:80'], TOKEN, /localhost:80 is not an http/],
  ];
  await Promise.all(
    wrong.map(async ([verb, args, token, said]) => {
      const { code, out, err } = await run(verb, args, token);
      assert.deepEqual([code, out], [1, ''], verb);
      assert.match(err, said);
      assert.doesNotMatch(err, /tok-of/);
    }),
  );
});

test('reloads, says what changes, and keeps what is when the files are wrong', async () => {
  assert.equal((await run('reload', ['-dry-run'])).out, 'Nothing would change.\n');
  const file = join(router.dir, 'config.yaml');
  const good = await readFile(file, 'utf8');
  const config = { ...JSON.parse(good), routing: { num_retries: 7 } };
  // The watcher may be faster than the command; what it says then is asked for by a dry run first.
  await replaceFile(file, JSON.stringify(config));
  const dry = await run('reload', ['-dry-run']);
  assert.match(dry.out, /This would change|Nothing would change/);
  assert.match((await run('reload')).out, /^(The new configuration counts|Nothing has changed)\./);
  await replaceFile(file, 'routing: {num_retries: many}');
  const refused = await run('reload');
  assert.equal(refused.code, 3);
  assert.match(refused.out, /^The configuration is not valid; the one in use stays\.\n/);
  assert.match(refused.out, /num_retries: must be a whole number/);
  await replaceFile(file, good);
});

test('goes back to the configuration before, and says what that changed', async (t) => {
  const own = await startRouter({
    endpoints: [{ url: engines[0]!.url, model: 'm' }],
    waitUntilUp: false,
  });
  t.after(() => own.stop());
  const at = ['-url', own.operationsUrl];
  const early = await run('rollback', at, '');
  assert.deepEqual([early.code, early.out], [1, '']);
  assert.match(early.err, /not done: there is no earlier version to go back to\.\n$/);
  const file = join(own.dir, 'config.yaml');
  const config = JSON.parse(await readFile(file, 'utf8'));
  await writeFile(file, JSON.stringify({ ...config, routing: { num_retries: 7 } }));
  assert.equal((await run('reload', at, '')).code, 0);
  const back = await run('rollback', at, '');
  assert.deepEqual([back.code, back.err], [0, '']);
  assert.match(
    back.out,
    /^The configuration before counts, until .*\n~ +routing\.num_retries +7 → /,
  );
  const again = JSON.parse((await run('rollback', [...at, '-json'], '')).out);
  assert.equal(again.options[0].to, 7);
});

test('ends what an old token let in', async (t) => {
  const own = await startRouter({
    endpoints: [{ url: engines[0]!.url, model: 'm' }],
    config: { dashboard: { token: 'tok-first' } },
    waitUntilUp: false,
  });
  t.after(() => own.stop());
  const live = (token: string) =>
    fetch(`${own.operationsUrl}/api/live`, { headers: { authorization: `Bearer ${token}` } });
  const before = await live('tok-first');
  assert.equal(before.status, 200);
  const ended = before.text().then(
    () => 'ended',
    () => 'cut',
  );
  const file = join(own.dir, 'config.yaml');
  const config = JSON.parse(await readFile(file, 'utf8'));
  config.dashboard.token = 'tok-second';
  await writeFile(file, JSON.stringify(config));
  assert.match(await ended, /ended|cut/);
  assert.equal((await live('tok-first')).status, 401);
  const after = await live('tok-second');
  assert.equal(after.status, 200);
  await after.body?.cancel();
});

test('is operated over TLS with the certificate of the API', async (t) => {
  const fixture = (name: string) =>
    fileURLToPath(new URL(`../fixtures/tls/${name}`, import.meta.url));
  const own = await startRouter({
    endpoints: [{ url: engines[0]!.url, model: 'm' }],
    config: {
      server: { tls_cert_file: fixture('cert.pem'), tls_key_file: fixture('key.pem') },
      dashboard: { tls: true },
    },
    waitUntilUp: false,
  });
  t.after(() => own.stop());
  assert.match(own.operationsUrl, /^https:/);
  const at = ['-url', own.operationsUrl];
  const trusted = { NODE_EXTRA_CA_CERTS: fixture('cert.pem') };
  const status = await run('status', at, '', trusted);
  assert.deepEqual([status.code, status.err], [0, '']);
  assert.match(status.out, /^llm-router \d/);
  assert.match((await run('status', at, '')).err, /vouches for its certificate: .*NODE_EXTRA_CA/);
  const plain = await run('status', ['-url', own.operationsUrl.replace('https', 'http')], '');
  assert.deepEqual([plain.code, plain.out], [1, '']);
});

test('does not start when other machines could operate it without a token', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'llm-router-open-'));
  const file = join(folder, 'config.yaml');
  await writeFile(file, 'dashboard: {host: 0.0.0.0}\n');
  const env = { ...process.env, LLM_ROUTER_NODE: process.execPath };
  const { code, err } = await new Promise<Ran>((resolve) => {
    const child = execFile(LAUNCHER, ['-config', file], { env }, (_error, out, err) => {
      resolve({ code: child.exitCode ?? -1, out, err });
    });
  });
  await rm(folder, { recursive: true });
  assert.equal(code, 3);
  assert.match(err, /0\.0\.0\.0 can be reached from other machines: set dashboard\.token as well/);
});
