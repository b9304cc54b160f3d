import assert from 'node:assert/strict';
import { once } from 'node:events';
import { suite, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { reserve, settle, TOKEN_CELLS, tokensUsed, tokenWaitMs } from './token-window.ts';

const MINUTE_MS = 60_000;
/** What the ring rounds a minute up to. */
const SURE_MS = 62_000;

function cellsFor(slots = 1): Int32Array {
  return new Int32Array(new SharedArrayBuffer(slots * TOKEN_CELLS * 4));
}

suite('the token window', () => {
  test('reserves up to the limit and no more', () => {
    const cells = cellsFor();
    assert.ok(reserve(cells, 0, { limit: 1000, tokens: 600 }, 5));
    assert.ok(!reserve(cells, 0, { limit: 1000, tokens: 600 }, 5));
    assert.ok(reserve(cells, 0, { limit: 1000, tokens: 400 }, 5));
    assert.equal(tokensUsed(cells, 0, 5), 1000);
    assert.ok(!reserve(cells, 0, { limit: 1000, tokens: 4 }, MINUTE_MS));
    assert.ok(reserve(cells, 0, { limit: 1000, tokens: 1000 }, SURE_MS));
  });

  test('lets one request in that asks for more than all of it, when nobody else is', () => {
    const cells = cellsFor();
    assert.ok(reserve(cells, 0, { limit: 100, tokens: 5000 }, 0));
    assert.ok(!reserve(cells, 0, { limit: 100, tokens: 4 }, 0));
  });

  test('gives back what a request did not use, and counts what it used besides', () => {
    const cells = cellsFor();
    const asked = { limit: 1000, tokens: 800 };
    assert.ok(reserve(cells, 0, asked, 0));
    settle(cells, 0, asked, { reservedAtMs: 0, actual: 200, nowMs: 3000 });
    assert.equal(tokensUsed(cells, 0, 3000), 200);
    assert.ok(reserve(cells, 0, asked, 4000));
    settle(cells, 0, asked, { reservedAtMs: 4000, actual: 1200, nowMs: 9000 });
    assert.equal(tokensUsed(cells, 0, 9000), 1400);
    settle(cells, 0, asked, { reservedAtMs: 4000, actual: 0, nowMs: 9000 });
    assert.equal(tokensUsed(cells, 0, 9000), 600);
  });

  test('leaves the present alone when an old reservation is settled', () => {
    const cells = cellsFor();
    const asked = { limit: 1000, tokens: 800 };
    assert.ok(reserve(cells, 0, asked, 0));
    const laterMs = 64_000;
    assert.ok(reserve(cells, 0, asked, laterMs));
    settle(cells, 0, asked, { reservedAtMs: 0, actual: 0, nowMs: laterMs });
    assert.equal(tokensUsed(cells, 0, laterMs), 800);
  });

  test('tells when there will be room', () => {
    const cells = cellsFor();
    const asked = { limit: 1000, tokens: 500 };
    assert.equal(tokenWaitMs(cells, 0, asked, 0), 0);
    reserve(cells, 0, asked, 0);
    reserve(cells, 0, asked, 10_000);
    const waitMs = tokenWaitMs(cells, 0, asked, 20_000);
    assert.ok(!reserve(cells, 0, asked, 20_000 + waitMs - 1));
    assert.ok(reserve(cells, 0, asked, 20_000 + waitMs));
  });

  test('keeps slots apart', () => {
    const cells = cellsFor(2);
    assert.ok(reserve(cells, 0, { limit: 100, tokens: 100 }, 0));
    assert.ok(reserve(cells, 1, { limit: 100, tokens: 100 }, 0));
  });

  test('never lets more than the limit into any minute, at any times', () => {
    const step = fc.record({ gapMs: fc.nat(40_000), tokens: fc.integer({ min: 1, max: 300 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), fc.nat(2 ** 33), (steps, startMs) => {
        const cells = cellsFor();
        const taken: { atMs: number; tokens: number }[] = [];
        let nowMs = startMs;
        for (const { gapMs, tokens } of steps) {
          nowMs += gapMs;
          const sure = taken.filter(({ atMs }) => atMs > nowMs - SURE_MS - 1000);
          const ok = reserve(cells, 0, { limit: 400, tokens }, nowMs);
          // Units of four round up.
          const held = sure.reduce((sum, one) => sum + one.tokens + 3, tokens + 3);
          if (held <= 400) assert.ok(ok, 'there is room');
          if (ok) taken.push({ atMs: nowMs, tokens });
          const minute = taken.filter(({ atMs }) => atMs > nowMs - MINUTE_MS);
          assert.ok(minute.reduce((sum, one) => sum + one.tokens, 0) <= 400);
        }
      }),
      { numRuns: 300, seed: 11 },
    );
  });

  test('never exceeds the limit by workers that race', { timeout: 20_000 }, async () => {
    const cells = cellsFor();
    const code = `
      import { parentPort, workerData } from 'node:worker_threads';
      const { reserve } = await import(workerData.url);
      let got = 0;
      for (let i = 0; i < 20000; i++) {
        if (reserve(workerData.cells, 0, { limit: 40000, tokens: 40 }, 1000)) got += 40;
      }
      parentPort.postMessage(got);`;
    const url = new URL('./token-window.ts', import.meta.url).href;
    const run = async () => {
      const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`), {
        workerData: { cells, url },
      });
      return (await once(worker, 'message'))[0] as number;
    };
    const got = await Promise.all([run(), run()]);
    assert.equal(got[0]! + got[1]!, 40_000);
    assert.equal(tokensUsed(cells, 0, 1000), 40_000);
  });
});
