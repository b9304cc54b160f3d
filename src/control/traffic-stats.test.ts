import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { endpoint } from '../../test/fakes/plane.ts';
import { FakeClock } from '../core/clock.ts';
import { createFleetState } from '../state/layout.ts';
import {
  ENDED,
  meterRow,
  OVERHEAD,
  slotHistogram,
  TOKENS_OUT,
  TTFT,
  UNPLACED,
  WITH_USAGE,
  workerHistogram,
} from '../state/meters.ts';
import { TrafficLedger } from './metrics/traffic-ledger.ts';
import { TrafficStats } from './traffic-stats.ts';

const WORKERS = 2;

function start() {
  const { meters } = createFleetState(8, WORKERS);
  const clock = new FakeClock(5_000_000);
  const stats = new TrafficStats(new TrafficLedger(meters), clock);
  stats.tick([endpoint(0), endpoint(1), endpoint(2, { modelName: 'n' })]);
  const row = (slot: number, worker = 0) => meterRow(meters[worker]!, slot);
  return {
    meters,
    clock,
    stats,
    row,
    /** Requests with tokens that ended so at an endpoint. */
    ended(slot: number, count: number, ending = 0, worker = 0): void {
      row(slot, worker)[ENDED + ending]! += count;
      row(slot, worker)[TOKENS_OUT]! += 10 * count;
      row(slot, worker)[WITH_USAGE]! += count;
    },
    pass(seconds: number): void {
      for (let second = 0; second < seconds; second++) {
        clock.advance(1000);
        stats.tick([]);
      }
    },
  };
}

describe('traffic figures', () => {
  it('add up over workers, endpoints and models', () => {
    const { stats, ended, pass } = start();
    pass(10);
    ended(0, 30);
    ended(0, 10, 2, 1);
    ended(1, 20);
    ended(2, 40);
    pass(10);
    const { fleet, models, endpoints } = stats.read();
    const of = [fleet, models.get('m')!, models.get('n')!, endpoints.get(0)!, endpoints.get(1)!];
    assert.deepEqual(
      of.map(({ minute }) => minute.requests),
      [100, 60, 40, 40, 20],
    );
    assert.equal(fleet.minute.requestsPerSecond, 5);
    assert.equal(fleet.minute.tokensOutPerSecond, 50);
    assert.equal(fleet.minute.errorRatio, 0.1);
    assert.equal(models.get('n')!.minute.errorRatio, 0);
    assert.deepEqual(fleet.minute, fleet.sinceStart, 'the process is younger than a minute');
  });

  it('say that they do not know rather than 0', () => {
    const { fleet, overhead } = start().stats.read();
    assert.equal(fleet.minute.errorRatio, null);
    assert.equal(fleet.minute.tokensInPerSecond, null);
    assert.equal(fleet.minute.ttft, null);
    assert.equal(overhead.sinceStart, null);
  });

  it('forget what is older than a minute and a quarter, but not since start', () => {
    const { stats, ended, row, pass } = start();
    pass(20);
    ended(0, 7);
    slotHistogram(row(0), TTFT).record(16 * 500);
    pass(50);
    ended(0, 3);
    slotHistogram(row(0), TTFT).record(16 * 100);
    pass(30);
    const { fleet, endpoints } = stats.read();
    assert.equal(fleet.minute.requests, 3);
    assert.equal(fleet.minute.ttft!.count, 1);
    assert.equal(fleet.sinceStart.requests, 10);
    assert.equal(fleet.sinceStart.ttft!.count, 2);
    assert.ok(fleet.minute.seconds >= 60 && fleet.minute.seconds <= 75);
    assert.equal(endpoints.get(0)!.minute.requests, 3);
    pass(80);
    assert.equal(stats.read().fleet.minute.requests, 0);
  });

  it('give quantiles within 13 % of the samples, merged over workers', () => {
    const samples = fc.array(fc.integer({ min: 1, max: 600_000 }), { minLength: 1 });
    fc.assert(
      fc.property(samples, (list) => {
        const { stats, row } = start();
        for (const [at, ms] of list.entries()) {
          slotHistogram(row(at % 2, at % WORKERS), TTFT).record(16 * ms);
        }
        const sorted = list.toSorted((a, b) => a - b);
        const { ttft } = stats.read().models.get('m')!.minute;
        for (const [q, found] of [
          [0.5, ttft!.p50],
          [0.99, ttft!.p99],
        ] as const) {
          const exact = sorted[Math.max(1, Math.ceil(q * list.length)) - 1]!;
          assert.ok(Math.abs(found - exact) <= 0.13 * exact, `p${q * 100}: ${found}, ${exact}`);
        }
      }),
      { seed: 4, numRuns: 100 },
    );
  });

  it('count a request that never got to an endpoint in its model, not at the endpoint', () => {
    const { stats, row } = start();
    row(0)[UNPLACED + 2]! += 4;
    const { models, endpoints } = stats.read();
    assert.equal(models.get('m')!.minute.requests, 4);
    assert.equal(models.get('m')!.minute.errorRatio, 1);
    assert.equal(endpoints.get(0)!.minute.requests, 0);
  });

  it('keep what an endpoint served that was forgotten, and start anew with its slot', () => {
    const { stats, ended, pass, row } = start();
    ended(1, 50);
    pass(20);
    stats.forget(1);
    assert.ok(row(1).every((cell) => cell === 0));
    stats.tick([endpoint(1, { modelName: 'n' })]);
    ended(1, 2);
    const { fleet, models, endpoints } = stats.read();
    assert.equal(endpoints.get(1)!.sinceStart.requests, 2);
    assert.equal(endpoints.get(1)!.minute.requests, 2);
    assert.equal(models.get('m')!.sinceStart.requests, 50);
    assert.equal(models.get('n')!.sinceStart.requests, 2);
    assert.equal(fleet.sinceStart.requests, 52);
  });

  it('tell the overhead of the last minute in milliseconds', () => {
    const { stats, meters, pass } = start();
    for (let count = 0; count < 99; count++) workerHistogram(meters[0]!.own, OVERHEAD).record(200);
    workerHistogram(meters[1]!.own, OVERHEAD).record(9000);
    const { minute } = stats.read().overhead;
    assert.equal(minute!.count, 100);
    assert.ok(Math.abs(minute!.p50 - 0.2) < 0.03 && minute!.p99 < 0.3);
    pass(90);
    assert.equal(stats.read().overhead.minute, null);
    assert.equal(stats.read().overhead.sinceStart!.count, 100);
  });
});
