import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { Sequence } from './scheduler.ts';
import { StepScheduler, type StepSettings } from './step-scheduler.ts';

const SETTINGS: StepSettings = {
  maxNumSeqs: 4,
  maxWaitingQueueLength: 3,
  maxNumBatchedTokens: 100,
  interTokenLatencyMs: 10,
  prefillTimePerTokenMs: 1,
  decodeTimePerSequenceMs: 2,
  kvCacheSize: 100,
  blockSize: 16,
};

/** Runs until all is done; what happened, as `name:token@ms`. */
function run(batch: StepScheduler, log: string[]): string[] {
  for (let nowMs = 0; nowMs < 1e6; ) {
    const nextMs = batch.advance(nowMs);
    if (nextMs === Number.POSITIVE_INFINITY) break;
    nowMs = nextMs;
    clock.nowMs = nowMs;
  }
  return log;
}

const clock = { nowMs: 0 };

function sequence(name: string, [prompt, output, cached = 0]: number[], log: string[]) {
  return new Sequence(
    { prompt: prompt!, cached, output: output! },
    {
      onTokens: (from, count) => log.push(`${name}:${from}+${count}@${clock.nowMs}`),
      onFinish: () => log.push(`${name}!`),
    },
  );
}

describe('StepScheduler', () => {
  test('computes prompts in chunks, first come first served, beside answers', () => {
    const log: string[] = [];
    const batch = new StepScheduler(SETTINGS);
    clock.nowMs = 0;
    assert.ok(batch.submit(sequence('a', [150, 2], log), 0));
    assert.ok(batch.submit(sequence('b', [30, 1], log), 0));
    // 100 of a: 110 ms. Then 50 of a and 30 of b: 90 ms. Then one token of a: 10 + 2 ms.
    assert.deepEqual(run(batch, log), ['a:0+1@200', 'b:0+1@200', 'b!', 'a:1+1@212', 'a!']);
  });

  test('spares what the cache holds, but for the last token', () => {
    const log: string[] = [];
    const batch = new StepScheduler(SETTINGS);
    batch.submit(sequence('a', [50, 1, 50], log), 0);
    assert.deepEqual(run(batch, log), ['a:0+1@11', 'a!']);
  });

  test('leaps over steps that only generate, and stops for who comes meanwhile', () => {
    const log: string[] = [];
    const batch = new StepScheduler(SETTINGS, true);
    batch.submit(sequence('a', [10, 100], log), 0);
    assert.equal(batch.advance(0), 20);
    clock.nowMs = 20;
    assert.equal(batch.advance(20), 20 + 99 * 12, 'all the others at once');
    batch.submit(sequence('b', [10, 1], log), 50);
    assert.equal(batch.advance(50), 56, 'the step on its way ends first');
    run(batch, log);
    assert.ok(log.includes('a:1+3@56'), log.join(' '));
    assert.ok(log.includes('b:0+1@78'), log.join(' '));
  });

  test('refuses beyond its queue and forgets who is cancelled', () => {
    const log: string[] = [];
    const batch = new StepScheduler(SETTINGS);
    const all = Array.from({ length: 5 }, (_, at) => sequence(`s${at}`, [500, 1], log));
    assert.deepEqual(
      all.map((one) => batch.submit(one, 0)),
      [true, true, true, true, false],
    );
    batch.cancel(all[0]!);
    batch.cancel(all[1]!);
    run(batch, log);
    assert.deepEqual(
      log.filter((line) => line.endsWith('!')),
      ['s2!', 's3!'],
    );
    assert.equal(batch.running() + batch.waiting(), 0);
  });
});
