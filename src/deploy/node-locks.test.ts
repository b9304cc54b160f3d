/** Locks on a node, where the node is a shell of this machine with a folder of its own. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { NO_LOGIN, plainNode } from './fleet.ts';
import { NodeLocks } from './node-locks.ts';

const NODE = plainNode('n', NO_LOGIN);

async function shell(_node: unknown, script: string) {
  const child = spawn('sh', ['-s']);
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stdin.end(script);
  await once(child, 'close');
  return { stdout: Buffer.concat(chunks), fault: '' };
}

function stateDir(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'llm-router-locks-'));
  t.after(() => rmSync(dir, { recursive: true }));
  return dir;
}

async function take(t: TestContext, dir: string, run = shell): Promise<NodeLocks> {
  const locks = await NodeLocks.take([NODE], { ssh: { run }, stateDir: dir });
  t.after(() => locks.release());
  return locks;
}

/** As if the lock had not been touched for this long. */
function age(dir: string, minutes: number): void {
  const time = Date.now() / 1000 - 60 * minutes;
  utimesSync(join(dir, hostname(), 'lock'), time, time);
}

test('one holds a node until it is given back, and nothing is left then', async (t) => {
  const dir = stateDir(t);
  const first = await take(t, dir);
  assert.deepEqual([first.has(NODE), first.refused], [true, []]);
  const second = await take(t, dir);
  assert.equal(second.has(NODE), false);
  assert.match(second.refused[0]!.fault, /^another deployment works on it \(\S+@\S+, for \d s\): /);
  assert.deepEqual(await second.release(), []);
  assert.equal((await take(t, dir)).has(NODE), false, 'who has no lock gives none back');
  assert.deepEqual(await first.release(), []);
  assert.deepEqual(readdirSync(dir), []);
  assert.equal((await take(t, dir)).has(NODE), true);
});

test('a lock that nobody touches is taken over, and its holder is told', async (t) => {
  const dir = stateDir(t);
  const first = await take(t, dir);
  age(dir, 1);
  assert.equal((await take(t, dir)).has(NODE), false);
  age(dir, 3);
  await first.touch();
  assert.equal((await take(t, dir)).has(NODE), false, 'it was touched');
  age(dir, 3);
  const second = await take(t, dir);
  assert.equal(second.has(NODE), true);
  await first.touch();
  assert.match((await first.release())[0]!, /^n: nothing was heard of this deployment for so long/);
  assert.equal((await take(t, dir)).has(NODE), false, 'the second holds it');
});

test('of many that come at once one gets it', async (t) => {
  const dir = stateDir(t);
  for (const minutes of [0, 3]) {
    if (minutes > 0) age(dir, minutes);
    const all = await Promise.all(Array.from({ length: 8 }, () => take(t, dir)));
    assert.equal(all.filter((locks) => locks.has(NODE)).length, 1);
  }
});

test('a node that cannot be asked or keep a lock is refused with the reason', async (t) => {
  const dir = stateDir(t);
  const away = () => Promise.resolve({ stdout: Buffer.alloc(0), fault: 'it is off' });
  assert.deepEqual((await take(t, dir, away)).refused, [{ host: 'n', fault: 'it is off' }]);
  writeFileSync(join(dir, 'file'), '');
  const [refused] = (await take(t, join(dir, 'file'))).refused;
  assert.match(refused!.fault, /^cannot make the folder /);
});
