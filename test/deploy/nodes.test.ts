/** Nodes that cannot be reached, and a node at which somebody else is at work. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { DeployRig, freePorts, whyNot } from './rig.ts';

const HOST = '127.0.0.17';
/** Too long for any name server to be asked, some of which answer late or anything. */
const NO_HOST = `${'no-such-host'.repeat(6)}.invalid`;
const skip = whyNot() || false;
let rig: DeployRig;
let port = 0;

before(async () => {
  if (skip) return;
  rig = await DeployRig.start([HOST]);
  port = await freePorts(HOST, 4);
});
after(async () => {
  if (skip) return;
  await rig.deploy('stop', '--hosts', HOST, '--grace', '1');
  await rig.close();
});

interface Summary {
  readonly services: readonly { readonly host: string; readonly phase: string }[];
  readonly unreachable: readonly { readonly host: string; readonly fault: string }[];
}

test('a node that cannot be reached is one clear line and stops no other', { skip }, async (t) => {
  await rig.addNode('127.0.0.18', { isKnown: false });
  await rig.addNode('127.0.0.19', { takesLogin: false });
  // Takes connections and says nothing, as a node that hangs.
  const mute = createServer().listen(rig.sshPort, '127.0.0.21');
  await once(mute, 'listening');
  t.after(() => mute.close());
  const strange = ['127.0.0.18', '127.0.0.19', '127.0.0.20', '127.0.0.21', NO_HOST];
  const hosts = [HOST, ...strange];
  const { code, stdout } = await rig.deploy(
    ...['up', '--hosts', hosts.join(','), '--model-name', 'some/model', '--port', String(port)],
    ...['--stagger', '0', '--gpus-per-node', '1', '--json'],
  );
  const summary = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Summary;
  assert.equal(code, 1);
  assert.deepEqual(
    summary.services.map(({ host, phase }) => `${host} ${phase}`),
    [`${HOST} ready`],
  );
  const faults = summary.unreachable.map(({ host, fault }) => `${host}: ${fault}`);
  const expected = [
    /^127\.0\.0\.18: the host key is not known yet: run "ssh 127\.0\.0\.18" once/,
    /^127\.0\.0\.19: the login was refused/,
    /^127\.0\.0\.20: nothing answers ssh there/,
    /^127\.0\.0\.21: the host cannot be reached/,
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
  assert.match(other.stdout, /^127\.0\.0\.17: another deployment works on it \(\S+@\S+, for /m);
  child.kill('SIGINT');
  await ended;
  const again = await rig.deploy('up', ...place, '--model-name', 'some/other');
  assert.match(again.stdout, /no engine of other can be placed: each needs 1 free GPU/);
});
