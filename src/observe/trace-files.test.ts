import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../core/clock.ts';
import type { RequestRecord } from '../core/request-record.ts';
import { FakeFiles } from './files.fake.ts';
import { TraceFiles } from './trace-files.ts';

function setUp() {
  const files = new FakeFiles();
  const clock = new FakeClock(Date.UTC(2026, 0, 31));
  const told: string[] = [];
  const traces = new TraceFiles({
    folder: '/traces',
    files,
    clock,
    tell: (dropped, code) => told.push(`${dropped} ${code}`),
  });
  return { files, clock, told, traces };
}

function record(id: string, changes: Partial<RequestRecord> = {}): RequestRecord {
  return {
    id,
    method: 'POST',
    route: 'chat/completions',
    key: '',
    model: 'm',
    endpoint: 'm@http://e/v1',
    attempts: 1,
    status: 200,
    outcome: 'ok',
    ttfbMs: 1,
    ttftMs: -1,
    totalMs: 2,
    bytesUp: 3,
    bytesDown: 4,
    tokensIn: -1,
    tokensOut: -1,
    steps: [{ atMs: 0, step: 'attempt', endpoint: 'm@http://e/v1', detail: '', candidates: [] }],
    ...changes,
  };
}

test('writes one file of JSON for a request', async () => {
  const { files, traces } = setUp();
  traces.write(record('r1-0-a'));
  await traces.close();
  const written = JSON.parse(files.text('/traces/r1-0-a.json')!);
  assert.deepEqual(written, { time: '2026-01-31T00:00:00.000Z', ...record('r1-0-a') });
});

test('an id that is no plain name makes no file', async () => {
  const { files, traces, told } = setUp();
  for (const id of ['', '.', '..', '../x', 'a/b', '.hidden', 'a b', 'ü', 'x'.repeat(129), '-rf']) {
    traces.write(record(id));
  }
  await traces.close();
  assert.deepEqual(files.names('/traces'), []);
  assert.deepEqual(told, ['1 no_plain_id', '9 no_plain_id']);
});

test('an id that comes again gets further files, up to nine', async () => {
  const { files, traces, told } = setUp();
  for (let i = 0; i < 10; i++) traces.write(record('same', { attempts: i }));
  await traces.close();
  assert.equal(files.names('/traces').length, 9);
  assert.equal(JSON.parse(files.text('/traces/same.json')!).attempts, 0);
  assert.equal(JSON.parse(files.text('/traces/same.2.json')!).attempts, 1);
  assert.deepEqual(told, ['1 EEXIST']);
});

test('writes a hundred files a second and counts the rest', async () => {
  const { files, clock, traces, told } = setUp();
  for (let i = 0; i < 150; i++) traces.write(record(`a${i}`));
  await traces.close();
  assert.equal(files.names('/traces').length, 100);
  assert.deepEqual(told, ['1 too_many', '49 too_many']);
  clock.advance(1000);
  traces.write(record('b'));
  await traces.close();
  assert.equal(files.names('/traces').length, 101);
});

test('a folder that cannot be written to costs traces and nothing else', async () => {
  const { files, traces, told } = setUp();
  files.refuses = { create: 'ENOSPC' };
  traces.write(record('a'));
  await traces.close();
  files.refuses = {};
  traces.write(record('b'));
  await traces.close();
  assert.deepEqual(files.names('/traces'), ['b.json']);
  assert.deepEqual(told, ['1 ENOSPC']);
});

test('what a client named cannot speak to a terminal that shows the file', async () => {
  const { files, traces } = setUp();
  traces.write(record('a', { model: 'm\u001b[2J\u009b\u202e' }));
  await traces.close();
  assert.doesNotMatch(files.text('/traces/a.json')!, /[\u001b\u009b\u202e]/);
});
