import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freeTime, holdTime, monotonicClock, timePassed } from './monotonic.ts';

/** Returns when another reading of the system's clock is later. */
function untilLater(): void {
  const before = process.hrtime.bigint();
  while (process.hrtime.bigint() - before < 1000n);
}

test('goes on while nobody holds the time', () => {
  const first = monotonicClock.nowMs();
  untilLater();
  assert.ok(monotonicClock.nowMs() > first);
});

test('stands still while held, and goes on when time has passed', () => {
  holdTime();
  const first = monotonicClock.nowMs();
  untilLater();
  assert.equal(monotonicClock.nowMs(), first);
  timePassed();
  const second = monotonicClock.nowMs();
  assert.ok(second > first);
  untilLater();
  assert.equal(monotonicClock.nowMs(), second);
  freeTime();
  const third = monotonicClock.nowMs();
  assert.ok(third > second);
  untilLater();
  assert.ok(monotonicClock.nowMs() > third);
});

test('reads anew with each arrival', () => {
  holdTime();
  const first = monotonicClock.nowMs();
  untilLater();
  holdTime();
  assert.ok(monotonicClock.nowMs() > first);
  freeTime();
});

test('has the scale of the process', () => {
  const before = Number(process.hrtime.bigint()) / 1e6;
  const ms = monotonicClock.nowMs();
  const after = Number(process.hrtime.bigint()) / 1e6;
  assert.ok(before - 1 <= ms && ms <= after + 1, `${before} ${ms} ${after}`);
});
