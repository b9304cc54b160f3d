import assert from 'node:assert/strict';
import { once } from 'node:events';
import test, { describe } from 'node:test';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { charge, giveBack, RATE_CELLS, RATE_WINDOW_MS, used, waitMs } from './rate-window.ts';
import { atNextSwap } from './rival-fixture.ts';

const BUCKET_MS = 250;
/** After so long a bucket's cell is used again. */
const RING_MS = RATE_WINDOW_MS + 4 * BUCKET_MS;
/** No permit is held back longer than this after its charge. */
const LONGEST_HOLD_MS = RATE_WINDOW_MS + 2 * BUCKET_MS;
const SLOT = 1;

function emptyCells(): Int32Array {
  return new Int32Array(3 * RATE_CELLS);
}

/** Fails when any 60 s hold more than `limit` of the times. */
function assertWithin(timesMs: readonly number[], limit: number): void {
  const sorted = [...timesMs].sort((a, b) => a - b);
  for (let index = limit; index < sorted.length; index++) {
    const spanMs = sorted[index]! - sorted[index - limit]!;
    assert.ok(spanMs >= RATE_WINDOW_MS, `${limit + 1} requests within ${spanMs} ms`);
  }
}

describe('A rate window', () => {
  test('admits a burst up to the limit and refuses the next', () => {
    const cells = emptyCells();
    for (let count = 0; count < 5; count++) assert.equal(charge(cells, SLOT, 5, 1_000), true);
    assert.equal(charge(cells, SLOT, 5, 1_000), false);
    assert.equal(used(cells, SLOT, 1_000), 5);
  });

  test('charges only its own slot', () => {
    const cells = emptyCells();
    charge(cells, SLOT, 5, 1_000);
    assert.equal(used(cells, 0, 1_000), 0);
    assert.equal(used(cells, 2, 1_000), 0);
  });

  test('counts without refusing when the limit is 0', () => {
    const cells = emptyCells();
    for (let count = 0; count < 70_000; count++) assert.equal(charge(cells, SLOT, 0, 1_000), true);
    assert.ok(used(cells, SLOT, 1_000) >= 65_535);
    assert.equal(waitMs(cells, SLOT, 0, 1_000), 0);
  });

  test('tells the exact time until a charge succeeds', () => {
    const cells = emptyCells();
    charge(cells, SLOT, 2, 1_100);
    charge(cells, SLOT, 2, 9_000);
    assert.equal(waitMs(cells, SLOT, 3, 9_000), 0);
    const waitsMs = waitMs(cells, SLOT, 2, 9_000);
    assert.ok(
      waitsMs >= 1_100 + RATE_WINDOW_MS - 9_000 && waitsMs <= 1_100 + LONGEST_HOLD_MS - 9_000,
    );
    assert.equal(charge(cells, SLOT, 2, 9_000 + waitsMs - 1), false);
    assert.equal(charge(cells, SLOT, 2, 9_000 + waitsMs), true);
  });

  test('waits for as many permits as a lowered limit demands', () => {
    const cells = emptyCells();
    for (const atMs of [1_000, 2_000, 3_000]) charge(cells, SLOT, 3, atMs);
    const waitsMs = waitMs(cells, SLOT, 1, 4_000);
    assert.equal(charge(cells, SLOT, 1, 4_000 + waitsMs - 1), false);
    assert.equal(charge(cells, SLOT, 1, 4_000 + waitsMs), true);
  });

  test('has a permit again after it was given back', () => {
    const cells = emptyCells();
    charge(cells, SLOT, 1, 1_000);
    giveBack(cells, SLOT, 1_000);
    assert.equal(used(cells, SLOT, 1_000), 0);
    assert.equal(charge(cells, SLOT, 1, 1_300), true);
  });

  test('leaves newer charges alone when an expired one is given back', () => {
    const cells = emptyCells();
    charge(cells, SLOT, 5, 1_000);
    const laterMs = 1_000 + RING_MS;
    charge(cells, SLOT, 5, laterMs);
    giveBack(cells, SLOT, 1_000);
    assert.equal(used(cells, SLOT, laterMs), 1);
  });

  test('moves a charge from a clock that is behind up to the newest one', () => {
    const cells = emptyCells();
    charge(cells, SLOT, 2, 10_000);
    charge(cells, SLOT, 2, 9_400);
    assert.equal(charge(cells, SLOT, 2, 9_300), false);
    assert.equal(used(cells, SLOT, 9_400 + LONGEST_HOLD_MS), 2);
    giveBack(cells, SLOT, 9_400);
    assert.equal(used(cells, SLOT, 10_000), 1);
  });

  test('is empty again after any idle time, across the turns of its ring', () => {
    for (const idleMs of [LONGEST_HOLD_MS, 61_000, 122_000, 86_400_000, 20 * 86_400_000]) {
      const cells = emptyCells();
      for (let count = 0; count < 9; count++) charge(cells, SLOT, 9, 5_000);
      assert.equal(used(cells, SLOT, 5_000 + idleMs), 0);
      assert.equal(charge(cells, SLOT, 1, 5_000 + idleMs), true);
    }
  });
});

