/** What logs of engines say about their start. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LogWatch } from './log-rules.ts';

function watch(...lines: readonly string[]): LogWatch {
  const log = new LogWatch();
  log.feed(lines.map((line) => `${line}\n`).join(''));
  return log;
}

for (const line of [
  'INFO:     Application startup complete.',
  '(APIServer pid=7) INFO:     Uvicorn running on http://0.0.0.0:30596 (Press CTRL+C to quit)',
]) {
  test(`"${line}" says ready`, () => assert.equal(watch(line).isReady, true));
}

for (const [line, isTaken] of [
  ["ERROR: [Errno 98] error while attempting to bind on address ('0.0.0.0', 30596)", true],
  ['OSError: [Errno 98] Address already in use', true],
  ['RuntimeError: custom_allreduce: Address already in use', false],
  ['WARNING flashinfer workspace: [Errno 98] trying another', false],
  ['INFO [Errno 981] of something else', false],
] as const) {
  test(`"${line}" is ${isTaken ? 'a' : 'no'} port conflict`, () => {
    assert.equal(watch(line).isPortTaken, isTaken);
  });
}

test('the cause of a crash is the most telling line, of equals the last', () => {
  const oom = watch(
    'INFO loading',
    'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 20.00 GiB.',
    'RuntimeError: Engine core initialization failed. See root cause above.',
    'nanobind: leaked 1 instances!',
  );
  assert.match(oom.cause().line, /^torch\.OutOfMemoryError/);
  assert.match(oom.cause().advice, /--tensor-parallel-size/);
  const missing = watch('/usr/bin/python3: No module named vllm');
  assert.equal(missing.cause().line, '/usr/bin/python3: No module named vllm');
  assert.match(missing.cause().advice, /install the engine/);
  const two = watch('ValueError: first', 'During handling …', 'KeyError: second', 'bye');
  assert.deepEqual(two.cause(), { line: 'KeyError: second', advice: '' });
  assert.equal(watch('some text', '').cause().line, 'some text');
  assert.equal(new LogWatch().cause().line, '');
});

test('a log reads the same however it is cut', () => {
  const text = 'a\r\n\u001b[32mINFO\u001b[0m 10%\r20%\rloaded\nRuntimeError: no\nApplication st';
  const rest = 'artup complete.\nlast';
  for (let at = 0; at <= text.length; at++) {
    const log = new LogWatch();
    log.feed(text.slice(0, at));
    log.feed(text.slice(at));
    assert.equal(log.isReady, false);
    log.feed(rest);
    assert.equal(log.isReady, true);
    assert.equal(log.lastLine, 'Application startup complete.');
    assert.equal(log.cause().line, 'RuntimeError: no');
  }
});

test('colours and overwritten progress are not shown', () => {
  assert.equal(watch('\u001b[32mINFO\u001b[0m 10%\r20%\rloaded').lastLine, 'loaded');
  const bar = new LogWatch();
  bar.feed('start\nshards: 10%\rshards: 20%\r');
  assert.equal(bar.lastLine, 'shards: 20%');
});
