/** The prober's state machine beside a plain reading of its rules, over random lives. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PROBE_DOWN, PROBE_UNKNOWN, PROBE_UP } from '../core/columns.ts';
import { type Finding, ProbeRecord } from './probe-state.ts';

const UP: Finding = { up: true, code: '', reason: '', notice: '', engine: '' };
const DOWN: Finding = { ...UP, up: false, code: 'timeout', reason: 'no answer' };

/** The state after these probes, said from the end: the last run of equal findings decides. */
function stateAfter(probes: readonly boolean[], failures: number, successes: number): number {
  let state = PROBE_UNKNOWN;
  for (let at = 1; at <= probes.length; at++) {
    const last = probes[at - 1]!;
    let run = 0;
    while (run < at && probes[at - 1 - run] === last) run++;
    if (!last && run >= failures) state = PROBE_DOWN;
    if (last && (state !== PROBE_DOWN || run >= successes)) state = PROBE_UP;
  }
  return state;
}

test('follows the thresholds, and knows since when', () => {
  const property = fc.property(
    fc.array(fc.boolean(), { maxLength: 60, size: 'max' }),
    fc.integer({ min: 1, max: 4 }),
    fc.integer({ min: 1, max: 4 }),
    fc.double({ min: 0, max: 1, noNaN: true }),
    (probes, failureThreshold, recoveryThreshold, chance) => {
      const rules = {
        ...{ intervalMs: 30_000, timeoutMs: 10_000, maxConcurrency: 20 },
        ...{ failureThreshold, recoveryThreshold },
      };
      const record = new ProbeRecord(0);
      let sinceMs = 0;
      let nowMs = 0;
      for (const [index, up] of probes.entries()) {
        nowMs = record.nextAtMs;
        const before = record.state;
        const changed = record.take(up ? UP : DOWN, nowMs, rules);
        record.plan(nowMs, rules, chance);
        const expected = stateAfter(
          probes.slice(0, index + 1),
          failureThreshold,
          recoveryThreshold,
        );
        assert.equal(record.state, expected);
        assert.equal(changed, expected !== before);
        if (changed) sinceMs = nowMs;
        assert.equal(record.sinceMs, sinceMs);
        assert.equal(record.reason === '', up);
        const isComingBack = expected === PROBE_DOWN && up;
        const eager = isComingBack || (!record.everUp && nowMs < 120_000);
        const [least, most] = eager ? [4000, 6000] : [24_000, 36_000];
        const gapMs = Math.round(record.nextAtMs - nowMs);
        assert.ok(gapMs >= least && gapMs <= most, `${gapMs} ms at ${nowMs}`);
      }
    },
  );
  fc.assert(property, { seed: 20_261_122, numRuns: 500 });
});
