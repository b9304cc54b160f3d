/**
 * What goes wrong on a node: engines that crash, hang, start slowly or find their port taken, each
 * on a GPU of it; GPUs and ports of others. Nodes that cannot be reached: nodes.test.ts.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { DeployRig, freePorts, isRunning, whyNot } from './rig.ts';

const HOST = '127.0.0.12';
const skip = whyNot() || false;
let rig: DeployRig;
let port = 0;
let stranger: Server;

before(async () => {
  if (skip) return;
  rig = await DeployRig.start([HOST]);
  port = await freePorts(HOST, 10);
  stranger = createServer().listen(port, '0.0.0.0');
  await once(stranger, 'listening');
});
after(async () => {
  if (skip) return;
  await rig.deploy('stop', '--hosts', HOST, '--grace', '1');
  stranger.close();
  await rig.close();
});

interface Shown {
  readonly gpus: readonly number[];
  readonly port: number;
  readonly phase: string;
  readonly detail: string;
  readonly advice: string;
  readonly port_conflicts: number;
}
interface Summary {
  readonly services: readonly Shown[];
}

async function up(...words: string[]) {
  const own = ['--model-name', 'some/model', '--port', String(port), '--stagger', '0'];
  const ran = await rig.deploy('up', '--hosts', HOST, ...own, '--json', ...words);
  const last = ran.stdout.trim().split('\n').at(-1) ?? '';
  return { code: ran.code, summary: JSON.parse(last) as Summary, all: ran.stdout + ran.stderr };
}

async function running(): Promise<{ gpus: number[]; pid: number; state: string }[]> {
  const { stdout } = await rig.deploy('status', '--hosts', HOST, '--json');
  return (JSON.parse(stdout) as { services: { gpus: number[]; pid: number; state: string }[] })
    .services;
}

/** Somebody else works on these. */
function occupy(...gpus: readonly number[]): void {
  const lines = gpus.map((gpu) => `GPU-${gpu}, 4711\n`);
  writeFileSync(join(rig.home(HOST), 'gpu-users'), lines.join(''));
}

const ORDERS: readonly (readonly [gpu: number, order: string])[] = [
  [0, 'crash'],
  [1, 'oom'],
  [2, 'module'],
  [3, 'conflict 2'],
  [4, 'slow 1'],
  [5, 'conflict 9'],
];

test('each engine that fails is told apart, and those that can serve do', { skip }, async () => {
  for (const [gpu, order] of ORDERS) rig.order(HOST, [gpu], order);
  occupy(6, 7);
  const { code, summary, all } = await up('--health-check-timeout', '30');
  assert.equal(code, 1);
  const by = new Map(summary.services.map((service) => [service.gpus[0]!, service]));
  assert.deepEqual([...by.keys()].sort(), [0, 1, 2, 3, 4, 5], all);
  const said = (gpu: number) => `${by.get(gpu)!.phase}: ${by.get(gpu)!.detail}`;
  assert.match(said(0), /^failed: ended: RuntimeError: the weights are broken$/);
  assert.match(said(1), /^failed: ended: .*CUDA out of memory/);
  assert.match(by.get(1)!.advice, /--tensor-parallel-size/);
  assert.match(said(2), /^failed: ended: ModuleNotFoundError: No module named 'vllm\._C'$/);
  assert.match(by.get(2)!.advice, /--python-cmd/);
  assert.match(said(3), /^ready: /);
  assert.equal(by.get(3)!.port_conflicts, 2);
  assert.ok(by.get(3)!.port >= port + 20, 'a new port is 10 to 50 above');
  assert.match(said(4), /^ready: /);
  assert.match(said(5), /^failed: ports were taken 6 times in a row$/);
  // The port that somebody else listens on was given to nobody.
  assert.ok(summary.services.every((service) => service.port !== port));
  assert.ok(stranger.listening);
  const kept = readFileSync(join(rig.dir, 'log_dir', `${HOST}-model-g0.log`), 'utf8');
  assert.match(kept, /the weights are broken/);
  const text = readFileSync(join(rig.dir, 'configs/self_deployed_config.yaml'), 'utf8');
  assert.equal([...text.matchAll(/api_base/g)].length, 2, 'only what serves is listed');
});

test('processes that outlive their crashed engine are ended before it starts again', {
  skip,
}, async () => {
  const before = (await running()).find(({ gpus }) => gpus[0] === 4)!;
  process.kill(before.pid, 'SIGKILL');
  assert.equal((await running()).find(({ gpus }) => gpus[0] === 4)!.state, 'orphaned');
  rig.order(HOST, [4], '');
  occupy(0, 1, 2, 5, 6, 7);
  const { code, all } = await up();
  assert.equal(code, 0, all);
  const after = await running();
  assert.deepEqual(
    after.map(({ gpus }) => gpus[0]),
    [0, 1, 2, 3, 4, 5],
  );
  assert.deepEqual(
    after.filter(({ state }) => state === 'ready').map(({ gpus }) => gpus[0]),
    [3, 4],
  );
});

test('an engine that ignores SIGTERM is killed, and nothing of it stays', { skip }, async () => {
  const pids = (await running()).map(({ pid }) => pid);
  rig.order(HOST, [4], 'deaf');
  const again = await rig.deploy(
    ...['restart', '--hosts', HOST, '--service', 'model-g4', '--stagger', '0'],
    ...['--health-check-timeout', '1'],
  );
  assert.equal(again.code, 1);
  assert.match(again.stdout, /not ready after 1 s/);
  const { stdout, code } = await rig.deploy('stop', '--hosts', HOST, '--grace', '1');
  assert.equal(code, 0);
  assert.match(stdout, /model-g4 +stopped by SIGKILL/);
  assert.match(stdout, /model-g3 +stopped$/m);
  for (const pid of pids) assert.equal(isRunning(pid), false);
  assert.deepEqual(readdirSync(join(rig.home(HOST), '.llm-router', 'deploy')), []);
});
