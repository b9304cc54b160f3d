/**
 * What goes wrong on nodes: engines that crash, hang, start slowly or find their port taken, each
 * on a GPU of one node; GPUs and ports of others; nodes that cannot be reached.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { DeployRig, freePorts, isRunning, whyNot } from './rig.ts';

const HOST = '127.0.0.12';
/** Too long for any name server to be asked, some of which answer late or anything. */
const NO_HOST = `${'no-such-host'.repeat(6)}.invalid`;
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
  readonly host: string;
  readonly port: number;
  readonly phase: string;
  readonly detail: string;
  readonly advice: string;
  readonly port_conflicts: number;
}
interface Summary {
  readonly services: readonly Shown[];
  readonly unreachable: readonly { readonly host: string; readonly fault: string }[];
}

async function up(hosts: string, ...words: string[]) {
  const own = ['--model-name', 'some/model', '--port', String(port), '--stagger', '0'];
  const ran = await rig.deploy('up', '--hosts', hosts, ...own, '--json', ...words);
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
  const { code, summary, all } = await up(HOST, '--health-check-timeout', '30');
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
  const { code, all } = await up(HOST);
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

test('a node that cannot be reached is one clear line and stops no other', { skip }, async (t) => {
  rig.order(HOST, [0], '');
  occupy();
  await rig.addNode('127.0.0.13', { isKnown: false });
  await rig.addNode('127.0.0.14', { takesLogin: false });
  // Takes connections and says nothing, as a node that hangs.
  const mute = createServer().listen(rig.sshPort, '127.0.0.16');
  await once(mute, 'listening');
  t.after(() => mute.close());
  const strange = ['127.0.0.13', '127.0.0.14', '127.0.0.15', '127.0.0.16', NO_HOST];
  const hosts = [HOST, ...strange];
  const { code, summary } = await up(hosts.join(','), '--gpus-per-node', '1');
  assert.equal(code, 1);
  assert.deepEqual(
    summary.services.map(({ host, phase }) => `${host} ${phase}`),
    [`${HOST} ready`],
  );
  const faults = summary.unreachable.map(({ host, fault }) => `${host}: ${fault}`);
  const expected = [
    /^127\.0\.0\.13: the host key is not known yet: run "ssh 127\.0\.0\.13" once/,
    /^127\.0\.0\.14: the login was refused/,
    /^127\.0\.0\.15: nothing answers ssh there/,
    /^127\.0\.0\.16: the host cannot be reached/,
    new RegExp(`^${NO_HOST}: there is no such host`),
  ];
  assert.equal(faults.length, expected.length, faults.join('\n'));
  for (const [index, pattern] of expected.entries()) assert.match(faults[index]!, pattern);
  assert.ok(existsSync(join(rig.dir, 'configs/self_deployed_config.yaml')));
});

test('while one up is at work on a node another one is told so', { skip }, async () => {
  rig.order(HOST, [1], 'slow 60');
  const place = ['--hosts', HOST, '--gpus-per-node', '2', '--port', String(port)];
  const { child, ended } = await rig.spawn('up', ...place, '--model-name', 'some/model');
  child.stdout!.on('data', (text: string) => {
    if (text.includes('GPU 1 ') && text.includes('loading')) child.emit('loading');
  });
  await once(child, 'loading');
  const other = await rig.deploy('up', ...place, '--model-name', 'some/other');
  assert.equal(other.code, 1);
  assert.match(other.stdout, /^127\.0\.0\.12: another deployment works on it \(\S+@\S+, for /m);
  child.kill('SIGINT');
  await ended;
  const again = await rig.deploy('up', ...place, '--model-name', 'some/other');
  assert.match(again.stdout, /no engine of other can be placed: each needs 1 free GPU/);
});
