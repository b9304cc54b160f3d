import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { deltaOf } from './live.ts';
import { applyDelta, type EndpointRow, type StatusSnapshot } from './status.ts';
import { endpointRowOf, statusOf } from './status-fixture.ts';

const row = fc.record({
  connections: fc.nat(3),
  state: fc.constantFrom('healthy', 'down', 'ejected'),
  reason: fc.constantFrom('', 'connection refused'),
  kv_usage: fc.constantFrom(null, 0, 0.5),
});

function snapshot(seq: number, rows: readonly Partial<EndpointRow>[]): StatusSnapshot {
  const endpoints = rows.map((fields, index) =>
    endpointRowOf({ ...fields, api_base: `http://10.0.0.${index}:8000/v1` }),
  );
  return statusOf({ seq, endpoints });
}

test('a delta laid over the snapshot before gives the snapshot after', () => {
  const pairs = fc.integer({ min: 0, max: 5 }).chain((count) => {
    const rows = fc.array(row, { minLength: count, maxLength: count });
    return fc.tuple(rows, rows);
  });
  fc.assert(
    fc.property(pairs, ([first, second]) => {
      const before = snapshot(7, first as Partial<EndpointRow>[]);
      const after = snapshot(8, second as Partial<EndpointRow>[]);
      const delta = deltaOf(before, after)!;
      assert.deepEqual(applyDelta(before, JSON.parse(JSON.stringify(delta))), after);
    }),
    { seed: 5, numRuns: 200 },
  );
});

test('a delta holds only what differs, and rows without a change stay the same objects', () => {
  const before = snapshot(1, [{}, {}]);
  const after = snapshot(2, [{}, { connections: 3 }]);
  const delta = deltaOf(before, after)!;
  assert.deepEqual(delta, {
    seq: 2,
    now_at_ms: after.now_at_ms,
    endpoints: { 1: { connections: 3 } },
  });
  assert.equal(applyDelta(before, delta)!.endpoints[0], before.endpoints[0]);
});

test('rows that come, go or change places make no delta', () => {
  const one = snapshot(1, [{}]);
  const two = snapshot(2, [{}, {}]);
  assert.equal(deltaOf(one, two), undefined);
  const turned = { ...two, endpoints: [two.endpoints[1]!, two.endpoints[0]!] };
  assert.equal(deltaOf(two, turned), undefined);
});

test('a delta that does not follow the snapshot is refused', () => {
  const before = snapshot(1, [{}]);
  assert.equal(applyDelta(before, { seq: 3, now_at_ms: 0 }), undefined);
});