const arrivals = fc.record({
  limit: fc.integer({ min: 1, max: 12 }),
  startMs: fc.nat(10_000_000),
  steps: fc.array(
    fc.record({
      gapMs: fc.oneof(fc.nat(60), fc.nat(4_000), fc.nat(90_000)),
      /** How far this worker's clock reading is behind, and how late the engine is reached. */
      behindMs: fc.nat(400),
      lateMs: fc.nat(BUCKET_MS),
      giveBack: fc.nat(9),
    }),
    { maxLength: 120, size: 'max' },
  ),
});

describe('Charges against a log of them', () => {
  test('never exceed the limit in any 60 s, however late within 250 ms they arrive', () => {
    const property = fc.property(arrivals, ({ limit, startMs, steps }) => {
      const cells = emptyCells();
      const reachedMs: number[] = [];
      let nowMs = startMs;
      for (const step of steps) {
        nowMs += step.gapMs;
        const readMs = Math.max(0, nowMs - step.behindMs);
        if (!charge(cells, SLOT, limit, readMs)) continue;
        if (step.giveBack === 0) giveBack(cells, SLOT, readMs);
        // The clock is behind or the way is long: together they stay within the slack.
        else reachedMs.push(nowMs + Math.max(0, step.lateMs - step.behindMs));
      }
      assertWithin(reachedMs, limit);
    });
    fc.assert(property, { seed: 60, numRuns: 500 });
  });

  test('succeed whenever fewer than the limit are younger than 60.5 s', () => {
    const property = fc.property(arrivals, ({ limit, startMs, steps }) => {
      const cells = emptyCells();
      let log: number[] = [];
      let nowMs = startMs;
      for (const step of steps) {
        nowMs += step.gapMs;
        log = log.filter((atMs) => atMs > nowMs - LONGEST_HOLD_MS);
        const room = log.length < limit;
        const waitsMs = waitMs(cells, SLOT, limit, nowMs);
        const charged = charge(cells, SLOT, limit, nowMs);
        assert.equal(charged, waitsMs === 0, 'waitMs is 0 exactly when a charge succeeds');
        assert.ok(charged || !room, 'capacity comes back');
        if (charged && step.giveBack !== 0) log.push(nowMs);
        if (charged && step.giveBack === 0) giveBack(cells, SLOT, nowMs);
      }
    });
    fc.assert(property, { seed: 61, numRuns: 500 });
  });
});

/**
 * Four threads meet, then all charge and give back at once, half of them with a clock that shows
 * the next bucket already; after CALLS calls they meet again, a second later.
 */
const PHASES = 300;
const CALLS = 40;
const THREADS = 4;
const RACER = `
  const { parentPort, workerData } = require('node:worker_threads');
  const { url, cells, meeting, limit, thread } = workerData;
  const meet = (phase) => {
    if (Atomics.add(meeting, 0, 1) === ${THREADS} * (phase + 1) - 1) {
      Atomics.store(meeting, 1, phase + 1);
      Atomics.notify(meeting, 1);
    } else {
      while (Atomics.load(meeting, 1) === phase) Atomics.wait(meeting, 1, phase);
    }
  };
  import(url).then(({ charge, giveBack }) => {
    const chargedMs = [];
    for (let phase = 0; phase < ${PHASES}; phase++) {
      meet(phase);
      const nowMs = phase * 1000 + (thread % 2) * ${BUCKET_MS};
      for (let call = 0; call < ${CALLS}; call++) {
        if (!charge(cells, 1, limit, nowMs)) continue;
        if ((call + thread) % 3 === 0) giveBack(cells, 1, nowMs);
        else chargedMs.push(nowMs);
      }
    }
    parentPort.postMessage(chargedMs);
  });
`;

describe('Threads that race for permits', () => {
  test('get one permit out of one, whichever was first', () => {
    const cells = emptyCells();
    let rival = false;
    atNextSwap(() => {
      rival = charge(cells, SLOT, 1, 1_000);
    });
    assert.equal(charge(cells, SLOT, 1, 1_000), false);
    assert.equal(rival, true);
  });

  test('stay within the limit when their clocks show different buckets', () => {
    const cells = emptyCells();
    let rival = false;
    atNextSwap(() => {
      rival = charge(cells, SLOT, 1, 1_250);
    });
    assert.equal(charge(cells, SLOT, 1, 1_249), false);
    assert.equal(rival, true);
    assert.equal(used(cells, SLOT, 1_250), 1);
  });

  test('never exceed the limit together and use it up', { timeout: 20_000 }, async () => {
    const limit = 500;
    const cells = new Int32Array(new SharedArrayBuffer(4 * 3 * RATE_CELLS));
    const meeting = new Int32Array(new SharedArrayBuffer(8));
    const url = new URL('./rate-window.ts', import.meta.url).href;
    const answers = Array.from({ length: THREADS }, async (_, thread) => {
      const workerData = { url, cells, meeting, limit, thread };
      const [chargedMs] = await once(new Worker(RACER, { eval: true, workerData }), 'message');
      return chargedMs as number[];
    });
    const chargedMs = (await Promise.all(answers)).flat();
    assertWithin(chargedMs, limit);
    const windows = Math.floor((PHASES * 1_000) / (LONGEST_HOLD_MS + 1_000));
    assert.ok(chargedMs.length >= windows * limit, `${chargedMs.length} in ${windows} windows`);
  });
});
