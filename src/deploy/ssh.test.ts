/** Calls of ssh, played by a script of that name: what is handed over, and when a call is over. */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { NO_LOGIN, plainNode } from './fleet.ts';
import { Ssh } from './ssh.ts';

const outerPath = process.env.PATH;
let dir = '';

before(() => {
  dir = mkdtempSync(join(tmpdir(), 'llm-router-ssh-test-'));
  const fake = `#!/bin/sh
echo "$*" >> ${dir}/calls
case "$*" in
  *own-socket*-G* | -G*own-socket*) echo 'controlpath /run/me/%C'; exit 0 ;;
  -G*) echo 'hostname 10.0.0.9'; echo 'controlpath none'; exit 0 ;;
  *'-O exit'*) exit 0 ;;
esac
sh
`;
  writeFileSync(join(dir, 'ssh'), fake);
  chmodSync(join(dir, 'ssh'), 0o755);
  process.env.PATH = `${dir}:${outerPath}`;
});
after(() => {
  process.env.PATH = outerPath;
  rmSync(dir, { recursive: true, force: true });
});

const NODE = plainNode('gpu-1', { user: 'ops', port: 2222, key: 'k' });

test('a script runs with the login that was given, over one shared connection', async () => {
  const ssh = new Ssh(4);
  const { stdout, fault } = await ssh.run(NODE, 'echo "it runs"', 5000);
  assert.deepEqual([stdout.toString(), fault], ['it runs\n', '']);
  assert.equal((await ssh.settings(NODE)).address, '10.0.0.9');
  await ssh.close([NODE]);
  const calls = readFileSync(join(dir, 'calls'), 'utf8').trim().split('\n');
  assert.equal(calls.length, 3);
  assert.match(calls[1]!, /BatchMode=yes .*ControlMaster=auto .*-l ops -p 2222 -i k -- gpu-1 exec/);
  assert.match(calls[2]!, /ControlPath=.*-O exit -- gpu-1$/);
});

test("the user's own shared connection is used and left alone", async () => {
  const ssh = new Ssh(4);
  const node = plainNode('own-socket', NO_LOGIN);
  await ssh.run(node, 'true', 5000);
  await ssh.close([node]);
  const calls = readFileSync(join(dir, 'calls'), 'utf8').trim().split('\n');
  const own = calls.filter((call) => call.includes('own-socket'));
  assert.equal(own.length, 2);
  assert.ok(own.every((call) => !call.includes('Control')));
});

test('a call is over when ssh ends, though what it left holds its standard error', async () => {
  const ssh = new Ssh(4);
  const startMs = performance.now();
  const left = `sleep 10 </dev/null >/dev/null & echo $!; echo 'Permission denied' >&2; exit 255`;
  const { stdout, fault } = await ssh.run(NODE, left, 8000);
  assert.match(fault, /login was refused/);
  assert.ok(performance.now() - startMs < 5000);
  process.kill(Number(stdout.toString()));
  await ssh.close([]);
});

test('a node that does not answer in time is told so, and no more run at once than allowed', {
  timeout: 9000,
}, async () => {
  const ssh = new Ssh(2);
  const count = `n=$(ls ${dir}/now-* 2>/dev/null | wc -l); : > ${dir}/now-$$; sleep 0.1
    rm ${dir}/now-$$; echo $n`;
  const runs = await Promise.all([1, 2, 3, 4, 5].map(() => ssh.run(NODE, count, 5000)));
  for (const { stdout } of runs) assert.ok(Number(stdout.toString()) < 2);
  const { fault } = await ssh.run(NODE, `echo $$ > ${dir}/late; exec sleep 10`, 1000);
  process.kill(Number(readFileSync(join(dir, 'late'), 'utf8')));
  assert.match(fault, /did not answer within 1 s/);
  await ssh.close([]);
});
