/**
 * Runs drop-in.ts in a network of its own, since the files of the reference name ports that another
 * program may have. Where the system gives nobody a network, it runs in the machine's own, unless
 * one of the ports is taken there.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { Child } from '../fakes/child.ts';

const SCENES = join(import.meta.dirname, 'drop-in.ts');
const PORTS = [18_000, 30_596, 30_597, 30_598];
const LOOPBACK_UP = 'ip link set lo up';

/** A command that gives what it runs a network with a loopback interface; [] = there is none. */
function ownNetwork(): string[] {
  const flags = process.getuid?.() === 0 ? '-n' : '-rn';
  const { status } = spawnSync('unshare', [flags, 'sh', '-c', LOOPBACK_UP]);
  return status === 0 ? ['unshare', flags, 'sh', '-c', `${LOOPBACK_UP} && exec "$0" "$@"`] : [];
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port);
  const isGood = await once(server, 'listening').then(
    () => true,
    () => false,
  );
  server.close();
  return isGood;
}

test('the configuration of the reference works as it is', async (t) => {
  const network = ownNetwork();
  const areFree = async () => (await Promise.all(PORTS.map(isFree))).every(Boolean);
  if (network.length === 0 && !(await areFree())) {
    t.skip('another program has a port of the reference, and there is no network of one’s own');
    return;
  }
  const [program, ...args] = [...network, process.execPath, SCENES];
  const scenes = new Child(program!, args);
  t.after(() => scenes.kill());
  assert.equal(await scenes.exited, 0, scenes.output);
  assert.match(scenes.output, /\bpass 3\b/);
});
