/**
 * `llm-router deploy` against real sshds on addresses of this machine: three nodes of eight GPUs,
 * engines that serve, and what is left when they are stopped.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { parse } from 'yaml';
import { DeployRig, freePorts, isRunning, whyNot } from './rig.ts';

const HOSTS = ['127.0.0.2', '127.0.0.3', '127.0.0.4'];
const skip = whyNot() || false;
let rig: DeployRig;
let port = 0;

before(async () => {
  if (skip) return;
  rig = await DeployRig.start(HOSTS);
  port = await freePorts(HOSTS[0]!, 8);
});
after(async () => {
  if (skip) return;
  await deploy('stop');
  await rig.close();
});

const NAMES = ['up', 'status', 'logs', 'stop', 'restart'];

/** `deploy <verb>` for the three nodes with what is not the matter of a test. */
function deploy(verb: string, ...words: string[]) {
  assert.ok(NAMES.includes(verb));
  const model = ['--model-name', '/models/Qwen3-8B', '--tensor-parallel-size', '4'];
  const own = verb === 'up' ? [...model, '--port', String(port), '--stagger', '0.1'] : [];
  return rig.deploy(verb, '--hosts', HOSTS.join(','), ...own, ...words);
}

interface Shown {
  readonly host: string;
  readonly gpus: readonly number[];
  readonly port: number;
  readonly pid: number;
  readonly state: string;
  readonly id: string;
}

async function services(): Promise<Shown[]> {
  const { stdout } = await deploy('status', '--json');
  return (JSON.parse(stdout) as { services: Shown[] }).services;
}

function places(list: readonly Shown[]): string[] {
  return list.map((one) => `${one.host} ${one.gpus.join(',')} ${one.port - port}`);
}

const EXPECTED = [
  '127.0.0.2 0,1,2,3 0',
  '127.0.0.2 4,5,6,7 1',
  '127.0.0.3 0,1,2,3 2',
  '127.0.0.3 4,5,6,7 3',
  '127.0.0.4 0,1,2,3 4',
  '127.0.0.4 4,5,6,7 5',
];

test('a dry run prints the plan with commands and starts nothing', { skip }, async () => {
  const { stdout, code } = await deploy('up', '--dry-run');
  assert.equal(code, 0);
  assert.match(stdout, new RegExp(`127\\.0\\.0\\.4 +4-7 +${port + 5} +start +Qwen3-8B-g4-7`));
  assert.match(stdout, new RegExp(`CUDA_VISIBLE_DEVICES=4,5,6,7 .*--port ${port + 5} `));
  assert.deepEqual(await services(), []);
});

test('up starts them on the expected GPUs and ports, and they serve', { skip }, async () => {
  const { code, stdout, stderr } = await deploy('up');
  assert.equal(code, 0, stdout + stderr);
  const found = await services();
  assert.deepEqual(places(found), EXPECTED);
  assert.ok(found.every(({ state }) => state === 'ready'));
});

test('the results list every engine once', { skip }, () => {
  for (const file of ['configs/self_deployed_config.yaml', 'log_dir/router_config_vllm.yaml']) {
    const { model_list: list } = parse(readFileSync(join(rig.dir, file), 'utf8')) as {
      model_list: { model_name: string; litellm_params: { api_base: string } }[];
    };
    const bases = list.map(({ litellm_params: { api_base: base } }) => base).sort();
    const expected = EXPECTED.map((place) => {
      const [host, , offset] = place.split(' ');
      return `http://${host}:${port + Number(offset)}/v1`;
    });
    assert.deepEqual(bases, expected, file);
  }
});

test('a second up changes nothing', { skip }, async () => {
  const before = await services();
  const files = () =>
    readdirSync(join(rig.dir, 'configs')).map((name) => [
      name,
      readFileSync(join(rig.dir, 'configs', name), 'utf8'),
    ]);
  const filesBefore = files();
  const { code, stdout } = await deploy('up');
  assert.equal(code, 0);
  assert.match(stdout, /6 of 6 services ready \(6 ran already\)/);
  assert.deepEqual(files(), filesBefore);
  const after = await services();
  assert.deepEqual(
    after.map(({ pid }) => pid),
    before.map(({ pid }) => pid),
  );
});

test('up starts only what is missing', { skip }, async () => {
  const before = await services();
  const one = await deploy('stop', '--hosts', '127.0.0.3', '--service', 'Qwen3-8B-g4-7');
  assert.equal(one.code, 0);
  assert.equal((await services()).length, 5);
  assert.equal((await deploy('up')).code, 0);
  const after = await services();
  assert.deepEqual(places(after), EXPECTED);
  const changed = after.filter(({ pid }) => !before.some((old) => old.pid === pid));
  assert.deepEqual(
    changed.map(({ host, id }) => `${host} ${id}`),
    ['127.0.0.3 Qwen3-8B-g4-7'],
  );
});

/**
 * As if the pid of an engine that ended had been given to somebody else: the same pid and boot,
 * another start time.
 */
function forgeState(host: string, pid: number): void {
  const root = join(rig.home(host), '.llm-router', 'deploy');
  const folder = join(root, readdirSync(root)[0]!, 'forged-g0');
  const line = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const started = Number(line.slice(line.lastIndexOf(')') + 2).split(' ')[19]);
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  const record = { id: 'forged-g0', servedName: 'x', gpus: [0], port: 1, apiBase: 'http://x:1/v1' };
  const state = JSON.stringify({ ...record, command: { argv: ['x'], env: {} } });
  mkdirSync(folder);
  writeFileSync(join(folder, 'state'), `${pid} ${started - 1} ${boot} 0\n${state}\n`);
}

test('stop leaves nothing behind and touches nothing else', { skip }, async (t) => {
  const stranger = spawn('sleep', ['60'], { detached: true });
  t.after(() => stranger.kill());
  forgeState(HOSTS[0]!, stranger.pid!);
  const before = (await services()).filter(({ id }) => id !== 'forged-g0');
  const { code, stdout } = await deploy('stop');
  assert.equal(code, 0);
  assert.match(stdout, /127\.0\.0\.2 +forged-g0 +had ended before/);
  assert.match(stdout, /7 of 7 services stopped/);
  for (const { pid } of before) assert.equal(isRunning(pid), false, `${pid}`);
  for (const host of HOSTS) {
    assert.deepEqual(readdirSync(join(rig.home(host), '.llm-router', 'deploy')), []);
  }
  const text = readFileSync(join(rig.dir, 'configs/self_deployed_config.yaml'), 'utf8');
  assert.equal(text, 'model_list: []\n');
  assert.equal(stranger.exitCode ?? stranger.signalCode, null);
});
