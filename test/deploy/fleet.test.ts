/**
 * A fleet file: two models, values of single nodes, a conda environment and a folder as the Python,
 * a container; an interrupted up that goes on; a restart one node after another.
 */
import assert from 'node:assert/strict';
import { appendFileSync, chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { DeployRig, freePorts, whyNot } from './rig.ts';

const [ONE, TWO] = ['127.0.0.32', '127.0.0.33'];
const skip = whyNot() || false;
let rig: DeployRig;
let port = 0;

before(async () => {
  if (skip) return;
  rig = await DeployRig.start([ONE, TWO]);
  port = await freePorts(ONE!, 4);
  for (const [host, path] of [
    [ONE, 'miniconda3/envs/fleet/bin'],
    [TWO, 'venv/bin'],
  ] as const) {
    mkdirSync(join(rig.home(host), path), { recursive: true });
    program(join(rig.home(host), path, 'python'), 'exec python3 "$@"');
    mkdirSync(join(rig.home(host), 'work'));
  }
  // Runs what would run in the image, and remembers how it was called.
  program(
    join(rig.dir, 'there', 'docker'),
    'echo "$*" >> "$HOME/docker-calls"\n[ "$1" = run ] || exit 0\n' +
      'while [ "$1" != some/image:1 ]; do shift; done\nshift\nexec python3 "$@"',
  );
  rig.misguide(TWO);
  writeFileSync(join(rig.dir, 'fleet.yaml'), fleet());
});
after(async () => {
  if (skip) return;
  await rig.deploy('stop', '-f', 'fleet.yaml', '--grace', '1');
  await rig.close();
});

function program(path: string, text: string): void {
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
}

function fleet(extra = ''): string {
  return `
nodes:
  - {host: ${ONE}, gpus: [4, 5, 6, 7]}
  - host: ${TWO}
    python: ~/venv
    env: {NOTE: two}
    args: [--seed, "7"]
    ssh: {user: ${userInfo().username}, port: ${rig.sshPort}, key: ${join(rig.dir, 'login_key')}}
defaults:
  python: fleet
  port: ${port}
  workdir: ~/work
  tensor_parallel_size: 4
  env: {NOTE: all}
models:
  - {model: org/plain, replicas: 2${extra}}
  - model: org/boxed
    backend: sglang
    nodes: [${TWO}]
    container: {image: "some/image:1", args: [-v, "/models:/models"]}
`;
}

function up(...words: string[]) {
  return rig.spawn('up', '-f', 'fleet.yaml', '--stagger', '0', ...words);
}

test('each model runs where and as the file says', { skip }, async () => {
  const { ended } = await up();
  const { code, stdout, stderr } = await ended;
  assert.equal(code, 0, stdout + stderr);
  const logs = (await rig.deploy('logs', '--file', 'fleet.yaml')).stdout;
  const home = rig.home(ONE);
  assert.match(logs, new RegExp(`plain-g4-7 \\| INFO loading org/plain in ${home}/work, NOTE=all`));
  assert.match(logs, new RegExp(`org/plain in ${rig.home(TWO)}/work, NOTE=two`));
  assert.match(logs, new RegExp(`org/boxed in ${rig.home(TWO)}/work, NOTE=two`));
  assert.match(logs, /rest: .*--chunked-prefill-size 2048 --enable-metrics --seed 7/);
  const calls = readFileSync(join(rig.home(TWO), 'docker-calls'), 'utf8');
  assert.match(calls, /^rm -f llm-router-boxed-g4-7\nrun --rm --name llm-router-boxed-g4-7 /);
  assert.match(calls, /--gpus "device=4,5,6,7" .* -e NOTE .*-v \/models:\/models some/);
  const plan = await rig.deploy('up', '-f', 'fleet.yaml', '--dry-run');
  assert.match(plan.stdout, /0 to start, 3 to keep/);
});

test('logs are followed until Ctrl-C, and nothing stays on the node', { skip }, async () => {
  const words = ['logs', '--file', 'fleet.yaml', '-f', '--lines', '1', '--service', 'plain-g4-7'];
  const { child, ended } = await rig.spawn(...words);
  const log = join(rig.home(ONE), '.llm-router/deploy', hostname(), 'plain-g4-7', 'log');
  child.stdout!.once('data', () => appendFileSync(log, 'one more\n'));
  child.stdout!.on('data', (text: string) => {
    if (text.includes('one more')) child.kill('SIGINT');
  });
  const { code, stdout } = await ended;
  assert.equal(code, 0);
  const expected = ['INFO:     Application startup complete.', 'one more'];
  assert.equal(stdout, expected.map((line) => `${ONE} plain-g4-7 | ${line}\n`).join(''));
});

test('a changed argument replaces that service and no other', { skip }, async () => {
  writeFileSync(join(rig.dir, 'fleet.yaml'), fleet(', args: [--max-num-seqs, "9"]'));
  const plan = await rig.deploy('up', '-f', 'fleet.yaml', '--dry-run');
  assert.match(plan.stdout, new RegExp(`${ONE} +4-7 +${port} +replace +plain-g4-7`));
  assert.match(plan.stdout, new RegExp(`${TWO} +0-3 +${port + 1} +replace +plain-g0-3`));
  assert.match(plan.stdout, new RegExp(`${TWO} +4-7 +${port + 2} +keep +boxed-g4-7`));
});

test('an interrupted up leaves its engines, and the next one waits for them', {
  skip,
}, async () => {
  rig.order(ONE, [4, 5, 6, 7], 'slow 2');
  const { child, ended } = await up('--health-check-timeout', '60');
  child.stdout!.on('data', (text: string) => {
    if (text.includes(`${ONE} GPU 4-7 port ${port}: loading`)) child.kill('SIGINT');
  });
  const { code, stdout } = await ended;
  assert.equal(code, 1);
  assert.match(stdout, /[123] services? still starting\. The engines go on/);
  const again = await (await up()).ended;
  assert.equal(again.code, 0, again.stdout);
  assert.match(again.stdout, /3 of 3 services ready \([123] ran already\)/);
});

test('a restart ends and starts services as they were', { skip }, async () => {
  rig.order(ONE, [4, 5, 6, 7], '');
  const { code, stdout } = await rig.deploy('restart', '-f', 'fleet.yaml', '--stagger', '0');
  assert.equal(code, 0, stdout);
  assert.match(stdout, /3 of 3 services ready:/);
  assert.ok(stdout.indexOf(`${ONE} GPU 4-7 port ${port}: ready`) < stdout.indexOf(`${TWO} GPU`));
  const stop = await rig.deploy('stop', '-f', 'fleet.yaml');
  assert.match(stop.stdout, /3 of 3 services stopped/);
  const calls = readFileSync(join(rig.home(TWO), 'docker-calls'), 'utf8');
  assert.match(calls, /rm -f llm-router-boxed-g4-7\n$/);
});

test('mistakes in the file are told with their place, and nothing is asked', { skip }, async () => {
  writeFileSync(join(rig.dir, 'bad.yaml'), 'nodes: [a]\nmodels: [{modle: x}]\nsshh: {}\n');
  const { code, stderr } = await rig.deploy('up', '-f', 'bad.yaml');
  assert.equal(code, 3);
  assert.equal(
    stderr,
    'llm-router: bad.yaml:2:10: models[0].model: is missing\n' +
      'llm-router: bad.yaml:2:11: models[0].modle: unknown key; did you mean "model"?\n' +
      'llm-router: bad.yaml:3:1: sshh: unknown key; did you mean "ssh"?\n',
  );
  const both = await rig.deploy('up', '-f', 'fleet.yaml', '--hosts', 'a');
  assert.equal(both.code, 2);
  assert.match(both.stderr, /fleet\.yaml says that: leave out --hosts/);
});
