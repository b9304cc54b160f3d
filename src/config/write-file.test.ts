/** Writing beside readers and other writers. */
import assert from 'node:assert/strict';
import { chmod, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { backupStamp, changeFile } from './write-file.ts';

let dir = '';
let file = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'llm-router-write-'));
  file = join(dir, 'sub', 'x.yaml');
});
afterEach(() => rm(dir, { recursive: true, force: true }));

test('a file that is not there is made, with its folder and without a copy', async () => {
  assert.equal(await changeFile(file, (text) => `${text}a`, 's'), true);
  assert.deepEqual(await readdir(join(dir, 'sub')), ['x.yaml']);
  assert.equal(await readFile(file, 'utf8'), 'a');
});

test('one copy a run keeps what was before its first change; mode and mark stay', async () => {
  await changeFile(file, () => '\uFEFFold', 's0');
  await chmod(file, 0o600);
  await changeFile(file, (text) => `${text}1`, 's1');
  await changeFile(file, (text) => `${text}2`, 's1');
  assert.equal(await readFile(file, 'utf8'), '\uFEFFold12');
  assert.equal(await readFile(`${file}.s1.bak`, 'utf8'), '\uFEFFold');
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.deepEqual((await readdir(join(dir, 'sub'))).sort(), ['x.yaml', 'x.yaml.s1.bak']);
});

test('nothing is written when nothing changes', async () => {
  await changeFile(file, () => 'a', 's');
  const before = await stat(file);
  assert.equal(await changeFile(file, () => undefined, 's'), false);
  assert.equal(await changeFile(file, (text) => text, 's'), false);
  assert.equal((await stat(file)).ino, before.ino);
});

test('a symbolic link stays one and its target changes', async () => {
  await writeFile(join(dir, 'real.yaml'), 'a');
  await symlink('real.yaml', join(dir, 'link.yaml'));
  await changeFile(join(dir, 'link.yaml'), () => 'b', 's');
  assert.equal(await readFile(join(dir, 'real.yaml'), 'utf8'), 'b');
});

test('changes made at the same time are all there', async () => {
  const words = Array.from({ length: 8 }, (_, index) => `${index},`);
  await Promise.all(words.map((word) => changeFile(file, (text) => text + word, 's')));
  const found = (await readFile(file, 'utf8')).split(',').sort().join('');
  assert.equal(found, '01234567');
});

test('a copy is named by the second of its run, and not as an endpoint file', () => {
  assert.equal(backupStamp(new Date(Date.UTC(2026, 10, 22, 9, 30, 1, 5))), '20261122T093001Z');
});
