import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../core/clock.ts';
import { FakeFiles } from './files.fake.ts';
import { LogFile, type LogFileNotice } from './log-file.ts';

const PATH = '/logs/llm-router.log';
const START = Date.UTC(2026, 0, 31, 12);
const DAY_MS = 86_400_000;

function setUp(rules = { maxBytes: 100, maxBackups: 0, maxAgeMs: 0 }) {
  const files = new FakeFiles();
  const clock = new FakeClock(START);
  const notices: LogFileNotice[] = [];
  const waiting: (() => void)[] = [];
  const file = new LogFile({
    path: PATH,
    rules,
    files,
    clock,
    later: (run) => waiting.push(run),
    tell: (notice) => notices.push(notice),
  });
  return {
    files,
    clock,
    file,
    /** `kind code dropped` of each notice. */
    told: () => notices.map(({ kind, code, dropped }) => `${kind} ${code} ${dropped}`),
    /** The time to try again has come. */
    async retry() {
      clock.advance(1000);
      for (const run of waiting.splice(0)) run();
      await turns();
    },
  };
}

/** The fake disk answers in microtasks. */
async function turns(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
}

test('appends lines in their order to what is there', async () => {
  const { file, files, told } = setUp();
  files.put(PATH, 'old\n');
  for (const line of ['1\n', '2\n', '3\n']) file.write(line);
  await turns();
  assert.equal(files.text(PATH), 'old\n1\n2\n3\n');
  assert.deepEqual(told(), []);
});

test('touches no disk before there is a line', async () => {
  const { file, files } = setUp();
  await turns();
  await file.close();
  assert.equal(files.opened, 0);
});

test('moves a file away before it grows beyond its size, under the time of day', async () => {
  const { file, files } = setUp();
  const line = `${'x'.repeat(59)}\n`;
  file.write(line);
  await turns();
  file.write(line);
  await turns();
  assert.deepEqual(files.names('/logs'), [
    'llm-router-2026-01-31T12-00-00.000.log',
    'llm-router.log',
  ]);
  assert.equal(files.text(PATH), line);
  file.write(line);
  await turns();
  // The same millisecond: no backup is overwritten.
  assert.deepEqual(files.names('/logs').slice(0, 2), [
    'llm-router-2026-01-31T12-00-00.000.log',
    'llm-router-2026-01-31T12-00-00.001.log',
  ]);
});

test('keeps the newest backups, as many as it may, and leaves other files alone', async () => {
  const { file, files } = setUp({ maxBytes: 100, maxBackups: 2, maxAgeMs: 0 });
  const others = ['llm-router-old.log', 'access-2026-01-01T00-00-00.000.log', 'notes.txt'];
  for (const name of others) files.put(`/logs/${name}`, '');
  for (const day of ['27', '28', '29'])
    files.put(`/logs/llm-router-2026-01-${day}T00-00-00.000.log`, '');
  file.write('1\n');
  await turns();
  assert.deepEqual(
    files.names('/logs').sort(),
    [
      ...others,
      'llm-router-2026-01-28T00-00-00.000.log',
      'llm-router-2026-01-29T00-00-00.000.log',
      'llm-router.log',
    ].sort(),
  );
});

test('removes backups that have become too old while it writes', async () => {
  const { file, files, clock } = setUp({ maxBytes: 100, maxBackups: 0, maxAgeMs: DAY_MS });
  files.put('/logs/llm-router-2026-01-31T00-00-00.000.log', '');
  file.write('1\n');
  await turns();
  assert.equal(files.names('/logs').length, 2);
  clock.advance(DAY_MS);
  file.write('2\n');
  await turns();
  assert.deepEqual(files.names('/logs'), ['llm-router.log']);
});

test('goes on in the same file where it cannot be renamed, and says so once a minute', async () => {
  const { file, files, clock, told } = setUp();
  files.refuses = { rename: 'EACCES' };
  for (let i = 0; i < 5; i++) {
    file.write(`${'x'.repeat(59)}\n`);
    await turns();
  }
  assert.equal(files.text(PATH)!.length, 300);
  assert.deepEqual(told(), ['unrotated EACCES 0']);
  files.refuses = {};
  clock.advance(60_000);
  file.write('after\n');
  await turns();
  assert.equal(files.text(PATH), 'after\n');
});

test('opens its name anew when it is asked to', async () => {
  const { file, files } = setUp();
  file.write('1\n');
  await turns();
  await files.rename(PATH, '/logs/rotated');
  file.write('2\n');
  await turns();
  file.reopen();
  await turns();
  file.write('3\n');
  await turns();
  assert.equal(files.text('/logs/rotated'), '1\n2\n');
  assert.equal(files.text(PATH), '3\n');
});

test('notices within a second that its file is gone', async () => {
  const { file, files, clock } = setUp();
  file.write('1\n');
  await turns();
  files.delete(PATH);
  clock.advance(1000);
  file.write('2\n');
  await turns();
  assert.equal(files.text(PATH), '2\n');
});

test('a line that a full disk cut is completed when there is room', async () => {
  const { file, files, told, retry } = setUp();
  files.roomBytes = 3;
  file.write('first\n');
  file.write('second\n');
  await turns();
  assert.equal(files.text(PATH), 'fir');
  await retry();
  assert.deepEqual(told(), ['failing ENOSPC 0']);
  files.roomBytes = 1000;
  await retry();
  assert.equal(files.text(PATH), 'first\nsecond\n');
  assert.deepEqual(told(), ['failing ENOSPC 0', 'recovered  0']);
});

test('the rest of a cut line does not begin another file', async () => {
  const { file, files, told, retry } = setUp();
  files.roomBytes = 3;
  file.write('first\n');
  file.write('second\n');
  await turns();
  files.delete(PATH);
  files.roomBytes = 1000;
  await retry();
  assert.equal(files.text(PATH), 'second\n');
  assert.deepEqual(told(), ['failing ENOSPC 0', 'recovered  1']);
});

test('holds a bounded number of bytes while its folder is read-only, and recovers', async () => {
  const { file, files, told, retry } = setUp({ maxBytes: 1e9, maxBackups: 0, maxAgeMs: 0 });
  files.refuses = { open: 'EROFS' };
  const line = `${'x'.repeat(1023)}\n`;
  for (let i = 0; i < 10 * 1024; i++) file.write(line);
  await turns();
  await retry();
  assert.deepEqual(told(), ['failing too_slow 0']);
  files.refuses = {};
  await retry();
  assert.equal(files.text(PATH)!.length, 8 * 1024 * 1024);
  assert.deepEqual(told(), ['failing too_slow 0', 'recovered  2048']);
  file.write('later\n');
  await turns();
  assert.ok(files.text(PATH)!.endsWith('x\nlater\n'));
});

test('the end writes what waits', async () => {
  const { file, files } = setUp();
  file.write('last words\n');
  await file.close();
  assert.equal(files.text(PATH), 'last words\n');
});
