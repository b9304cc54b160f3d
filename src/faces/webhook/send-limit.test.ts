import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SendLimit } from './send-limit.ts';

test('lets five go at once, then one every four seconds', () => {
  const limit = new SendLimit(0);
  for (let message = 0; message < 5; message++) assert.equal(limit.take(0), 0);
  assert.equal(limit.take(0), 4000);
  assert.equal(limit.take(3999), 1);
  assert.equal(limit.take(4000), 0);
  assert.equal(limit.take(4000), 4000);
  assert.equal(limit.take(100_000), 0);
});

test('never lets more than 20 go in any minute (200 runs, seed 7)', () => {
  const gaps = fc.array(fc.integer({ min: 0, max: 9000 }), { minLength: 50, maxLength: 200 });
  fc.assert(
    fc.property(gaps, (waits) => {
      const limit = new SendLimit(0);
      const sent: number[] = [];
      let nowMs = 0;
      for (const wait of waits) {
        nowMs += wait;
        // As eager as can be.
        for (let waitMs = limit.take(nowMs); waitMs === 0; waitMs = limit.take(nowMs)) {
          sent.push(nowMs);
        }
      }
      for (const from of sent) {
        const inMinute = sent.filter((at) => at >= from && at < from + 60_000).length;
        assert.ok(inMinute <= 20, `${inMinute} from ${from}`);
      }
    }),
    { seed: 7, numRuns: 200 },
  );
});
