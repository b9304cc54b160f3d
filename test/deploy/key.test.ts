/**
 * Engines with a key: it reaches them and the router by the environment, engines without it refuse,
 * and it stands in no file that a router reads, in no list of arguments and in nothing printed.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type RunningRouter, startRouter } from '../fakes/router.ts';
import { DeployRig, freePorts, whyNot } from './rig.ts';

const HOST = '127.0.0.26';
const KEY = 'sk-canary-26';
const MODELS = { vllm: 'v', sglang: 's' };
const skip = whyNot() || false;
let rig: DeployRig;
let router: RunningRouter;
let file = '';
let printed = '';

before(async () => {
  if (skip) return;
  rig = await DeployRig.start([HOST]);
  // As users do who start the router from where they deploy.
  process.env.FLEET_KEY = KEY;
  const files = { 'configs/self_deployed_config.yaml': 'model_list: []\n' };
  router = await startRouter({ endpoints: [], files, waitUntilUp: false });
  file = join(router.dir, 'configs/self_deployed_config.yaml');
});
after(async () => {
  if (skip) return;
  await rig.deploy('stop', '--hosts', HOST, '--grace', '1');
  await router.stop();
  await rig.close();
});

async function deploy(...words: string[]) {
  const ran = await rig.deploy(...words, '--hosts', HOST);
  printed += ran.stdout + ran.stderr;
  return ran;
}

interface Shown {
  readonly api_base: string;
  readonly pid: number;
  readonly state: string;
}

async function services(): Promise<Shown[]> {
  const { stdout } = await deploy('status', '--json');
  return (JSON.parse(stdout) as { services: Shown[] }).services;
}

test('engines ask for the key, and the router has it', { skip }, async () => {
  const port = await freePorts(HOST, 4);
  for (const [backend, model] of Object.entries(MODELS)) {
    const { code, stdout, stderr } = await deploy(
      ...['up', '--model-name', model, '--backend', backend, '--tensor-parallel-size', '4'],
      ...['--gpus-per-node', backend === 'vllm' ? '4' : '8', '--port', String(port)],
      ...['--stagger', '0', '--endpoints', file, '--api-key-env', 'FLEET_KEY'],
    );
    assert.equal(code, 0, stdout + stderr);
  }
  const found = await services();
  assert.deepEqual(
    found.map(({ state }) => state),
    ['ready', 'ready'],
  );
  for (const { api_base: base, pid } of found) {
    assert.equal((await fetch(`${base}/models`)).status, 401);
    assert.doesNotMatch(readFileSync(`/proc/${pid}/cmdline`, 'utf8'), /canary/);
  }
  await router.until('both are up', ({ backends }) => {
    return backends.filter(({ healthy }) => healthy).length === 2;
  });
  for (const model of Object.values(MODELS)) {
    const messages = [{ role: 'user', content: 'Hi' }];
    const response = await fetch(`${router.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model, messages, max_tokens: 1 }),
    });
    assert.equal(response.status, 200, await response.text());
  }
});

test('the key is in no file here and in nothing printed', { skip }, async () => {
  const { stdout } = await deploy('logs');
  assert.match(stdout, /api_key='\*\*\*'/, 'the engine itself logged it');
  assert.doesNotMatch(printed, /canary/);
  const text = readFileSync(file, 'utf8');
  assert.equal([...text.matchAll(/api_key: os\.environ\/FLEET_KEY$/gm)].length, 2);
  const results = join(rig.dir, 'log_dir');
  const all = readdirSync(results).map((name) => readFileSync(join(results, name), 'utf8'));
  assert.doesNotMatch(text + all.join(''), /canary/);
});

test('without the key nothing takes the place of what asks for it', { skip }, async () => {
  const before = await services();
  const { code, stdout } = await deploy(
    ...['up', '--model-name', 'v', '--tensor-parallel-size', '4', '--gpus-per-node', '8'],
    ...['--endpoints', file],
  );
  assert.equal(code, 1);
  assert.match(stdout, /^ {2}v: 1 engine was started with a key .*--api-key-env FLEET_KEY /m);
  assert.deepEqual(await services(), before);
});

test('whoever stops or asks needs no key, and up needs it', { skip }, async () => {
  const { FLEET_KEY: _, ...others } = process.env;
  process.env = others;
  const up = await deploy('up', '--model-name', 'v', '--api-key-env', 'FLEET_KEY');
  assert.equal(up.code, 2);
  assert.match(up.stderr, /^llm-router: the key of v: FLEET_KEY is not in the environment$/m);
  assert.ok((await services()).every(({ state }) => state === 'ready'));
  const stop = await deploy('stop', '--endpoints', file, '--grace', '5');
  assert.equal(stop.code, 0, stop.stdout + stop.stderr);
  assert.equal(readFileSync(file, 'utf8'), 'model_list: []\n');
});
