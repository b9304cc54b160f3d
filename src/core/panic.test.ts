import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import fc from 'fast-check';
import { OPERATOR_DRAINING, OPERATOR_MAINTENANCE, PROBE_DOWN, PROBE_UNKNOWN } from './columns.ts';
import { fixtureColumns } from './columns-fixture.ts';
import { PanicWatch } from './panic.ts';
import { poolOf } from './pickers/pool-fixture.ts';

const NOW_MS = 10_000;

describe('The panic threshold', () => {
  test('compares the available with those that could serve', () => {
    const what = fc.constantFrom('well', 'busy', 'down', 'ejected', 'drained', 'mended', 'new');
    const property = fc.property(
      fc.array(what, { maxLength: 12 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (members, threshold) => {
        const columns = fixtureColumns(12, 1);
        const { control, workers } = columns;
        members.forEach((member, slot) => {
          if (member === 'busy') workers[0]!.busyUntilMs[slot] = NOW_MS + 1;
          if (member === 'down') control.probeState[slot] = PROBE_DOWN;
          if (member === 'ejected') workers[0]!.ejectedUntilMs[slot] = NOW_MS + 1;
          if (member === 'drained') control.operatorState[slot] = OPERATOR_DRAINING;
          if (member === 'mended') control.operatorState[slot] = OPERATOR_MAINTENANCE;
          if (member === 'new') control.probeState[slot] = PROBE_UNKNOWN;
        });
        const count = (...kinds: string[]) => members.filter((one) => kinds.includes(one)).length;
        const available = count('well', 'busy');
        const able = available + count('down', 'ejected');
        const watch = new PanicWatch(columns);
        const panics = watch.panics(poolOf(members.map(() => 1)), threshold, NOW_MS);
        assert.equal(panics, threshold > 0 && able > 0 && available / able < threshold);
      },
    );
    fc.assert(property, { seed: 20_261_122, numRuns: 500 });
  });

  test('looks again after a tenth of a second, not before, at each pool for itself', () => {
    const columns = fixtureColumns(2, 1);
    const watch = new PanicWatch(columns);
    const [pool, other] = [poolOf([1, 1]), poolOf([1, 1])];
    assert.equal(watch.panics(pool, 0.5, NOW_MS), false);
    columns.control.probeState.fill(PROBE_DOWN);
    assert.equal(watch.panics(pool, 0.5, NOW_MS + 99), false);
    assert.equal(watch.panics(other, 0.5, NOW_MS + 99), true);
    assert.equal(watch.panics(pool, 0.5, NOW_MS + 100), true);
  });
});
