import assert from 'node:assert/strict';
import { test } from 'node:test';
import { History } from './history.ts';
import { historyJson } from './history-json.ts';
import { endpointRowOf, statusOf } from './status-fixture.ts';

const ID = endpointRowOf().id;

function fed(seconds: number, rpmAt: (second: number) => number | null): History {
  const history = new History();
  for (let second = 1; second <= seconds; second++) {
    const send_rpm = rpmAt(second) as number;
    const endpoints = [endpointRowOf({ send_rpm, kv_usage: second % 2 ? null : 0.5 })];
    history.take(statusOf({ endpoints, now_at_ms: second * 1000 }), 0);
  }
  return history;
}

function values(history: History, range: '2m' | '15m' | '6h' | '7d'): (number | null)[] {
  const { series } = history.series(range, ['send_rpm'], { by: 'endpoint', names: [ID] });
  return [...series[0]!.values[0]!];
}

test('keeps the last 120 seconds one by one, the oldest first', () => {
  const history = fed(130, (second) => second);
  const { times_at_ms } = history.series('2m', ['send_rpm'], { by: 'overview' });
  assert.equal(times_at_ms.length, 120);
  assert.equal(times_at_ms[0], 11_000);
  assert.deepEqual(values(history, '2m').slice(0, 2), [11, 12]);
  assert.equal(values(history, '2m').at(-1), 130);
});

test('a coarser point is the mean of its seconds', () => {
  assert.deepEqual(
    values(
      fed(10, (second) => second),
      '15m',
    ),
    [3, 8],
  );
  assert.deepEqual(
    values(
      fed(7200, () => 4),
      '7d',
    ),
    [4],
  );
});

test('what was before an endpoint came is unknown, and a change keeps what was before it', () => {
  const history = new History();
  for (let second = 1; second <= 130; second++) {
    const row = endpointRowOf({ send_rpm: second < 128 ? 3 : second });
    const endpoints = second < 125 ? [] : [row];
    history.take(statusOf({ endpoints, now_at_ms: second * 1000 }), 0);
  }
  assert.deepEqual(values(history, '2m').slice(-7), [null, 3, 3, 3, 128, 129, 130]);
  assert.equal(values(history, '2m').length, 120);
});

test('what was unknown stays unknown and does not weigh on a mean', () => {
  const history = fed(5, () => null);
  assert.deepEqual(values(history, '2m'), [null, null, null, null, null]);
  const known = fed(5, () => 1).series('15m', ['kv_usage'], { by: 'endpoint' });
  assert.deepEqual(known.series[0]!.values[0], [0.5]);
});

test('an endpoint that left is forgotten after a quarter of an hour', () => {
  const history = fed(1, () => 1);
  for (let second = 2; second <= 900; second++) {
    history.take(statusOf({ endpoints: [], now_at_ms: second * 1000 }), 0);
  }
  assert.equal(history.series('2m', ['send_rpm'], { by: 'endpoint' }).series.length, 1);
  for (let second = 901; second <= 1800; second++) {
    history.take(statusOf({ endpoints: [], now_at_ms: second * 1000 }), 0);
  }
  assert.equal(history.series('2m', ['send_rpm'], { by: 'endpoint' }).series.length, 0);
});

test("has the reference's points for scripts", () => {
  const [point] = historyJson(fed(1, () => 6)) as [Record<string, unknown>];
  assert.deepEqual(Object.keys(point), [
    'time',
    'total_rpm',
    'comp_rpm',
    'running',
    'waiting',
    'healthy',
    'unhealthy',
    'conns',
    'pending',
    'backends',
    'models',
  ]);
  assert.equal(point.time, '1970-01-01T00:00:01.000Z');
  assert.deepEqual(point.backends, {
    [ID]: {
      send_rpm: 6,
      comp_rpm: 0,
      running: 0,
      waiting: 0,
      conns: 0,
      pending: 0,
      healthy: true,
    },
  });
  assert.deepEqual(point.models, {
    m: { send_rpm: 0, comp_rpm: 0, running: 0, waiting: 0, conns: 0, healthy: 1, total: 1 },
  });
});
