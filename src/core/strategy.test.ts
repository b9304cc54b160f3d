import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { fixtureColumns } from './columns-fixture.ts';
import { EngineWaiting } from './loads/engine-waiting.ts';
import { learnLatency } from './loads/peak-ewma.ts';
import type { Gate } from './pickers/picker.ts';
import { poolOf } from './pickers/pool-fixture.ts';
import { Xorshift } from './random.ts';
import { STRATEGY_NAMES, type StrategyName } from './strategy.ts';
import { askAt, strategyOf } from './strategy-fixture.ts';

const ALL: Gate = { admits: () => true };
const STALE_AFTER_MS = 5_000;
const WORKERS = 2;

interface Fleet {
  readonly weights: number[];
  /** Chance that a request ends in one step, by endpoint. */
  readonly speeds: number[];
  readonly concurrency: number;
}

/**
 * A closed loop: `concurrency` requests in flight, each ends in a step with the chance of its
 * endpoint, and then the next one is picked. Returns each endpoint's share of N = 20,000 picks.
 */
function closedLoop(name: StrategyName, fleet: Fleet): number[] {
  const columns = fixtureColumns(fleet.weights.length, WORKERS);
  const strategy = strategyOf(name, columns, STALE_AFTER_MS);
  const pool = poolOf(fleet.weights);
  const random = new Xorshift(1_234);
  const counts = fleet.weights.map(() => 0);
  const running = new Int32Array(fleet.concurrency);
  let picks = 0;
  const send = (request: number) => {
    const index = strategy.pick(pool, ALL, random, askAt(1));
    columns.workers[request % WORKERS]!.inFlight[index]!++;
    running[request] = index;
    counts[index]!++;
    picks++;
  };
  for (let request = 0; request < fleet.concurrency; request++) send(request);
  while (picks < 20_000) {
    const request = random.below(fleet.concurrency);
    const index = running[request]!;
    if (random.next() >= fleet.speeds[index]!) continue;
    columns.workers[request % WORKERS]!.inFlight[index]!--;
    learnLatency(columns.workers[request % WORKERS]!, index, 20, 1);
    send(request);
  }
  return counts.map((count) => count / picks);
}

describe('Every strategy', () => {
  for (const name of STRATEGY_NAMES) {
    test(`honours weights under load and without: ${name}`, () => {
      const weights = [1, 2, 3, 4];
      // With one request at a time the shares are exact; a busy pool settles within 0.03.
      // The fastest has the lowest latency even when all are idle: only a busy pool shares it.
      for (const concurrency of name === 'least-latency' ? [64] : [1, 8, 64]) {
        const got = closedLoop(name, { weights, speeds: [0.5, 0.5, 0.5, 0.5], concurrency });
        for (const [index, weight] of weights.entries()) {
          const share = got[index]!;
          const text = `${name} at ${concurrency}: endpoint ${index} got ${share}`;
          assert.ok(Math.abs(share - weight / 10) < 0.03, text);
        }
      }
    });
  }

  test('has a name that makes it', () => {
    const columns = fixtureColumns(1, 1);
    assert.deepEqual(STRATEGY_NAMES, [
      ...['simple-shuffle', 'least-connections', 'least-waiting', 'least-latency', 'prefix-aware'],
    ]);
    for (const name of STRATEGY_NAMES) {
      assert.equal(strategyOf(name, columns, 1).name, name);
    }
    assert.throws(() => strategyOf('fastest', columns, 1), RangeError);
  });
});

describe('Strategies by load', () => {
  const speeds = [0.05, ...new Array(9).fill(0.5)];
  const fleet: Fleet = { weights: new Array(10).fill(1), speeds, concurrency: 100 };

  test('shift away from an endpoint that is ten times slower; the shuffle does not', () => {
    // Fair would be 0.1; the slow one can serve about 0.011 of the total.
    assert.ok(closedLoop('least-connections', fleet)[0]! < 0.03);
    assert.ok(closedLoop('least-waiting', fleet)[0]! < 0.03);
    assert.ok(closedLoop('simple-shuffle', fleet)[0]! > 0.08);
  });
});

describe('The load of least-waiting', () => {
  test('is what waits in the engine and what all workers have in flight there', () => {
    const columns = fixtureColumns(2, 2);
    const load = new EngineWaiting(columns, STALE_AFTER_MS);
    columns.workers[0]!.inFlight[1] = 2;
    columns.workers[1]!.inFlight[1] = 3;
    columns.control.waiting[1] = 40;
    columns.control.reportAtMs[1] = 1_000;
    load.nowMs = 1_000 + STALE_AFTER_MS;
    assert.equal(load.of(1), 45);
    assert.equal(load.of(0), 0);
  });

  test('is in-flight alone when the report is stale, was never made or lacks the number', () => {
    const columns = fixtureColumns(1, 1);
    const load = new EngineWaiting(columns, STALE_AFTER_MS);
    columns.workers[0]!.inFlight[0] = 2;
    columns.control.waiting[0] = 40;
    load.nowMs = 2_000;
    assert.equal(load.of(0), 2, 'never made');
    columns.control.reportAtMs[0] = 2_000;
    load.nowMs = 2_001 + STALE_AFTER_MS;
    assert.equal(load.of(0), 2, 'stale');
    load.nowMs = 2_000;
    columns.control.waiting[0] = -1;
    assert.equal(load.of(0), 2, 'unknown');
  });

  test('sends traffic to the engine that reports the shorter queue', () => {
    const columns = fixtureColumns(2, 1);
    columns.control.reportAtMs.fill(1_000);
    columns.control.waiting[0] = 9;
    columns.control.waiting[1] = 2;
    const strategy = strategyOf('least-waiting', columns, STALE_AFTER_MS);
    const random = new Xorshift(2);
    for (let pick = 0; pick < 50; pick++) {
      assert.equal(strategy.pick(poolOf([1, 1]), ALL, random, askAt(1_500)), 1);
    }
  });
});
