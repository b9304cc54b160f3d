/**
 * The reference's configuration, as its users have it, starts this router unchanged, with the
 * command line they know; requests reach the engines it names. drop-in.test.ts runs this where the
 * ports of those files are free.
 */
import assert from 'node:assert/strict';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Sim, startSim } from '../../src/sim/engine.ts';
import { assertBuilt, LAUNCHER, PROJECT } from '../fakes/built.ts';
import { Child } from '../fakes/child.ts';
import { chatRequest, LoadClient } from './load-client.ts';

/** As in the files; below the range from which systems give out ports. */
const API_PORT = 18000;
const DASHBOARD_PORT = 80;
const ENGINES = [
  { port: 30596, model: 'Qwen3-VL-8B' },
  { port: 30597, model: 'Qwen3-VL-8B' },
  { port: 30598, model: 'Qwen3-8B' },
];
const WARN = 40;
const ERROR = 50;

let dir = '';
let engines: Sim[] = [];

before(async () => {
  assertBuilt();
  dir = await mkdtemp(join(tmpdir(), 'llm-router-drop-in-'));
  await cp(join(PROJECT, 'test', 'fixtures', 'reference'), dir, { recursive: true });
  engines = await Promise.all(ENGINES.map((options) => startSim(options)));
});

after(async () => {
  await Promise.all(engines.map((engine) => engine.close()));
  await rm(dir, { recursive: true, force: true });
});

test('starts on the reference files where port 80 is not to be had, and serves', async () => {
  const occupant = await occupy(DASHBOARD_PORT);
  const router = await started();
  const client = new LoadClient(API_PORT);
  try {
    const warning = await router.logged(
      ({ port, level }) => port === DASHBOARD_PORT && level === WARN,
    );
    assert.match(String(warning.code), /^(EACCES|EADDRINUSE)$/);
    await up(router, 3);
    for (let turn = 0; turn < 40; turn++) {
      const model = ENGINES[turn % 3]!.model;
      const { kind, text } = await client.send(chatRequest(model, turn % 2 === 0));
      assert.equal(kind, 'ok', text);
    }
    for (const engine of engines) assert.ok(engine.stats().received > 0, 'each engine served');
    assert.deepEqual(await models(), ['Qwen3-8B', 'Qwen3-VL-8B', 'gpt-4o']);
    const errors = router.lines.filter(({ level }) => (level ?? 0) >= ERROR);
    assert.deepEqual(errors, []);
  } finally {
    client.close();
    assert.equal(await router.stop(), 0);
    occupant?.close();
  }
});

test('takes the flags that users of the reference type', async () => {
  const router = await started('-log-level', 'debug', '-enabled-sources', 'self_deployed');
  try {
    await up(router, 3);
    assert.deepEqual(await models(), ['Qwen3-8B', 'Qwen3-VL-8B']);
  } finally {
    assert.equal(await router.stop(), 0);
  }
});

test('says what to do when the port of the API is taken', async () => {
  const occupant = await occupy(API_PORT);
  try {
    const router = new Child(LAUNCHER, ['-config', join(dir, 'config.yaml')]);
    assert.equal(await router.exited, 1);
    assert.match(router.output, /18000.*server\.port/);
  } finally {
    occupant?.close();
  }
});

async function started(...flags: string[]): Promise<Child> {
  const router = new Child(LAUNCHER, ['-config', join(dir, 'config.yaml'), ...flags]);
  await router.logged(({ msg }) => msg === 'listening');
  return router;
}

async function up(router: Child, count: number): Promise<void> {
  const names = () =>
    router.lines.filter(({ msg }) => msg === 'endpoint is up').map(({ endpoint }) => endpoint);
  await router.logged(() => new Set(names()).size >= count);
}

async function models(): Promise<string[]> {
  const response = await fetch(`http://127.0.0.1:${API_PORT}/v1/models`);
  const { data } = (await response.json()) as { data: { id: string }[] };
  return data.map(({ id }) => id).sort();
}

/** Takes the port; undefined where that is not possible either. */
function occupy(port: number): Promise<Server | undefined> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(undefined));
    server.listen(port, () => resolve(server));
  });
}
