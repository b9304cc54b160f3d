import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Xorshift } from '../core/random.ts';
import type { SimOptions } from './flags.ts';
import { defaultOptions } from './flags.ts';
import { normal, Scheduler, Sequence } from './scheduler.ts';

function setUp(changes: Partial<SimOptions>) {
  const options = { ...defaultOptions(), ...changes };
  const scheduler = new Scheduler(options, new Xorshift(7));
  const log: string[] = [];
  const request = (name: string, output: number, prompt = 10, cached = 0): Sequence =>
    new Sequence(
      { prompt, cached, output },
      {
        onTokens: (from, count) => log.push(`${name}:${from}+${count}`),
        onFinish: () => log.push(`${name} done`),
      },
    );
  const take = (): string[] => log.splice(0);
  return { options, scheduler, request, take };
}

test('produces the first token after TTFT and the rest at the inter-token time', () => {
  const { scheduler, request, take } = setUp({ timeToFirstTokenMs: 100, interTokenLatencyMs: 20 });
  scheduler.submit(request('a', 3), 0);
  assert.equal(scheduler.advance(99), 100);
  assert.deepEqual(take(), []);
  assert.equal(scheduler.advance(100), 120);
  assert.equal(scheduler.advance(125), 140);
  assert.equal(scheduler.advance(140), Number.POSITIVE_INFINITY);
  assert.deepEqual(take(), ['a:0+1', 'a:1+1', 'a:2+1', 'a done']);
});

test('makes up for a late timer, but not for a stopped process', () => {
  const { scheduler, request, take } = setUp({ interTokenLatencyMs: 10 });
  scheduler.submit(request('a', 100), 0);
  scheduler.advance(35);
  assert.deepEqual(take(), ['a:0+4']);
  assert.equal(scheduler.advance(60_000), 60_010);
  assert.deepEqual(take(), ['a:4+1']);
});

test('lets others have their turn when nothing takes time', () => {
  const { scheduler, request, take } = setUp({});
  scheduler.submit(request('a', 100), 0);
  scheduler.submit(request('b', 1), 0);
  assert.equal(scheduler.advance(0), 0);
  assert.equal(scheduler.advance(0), Number.POSITIVE_INFINITY);
  assert.deepEqual(take(), ['a:0+64', 'b:0+1', 'b done', 'a:64+36', 'a done']);
});

test('runs as many as it has slots, the others wait in order, the rest is refused', () => {
  const { scheduler, request, take } = setUp({
    maxNumSeqs: 1,
    maxWaitingQueueLength: 2,
    timeToFirstTokenMs: 10,
  });
  const taken = ['a', 'b', 'c', 'd'].map((name) => scheduler.submit(request(name, 1), 0));
  assert.deepEqual(taken, [true, true, true, false]);
  assert.deepEqual([scheduler.running(), scheduler.waiting()], [1, 2]);
  assert.equal(scheduler.advance(10), 20);
  assert.equal(scheduler.advance(20), 30);
  assert.deepEqual([scheduler.running(), scheduler.waiting()], [1, 0]);
  scheduler.advance(30);
  assert.deepEqual(take(), ['a:0+1', 'a done', 'b:0+1', 'b done', 'c:0+1', 'c done']);
});

test('a cancelled request produces nothing and frees its slot', () => {
  const { scheduler, request, take } = setUp({ maxNumSeqs: 2, timeToFirstTokenMs: 10 });
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => request(name, 1));
  for (const sequence of [a, b, c, d]) scheduler.submit(sequence!, 0);
  scheduler.cancel(a!);
  scheduler.cancel(c!);
  scheduler.cancel(c!);
  scheduler.advance(0);
  assert.deepEqual([scheduler.running(), scheduler.waiting()], [2, 0]);
  scheduler.advance(10);
  assert.deepEqual(take().sort(), ['b done', 'b:0+1', 'd done', 'd:0+1']);
});

test('a request may be cancelled by its own token', () => {
  const { scheduler, request, take } = setUp({});
  const a = new Sequence(
    { prompt: 1, cached: 0, output: 5 },
    { onTokens: () => scheduler.cancel(a), onFinish: () => assert.fail('finished') },
  );
  scheduler.submit(a, 0);
  scheduler.submit(request('b', 1), 0);
  assert.equal(scheduler.advance(0), Number.POSITIVE_INFINITY);
  assert.deepEqual(take(), ['b:0+1', 'b done']);
  assert.equal(scheduler.running(), 0);
});

test('a full batch is slower by the load factor', () => {
  const { scheduler, request } = setUp({
    maxNumSeqs: 3,
    timeToFirstTokenMs: 100,
    timeFactorUnderLoad: 3,
  });
  const due = [1, 2, 3].map((at) => {
    const sequence = request(String(at), 1);
    scheduler.submit(sequence, 0);
    return sequence.dueMs;
  });
  assert.deepEqual(due, [100, 200, 300]);
});

test('a cached prefix shortens the time to the first token', () => {
  const fixed = setUp({ timeToFirstTokenMs: 100 });
  const half = fixed.request('a', 1, 10, 5);
  fixed.scheduler.submit(half, 0);
  assert.equal(half.dueMs, 50);
  const perToken = setUp({ prefillOverheadMs: 7, prefillTimePerTokenMs: 2 });
  const most = perToken.request('a', 1, 10, 8);
  perToken.scheduler.submit(most, 0);
  assert.equal(most.dueMs, 11);
});

test('jitter has the mean and deviation asked for and stays within 70 %', () => {
  const { scheduler, request } = setUp({
    maxNumSeqs: 20_000,
    timeToFirstTokenMs: 100,
    timeToFirstTokenStdDevMs: 20,
  });
  const samples = Array.from({ length: 20_000 }, () => {
    const sequence = request('a', 1);
    scheduler.submit(sequence, 0);
    return sequence.dueMs;
  });
  const mean = samples.reduce((sum, value) => sum + value, 0) / samples.length;
  const variance = samples.reduce((sum, value) => sum + (value - mean) ** 2, 0) / samples.length;
  // N = 20,000, seed 7: the standard error of the mean is 0.14 ms.
  assert.ok(Math.abs(mean - 100) < 0.6, `mean ${mean}`);
  assert.ok(Math.abs(Math.sqrt(variance) - 20) < 0.6, `deviation ${Math.sqrt(variance)}`);
  assert.ok(samples.every((value) => value >= 30 && value <= 170));
});

test('normal samples are finite for every random number', () => {
  const extremes = [0, 1 - 2 ** -32];
  for (const first of extremes) {
    for (const second of extremes) {
      const values = [first, second];
      const random = { next: () => values.shift()!, below: () => 0 };
      assert.ok(Number.isFinite(normal(random)));
    }
  }
});

test('KV usage follows the tokens of the running requests', () => {
  const { scheduler, request } = setUp({ kvCacheSize: 10, blockSize: 16, interTokenLatencyMs: 5 });
  assert.equal(scheduler.kvUsage(), 0);
  scheduler.submit(request('a', 3, 31), 0);
  assert.equal(scheduler.kvUsage(), 0.2);
  scheduler.advance(5);
  assert.equal(scheduler.kvUsage(), 0.3);
  scheduler.submit(request('b', 1, 1000), 5);
  assert.equal(scheduler.kvUsage(), 1);
});
