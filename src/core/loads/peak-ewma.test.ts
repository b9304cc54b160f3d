import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixtureColumns } from '../columns-fixture.ts';
import { learnLatency, PeakEwma } from './peak-ewma.ts';

test('a slower answer counts at once, faster ones little by little', () => {
  const columns = fixtureColumns(1, 1);
  const own = columns.workers[0]!;
  const load = new PeakEwma(columns.workers);
  learnLatency(own, 0, 100, 1_000);
  learnLatency(own, 0, 500, 1_100);
  load.nowMs = 1_100;
  assert.equal(load.of(0), 500);
  learnLatency(own, 0, 100, 2_100);
  load.nowMs = 2_100;
  assert.ok(load.of(0) > 400 && load.of(0) < 500, `${load.of(0)}`);
  load.nowMs = 30_000;
  assert.ok(load.of(0) < 50, 'and with time all of it is forgotten');
});

test('counts what is in flight, over all workers', () => {
  const columns = fixtureColumns(1, 2);
  const load = new PeakEwma(columns.workers);
  learnLatency(columns.workers[1]!, 0, 100, 1_000);
  load.nowMs = 1_000;
  columns.workers[0]!.inFlight[0] = 2;
  columns.workers[1]!.inFlight[0] = 1;
  assert.equal(load.of(0), 400);
});

test('tries one that never answered, but with a single request', () => {
  const columns = fixtureColumns(2, 1);
  const own = columns.workers[0]!;
  const load = new PeakEwma(columns.workers);
  learnLatency(own, 0, 100_000, 1_000);
  load.nowMs = 1_000;
  own.inFlight[0] = 30;
  assert.equal(load.of(1), 0);
  own.inFlight[1] = 1;
  assert.ok(load.of(1) > load.of(0));
});
