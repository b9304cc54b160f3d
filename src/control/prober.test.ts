import assert from 'node:assert/strict';
import { test } from 'node:test';
import { own } from '../../test/fakes/plane.ts';
import { FakeClock } from '../core/clock.ts';
import { PROBE_DOWN, PROBE_UNKNOWN, PROBE_UP } from '../core/columns.ts';
import type { EndpointSpec } from '../core/endpoint.ts';
import { controlColumns, endpointAt, FakeFetch } from './fleet.fake.ts';
import type { ProbeChange } from './prober.ts';
import { Prober } from './prober.ts';

function setUp(specs: readonly EndpointSpec[], maxConcurrency = 20) {
  const bench = {
    specs,
    clock: new FakeClock(1000),
    fetch: new FakeFetch(),
    columns: controlColumns(64),
    changes: [] as ProbeChange[],
    notices: [] as string[],
    /** Ticks once a second for `seconds`. */
    run(seconds: number): void {
      for (let at = 0; at < seconds; at++) {
        bench.clock.advance(1000);
        prober.tick();
      }
    },
  };
  const prober = new Prober({
    targets: () => bench.specs,
    columns: bench.columns,
    clock: bench.clock,
    random: { next: () => 0.5, below: () => 0 },
    fetchText: bench.fetch.fetch,
    rules: () => ({
      intervalMs: 30_000,
      timeoutMs: 10_000,
      failureThreshold: 3,
      recoveryThreshold: 1,
      maxConcurrency,
    }),
    onChange: (change) => bench.changes.push(change),
    onNotice: (spec, notice) => bench.notices.push(`${spec.id}: ${notice}`),
  });
  return { ...bench, bench, prober };
}

test('asks a new endpoint for its models at once, with its key', async () => {
  const { prober, fetch, columns, changes } = setUp([endpointAt(3, { apiKey: 'k' })]);
  prober.tick();
  assert.equal(columns.probeState[3], PROBE_UNKNOWN);
  assert.deepEqual(fetch.urls, ['http://10.0.0.3:8000/v1/models']);
  assert.deepEqual(fetch.open[0]?.headers, { authorization: 'Bearer k' });
  await fetch.reply(200, '{"data":[{"id":"m"}]}');
  assert.equal(columns.probeState[3], PROBE_UP);
  assert.deepEqual(
    changes.map(({ spec, from, to, reason, atMs }) => [spec.slot, from, to, reason, atMs]),
    [[3, PROBE_UNKNOWN, PROBE_UP, '', 1000]],
  );
});

test('probes again after the interval, not before', async () => {
  const { prober, fetch, run } = setUp([endpointAt(0)]);
  prober.tick();
  await fetch.reply(200, '');
  run(29);
  assert.equal(fetch.open.length, 0);
  run(1);
  assert.equal(fetch.open.length, 1);
});

test('takes an endpoint down after three failures in a row and up after one success', async () => {
  const { prober, fetch, columns, changes, run } = setUp([endpointAt(0)]);
  prober.tick();
  await fetch.reply(200, '');
  for (let failure = 1; failure <= 3; failure++) {
    assert.equal(columns.probeState[0], PROBE_UP);
    run(30);
    await fetch.fail('ECONNREFUSED');
    assert.equal(prober.recordOf(0)?.reason, 'connection refused');
  }
  assert.equal(columns.probeState[0], PROBE_DOWN);
  assert.equal(prober.recordOf(0)?.sinceMs, 91_000);
  run(30);
  await fetch.reply(200, '');
  assert.equal(columns.probeState[0], PROBE_UP);
  assert.equal(prober.recordOf(0)?.reason, '');
  assert.deepEqual(
    changes.map(({ to, reason }) => [to, reason]),
    [
      [PROBE_UP, ''],
      [PROBE_DOWN, 'connection refused'],
      [PROBE_UP, ''],
    ],
  );
});

test('takes no silence for an answer that fell into a pause of this process', async () => {
  const { prober, fetch, columns, clock, run } = setUp([endpointAt(0)]);
  prober.tick();
  await fetch.reply(200, '');
  for (let pause = 0; pause < 3; pause++) {
    run(30);
    clock.advance(2000);
    await fetch.fail('timeout');
    assert.equal(prober.recordOf(0)?.reason, '');
  }
  assert.equal(columns.probeState[0], PROBE_UP);
  run(1);
  assert.equal(fetch.open.length, 1, 'and asks again at once');
});

