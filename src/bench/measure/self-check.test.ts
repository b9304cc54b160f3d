import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunOutcome } from '../crew.ts';
import { Outcomes } from './outcomes.ts';
import { selfCheck } from './self-check.ts';
import { LATE, merged, SENT } from './tally.ts';

function outcome(busy: number, lagMs: number, late: number): RunOutcome {
  const total = merged([]);
  total.counts[SENT] = 1000;
  total.counts[LATE] = late;
  const { details } = new Outcomes(false);
  const end = { kind: 'done', busy, lagMs, errors: [], endpoints: [], details } as const;
  const idle = { ...end, busy: 0.01, lagMs: 0 };
  const load = {
    stages: [{ label: '', durationMs: 0, rate: 0, concurrency: 1 }],
    requests: 0,
    burstiness: 1,
    ramp: 'none',
    rampStartRate: 0,
    rampEndRate: 0,
    byTrace: false,
    seed: 0,
  } as const;
  return { load, elapsedMs: 2000, stages: [total], total, ends: [idle, end], cpuMs: 3000 };
}

test('a run counts when the generator had time to spare', () => {
  const check = selfCheck(outcome(0.5, 3, 2));
  assert.equal(check.valid, true);
  assert.deepEqual(check.reasons, []);
  assert.equal(check.cores, 1.5);
});

test('one busy thread, slow timers or late sends make it invalid, each with its reason', () => {
  for (const [busy, lagMs, late, reason] of [
    [0.97, 3, 0, /busy 97\.0 % of the time: use more -workers/],
    [0.5, 21, 0, /timers .* 21 ms late/],
    [0.5, 3, 11, /1\.1 % of the requests were sent more than 5 ms late/],
  ] as const) {
    const check = selfCheck(outcome(busy, lagMs, late));
    assert.equal(check.valid, false);
    assert.equal(check.reasons.length, 1);
    assert.match(check.reasons[0]!, reason);
  }
});
