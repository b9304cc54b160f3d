import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { test } from 'node:test';
import fc from 'fast-check';
import { deltaOf, Live } from './live.ts';
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

/** As much of a ServerResponse as Live uses; `writableLength` is what nobody has read. */
class FakeResponse {
  readonly events: string[] = [];
  writableLength = 0;
  reads = true;
  destroyed = false;

  writeHead(): void {}
  on(): void {}

  write(bytes: Buffer | string): void {
    this.events.push(/^event: (\w+)/.exec(String(bytes))?.[1] ?? '');
    if (!this.reads) this.writableLength += 100_000;
  }

  destroy(): void {
    this.destroyed = true;
  }
}

function opened(live: Live): FakeResponse {
  const response = new FakeResponse();
  live.open(response as unknown as ServerResponse, snapshot(0, [{}]));
  return response;
}

function publish(live: Live, seq: number): void {
  live.publish(snapshot(seq - 1, [{}]), snapshot(seq, [{ connections: seq }]));
}

test('a viewer gets a snapshot, then deltas', () => {
  const live = new Live(() => 0);
  const viewer = opened(live);
  publish(live, 1);
  publish(live, 2);
  assert.deepEqual(viewer.events, ['', 'snapshot', 'delta', 'delta']);
});

test('a viewer that stops reading is sent no more, and all of it when it reads again', () => {
  const live = new Live(() => 0);
  const viewer = opened(live);
  viewer.reads = false;
  for (let seq = 1; seq <= 20; seq++) publish(live, seq);
  assert.equal(viewer.events.length, 3);
  viewer.reads = true;
  viewer.writableLength = 0;
  publish(live, 21);
  publish(live, 22);
  assert.deepEqual(viewer.events.slice(3), ['snapshot', 'delta']);
});

test('a viewer that has not read for half a minute is dropped, others are not', () => {
  let nowMs = 1;
  const live = new Live(() => nowMs);
  const hung = opened(live);
  const well = opened(live);
  hung.reads = false;
  publish(live, 1);
  publish(live, 2);
  nowMs += 29_000;
  publish(live, 3);
  assert.equal(hung.destroyed, false);
  nowMs += 1000;
  publish(live, 4);
  assert.equal(hung.destroyed, true);
  assert.equal(well.destroyed, false);
  assert.equal(live.viewers, 1);
});