test('blames no endpoint for its own want of sockets', async () => {
  const { prober, fetch, columns, changes, run } = setUp([endpointAt(0)]);
  prober.tick();
  await fetch.reply(200, '');
  for (const code of ['EMFILE', 'ENFILE', 'ENOBUFS', 'EADDRNOTAVAIL']) {
    run(30);
    await fetch.fail(code);
  }
  assert.equal(columns.probeState[0], PROBE_UP);
  assert.equal(prober.recordOf(0)?.reason, '');
  assert.equal(changes.length, 1);
  run(29);
  assert.equal(fetch.open.length, 0, 'and asks again only after the interval');
});

test('asks an endpoint that does not come up every 5 s', async () => {
  const { prober, fetch, columns, run } = setUp([endpointAt(0)]);
  prober.tick();
  await fetch.fail('ECONNREFUSED');
  assert.equal(columns.probeState[0], PROBE_UNKNOWN);
  run(5);
  await fetch.fail('ECONNREFUSED');
  run(5);
  await fetch.reply(200, '');
  assert.equal(columns.probeState[0], PROBE_UP);
});

test('keeps to its concurrency, one probe an endpoint', () => {
  const specs = Array.from({ length: 9 }, (_, slot) => endpointAt(slot));
  const { prober, fetch, run } = setUp(specs, 4);
  prober.tick();
  run(3);
  assert.equal(fetch.open.length, 4);
  assert.equal(new Set(fetch.urls).size, 4);
});

test('a probe that ends starts the next without waiting for a tick', async () => {
  const specs = Array.from({ length: 9 }, (_, slot) => endpointAt(slot));
  const { prober, fetch, columns } = setUp(specs, 4);
  prober.tick();
  for (let slot = 0; slot < 9; slot++) await fetch.reply(200, '', `10.0.0.${slot}:`);
  assert.deepEqual([...columns.probeState.subarray(0, 10)], [1, 1, 1, 1, 1, 1, 1, 1, 1, 0]);
});

test('the longest overdue endpoint comes first', async () => {
  const rest = [endpointAt(1), endpointAt(2)];
  const { bench, prober, fetch, run } = setUp([endpointAt(0), ...rest], 1);
  prober.tick();
  for (const slot of [0, 1, 2]) await fetch.reply(200, '', `10.0.0.${slot}:`);
  run(20);
  bench.specs = [endpointAt(0, { apiKey: 'new' }), ...rest];
  run(1);
  await fetch.reply(200, '', '10.0.0.0:');
  // The second is asked and silent while the third, then the first, become due.
  run(40);
  await fetch.reply(200, '', '10.0.0.1:');
  assert.equal(fetch.open[0]?.url, 'http://10.0.0.2:8000/v1/models');
});

test('dead endpoints take at most half of the probes', async () => {
  const specs = Array.from({ length: 12 }, (_, slot) => endpointAt(slot));
  const { prober, fetch, run } = setUp(specs, 4);
  for (let slot = 0; slot < 12; slot++) {
    prober.tick();
    if (slot < 10) await fetch.fail('timeout', `10.0.0.${slot}:`);
    else await fetch.reply(200, '', `10.0.0.${slot}:`);
  }
  run(30);
  const open = fetch.open.map(({ url }) => url);
  assert.equal(open.length, 4);
  assert.equal(open.filter((url) => /10\.0\.0\.1[01]:/.test(url)).length, 2);
});

test('does not count what happened while the process stood still', async () => {
  const { prober, fetch, columns, clock, run } = setUp([endpointAt(0)]);
  prober.tick();
  await fetch.reply(200, '');
  for (let round = 0; round < 5; round++) {
    run(30);
    clock.advance(60_000);
    // Half of the time the probe's own timer fires before the first tick.
    if (round % 2 === 0) prober.tick();
    await fetch.fail('timeout');
  }
  assert.equal(columns.probeState[0], PROBE_UP);
  assert.equal(prober.recordOf(0)?.reason, '');
  prober.tick();
  assert.equal(fetch.open.length, 1);
});

