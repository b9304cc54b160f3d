import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LogTail } from './log-tail.ts';
import { makeLogger } from './logger.ts';

function setUp() {
  const tail = new LogTail();
  return { tail, log: makeLogger('debug', tail) };
}

function texts(tail: LogTail, after = 0, level = 0, limit = 100): unknown[] {
  return tail.read(after, level, limit).lines.map(({ entry }) => entry.msg);
}

test('gives what came after a number, at least as severe as asked, the newest if too many', () => {
  const { tail, log } = setUp();
  log.info('one');
  log.debug('two');
  log.warn({ endpoint: 'm@x' }, 'three');
  assert.deepEqual(texts(tail), ['one', 'two', 'three']);
  assert.deepEqual(texts(tail, 1), ['two', 'three']);
  assert.deepEqual(texts(tail, 0, 30), ['one', 'three']);
  assert.deepEqual(texts(tail, 0, 0, 1), ['three']);
  const { lines, last } = tail.read(2, 0, 10);
  assert.deepEqual([lines[0]!.seq, last, lines[0]!.entry.endpoint], [3, 3, 'm@x']);
  assert.deepEqual(texts(tail, 3), []);
});

test('keeps a bounded number of lines and says how many are missing', () => {
  const { tail, log } = setUp();
  for (let i = 1; i <= 2500; i++) log.info(String(i));
  const { lines, last, missed } = tail.read(100, 0, 5000);
  assert.deepEqual([lines.length, last, missed, lines[0]!.seq], [2000, 2500, 400, 501]);
  assert.equal(lines[0]!.entry.msg, '501');
});

test('gives all lines to whoever comes with the number of an earlier process', () => {
  const { tail, log } = setUp();
  log.info('one');
  assert.deepEqual(texts(tail, 99), ['one']);
});

test('cuts a line that is too long, and keeps it readable', () => {
  const { tail, log } = setUp();
  log.warn({ problems: 'é'.repeat(20_000) }, 'many');
  const { entry } = tail.read(0, 0, 1).lines[0]!;
  assert.deepEqual([entry.msg, entry.level], ['many', 40]);
  assert.ok(JSON.stringify(entry).length < 20_000);
});
