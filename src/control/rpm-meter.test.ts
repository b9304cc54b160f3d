import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFleetState } from '../state/layout.ts';
import { RpmMeter } from './rpm-meter.ts';

function setUp() {
  const { columns } = createFleetState(4, 2);
  const meter = new RpmMeter(columns);
  return {
    columns,
    meter,
    add(slot: number, sent: number, ok: number): void {
      columns.workers[0]!.sent[slot]! += sent;
      columns.workers[1]!.ok[slot]! += ok;
    },
    /** That many seconds with these slots in the table. */
    pass(seconds: number, slots: readonly number[] = [0]): void {
      for (let at = 0; at < seconds; at++) meter.sample(slots);
    },
  };
}

test('counts what was sent and what ended well, over all workers and at once', () => {
  const { columns, meter, add, pass } = setUp();
  pass(5);
  add(0, 3, 2);
  columns.workers[1]!.sent[0] = 1;
  assert.deepEqual([meter.sendRpm(0), meter.completionRpm(0)], [4, 2]);
});

test('forgets a request after exactly 60 samples', () => {
  const { meter, add, pass } = setUp();
  pass(100);
  add(0, 1, 1);
  pass(60);
  assert.deepEqual([meter.sendRpm(0), meter.completionRpm(0)], [1, 1]);
  pass(1);
  assert.deepEqual([meter.sendRpm(0), meter.completionRpm(0)], [0, 0]);
});

test('a steady rate shows as itself', () => {
  const { meter, add, pass } = setUp();
  for (let second = 0; second < 200; second++) {
    add(0, 2, 1);
    pass(1);
  }
  assert.deepEqual([meter.sendRpm(0), meter.completionRpm(0)], [120, 60]);
});

test('counts what a new endpoint got before its first sample', () => {
  const { meter, add, pass } = setUp();
  pass(10, [1]);
  add(0, 5, 4);
  assert.equal(meter.sendRpm(0), 5);
  pass(1, [0, 1]);
  assert.deepEqual([meter.sendRpm(0), meter.completionRpm(0)], [5, 4]);
});

test('stays exact for one that left the table and returned', () => {
  const { meter, add, pass } = setUp();
  pass(70);
  add(0, 50, 50);
  pass(70, []);
  add(0, 2, 1);
  for (let second = 0; second < 60; second++) {
    pass(1);
    assert.deepEqual([meter.sendRpm(0), meter.completionRpm(0)], [2, 1], `second ${second}`);
  }
});

test('a slot that was given away starts from nothing', () => {
  const { columns, meter, add, pass } = setUp();
  add(0, 9, 9);
  pass(30);
  meter.forget(0);
  for (const worker of columns.workers) worker.sent[0] = worker.ok[0] = 0;
  assert.deepEqual([meter.sendRpm(0), meter.completionRpm(0)], [0, 0]);
  pass(1);
  assert.deepEqual([meter.sendRpm(0), meter.completionRpm(0)], [0, 0]);
});