test('ignores the answer for an endpoint that left, and clears its slot', async () => {
  const { bench, prober, fetch, columns, changes, run } = setUp([endpointAt(0), endpointAt(1)]);
  prober.tick();
  bench.specs = [endpointAt(1)];
  run(1);
  await fetch.reply(200, '', '10.0.0.0:');
  assert.equal(columns.probeState[0], PROBE_UNKNOWN);
  assert.equal(changes.length, 0);
  await fetch.reply(200, '', '10.0.0.1:');
  assert.equal(columns.probeState[1], PROBE_UP);
  prober.forget(1);
  assert.equal(columns.probeState[1], PROBE_UNKNOWN);
});

test('keeps the state of an endpoint over a reload, but not in a reused slot', async () => {
  const { bench, prober, fetch, columns, run } = setUp([endpointAt(0)]);
  prober.tick();
  await fetch.reply(200, '');
  bench.specs = [endpointAt(0, { weight: 2 })];
  run(1);
  assert.equal(columns.probeState[0], PROBE_UP);
  assert.equal(fetch.open.length, 0);
  bench.specs = [endpointAt(0, { apiBase: 'http://other:1/v1' })];
  run(1);
  assert.equal(columns.probeState[0], PROBE_UNKNOWN);
  assert.deepEqual(
    fetch.open.map(({ url }) => url),
    ['http://other:1/v1/models'],
  );
});

test('asks again at once when the key changed', async () => {
  const { bench, prober, fetch, columns, run } = setUp([endpointAt(0, { apiKey: 'old' })]);
  prober.tick();
  await fetch.reply(401, '');
  assert.match(prober.recordOf(0)?.reason ?? '', /wrong key/);
  bench.specs = [endpointAt(0, { apiKey: 'new' })];
  run(1);
  assert.deepEqual(fetch.open[0]?.headers, { authorization: 'Bearer new' });
  await fetch.reply(200, '');
  assert.equal(columns.probeState[0], PROBE_UP);
});

test('shows the fields that requests show, and asks again when they changed', async () => {
  const withKey = (key: string) =>
    endpointAt(0, { apiKey: 'k', own: own({ headers: [['X-Key', key]] }) });
  const { bench, prober, fetch, columns, run } = setUp([withKey('old')]);
  prober.tick();
  assert.deepEqual(fetch.open[0]?.headers, { authorization: 'Bearer k', 'x-key': 'old' });
  await fetch.reply(401, '');
  bench.specs = [withKey('new')];
  run(1);
  assert.equal(fetch.open[0]?.headers['x-key'], 'new');
  await fetch.reply(200, '');
  assert.equal(columns.probeState[0], PROBE_UP);
});

test('an answer to the old key does not count', async () => {
  const { bench, prober, fetch, columns, run } = setUp([endpointAt(0, { apiKey: 'old' })]);
  prober.tick();
  bench.specs = [endpointAt(0, { apiKey: 'new' })];
  run(1);
  await fetch.reply(200, '');
  assert.equal(columns.probeState[0], PROBE_UNKNOWN);
  run(1);
  assert.deepEqual(fetch.open[0]?.headers, { authorization: 'Bearer new' });
});

test('tells once that a model list is missing or lacks the model', async () => {
  const { prober, fetch, columns, notices, run } = setUp([endpointAt(0)]);
  prober.tick();
  for (const text of ['{"data":[{"id":"x"}]}', '{"data":[{"id":"x"}]}', '{"data":[{"id":"m"}]}']) {
    await fetch.reply(200, text);
    run(31);
  }
  await fetch.reply(404, '');
  assert.equal(columns.probeState[0], PROBE_UP);
  assert.deepEqual(notices, [
    'm@http://10.0.0.0:8000/v1: does not list the model "m"',
    'm@http://10.0.0.0:8000/v1: has no model list: answered 404',
  ]);
});

test('a pattern is listed when anything is that it stands for', async () => {
  const specs = ['*', 'a/*'].map((name, slot) => endpointAt(slot, { upstreamModel: name }));
  const { prober, fetch, notices } = setUp(specs);
  prober.tick();
  await fetch.reply(200, '{"data":[{"id":"x"}]}');
  await fetch.reply(200, '{"data":[{"id":"x"}]}');
  assert.deepEqual(notices, ['m@http://10.0.0.1:8000/v1: does not list the model "a/*"']);
});
