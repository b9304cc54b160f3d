/** What operators ask of the prober: results, probes by request, maintenance. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../core/clock.ts';
import {
  OPERATOR_ENABLED,
  OPERATOR_MAINTENANCE,
  PROBE_DOWN,
  PROBE_UNKNOWN,
  PROBE_UP,
} from '../core/columns.ts';
import { controlColumns, endpointAt, FakeFetch } from './fleet.fake.ts';
import { type ProbeChange, Prober } from './prober.ts';

const RULES = {
  ...{ intervalMs: 30_000, timeoutMs: 10_000, maxConcurrency: 20 },
  ...{ failureThreshold: 1, recoveryThreshold: 2 },
};

function setUp() {
  const clock = new FakeClock(1000);
  const fetch = new FakeFetch();
  const columns = controlColumns(4);
  const changes: ProbeChange[] = [];
  const targets = [endpointAt(0)];
  const prober = new Prober({
    ...{ targets: () => targets, columns, clock, fetchText: fetch.fetch, rules: () => RULES },
    random: { next: () => 0.5, below: () => 0 },
    onChange: (change) => changes.push(change),
    onNotice: () => {},
  });
  /** Ticks once a second for `seconds`. */
  const run = (seconds: number): void => {
    for (let at = 0; at < seconds; at++) {
      clock.advance(1000);
      prober.tick();
    }
  };
  prober.tick();
  return { clock, fetch, columns, changes, prober, run };
}

test('keeps the last ten results with their times', async () => {
  const { clock, fetch, prober, run } = setUp();
  clock.advance(70);
  await fetch.reply(503, '');
  assert.deepEqual(prober.resultsOf(0), [
    ...[{ up: false, code: 'status_503', reason: 'answered 503', notice: '', engine: '' }].map(
      (finding) => ({ ...finding, atMs: 1070, tookMs: 70 }),
    ),
  ]);
  for (let probe = 0; probe < 12; probe++) {
    run(40);
    await fetch.reply(200, '');
  }
  assert.equal(prober.resultsOf(0).length, 10);
  assert.ok(prober.resultsOf(0).every(({ up }) => up));
  assert.deepEqual(prober.resultsOf(1), []);
});

test('an endpoint that was down needs as many good probes as the threshold says', async () => {
  const { fetch, columns, run } = setUp();
  await fetch.reply(200, '');
  assert.equal(columns.probeState[0], PROBE_UP, 'the first time one is enough');
  run(40);
  await fetch.fail('timeout');
  assert.equal(columns.probeState[0], PROBE_DOWN);
  run(40);
  await fetch.reply(200, '');
  assert.equal(columns.probeState[0], PROBE_DOWN);
  run(5);
  await fetch.reply(200, '');
  assert.equal(columns.probeState[0], PROBE_UP);
});

test('probes at once when asked, and shares the probe that is under way', async () => {
  const { fetch, prober, columns } = setUp();
  const shared = prober.check(0);
  assert.equal(fetch.urls.length, 1);
  await fetch.reply(200, '');
  assert.equal((await shared)?.up, true);
  const asked = prober.check(0);
  assert.equal(fetch.urls.length, 2);
  await fetch.fail('ECONNREFUSED');
  assert.equal((await asked)?.code, 'connection_refused');
  assert.equal(columns.probeState[0], PROBE_DOWN, 'it counts like any other');
  assert.equal(await prober.check(3), undefined, 'nobody watches that slot');
});

test('a check that found no socket here says nothing about the endpoint', async () => {
  const { fetch, prober } = setUp();
  const asked = prober.check(0);
  await fetch.fail('EMFILE');
  assert.equal(await asked, undefined);
});

test('leaves an endpoint in maintenance alone, and can start anew with it', async () => {
  const { fetch, columns, changes, prober, run } = setUp();
  await fetch.reply(200, '');
  columns.operatorState[0] = OPERATOR_MAINTENANCE;
  run(120);
  assert.equal(fetch.urls.length, 1);
  assert.equal(columns.probeState[0], PROBE_UP);
  prober.restart(0);
  assert.equal(columns.probeState[0], PROBE_UNKNOWN, 'no traffic before a good probe');
  columns.operatorState[0] = OPERATOR_ENABLED;
  run(1);
  assert.equal(fetch.urls.length, 2, 'which is sent at once');
  await fetch.reply(200, '');
  assert.equal(columns.probeState[0], PROBE_UP);
  assert.deepEqual(
    changes.map(({ to }) => to),
    [PROBE_UP, PROBE_UP],
  );
});

test('tells the result of a check in maintenance to who asked and nobody else', async () => {
  const { fetch, columns, changes, prober } = setUp();
  await fetch.reply(200, '');
  columns.operatorState[0] = OPERATOR_MAINTENANCE;
  const asked = prober.check(0);
  await fetch.fail('ECONNREFUSED');
  assert.equal((await asked)?.reason, 'connection refused');
  assert.equal(columns.probeState[0], PROBE_UP);
  assert.equal(changes.length, 1);
  assert.equal(prober.resultsOf(0).length, 2);
});

test('knows the engine from the owner of its models', async () => {
  const { fetch, prober, run } = setUp();
  assert.equal(prober.engineOf(0), '');
  await fetch.reply(200, '{"data":[{"id":"m","owned_by":"sglang"}]}');
  assert.equal(prober.engineOf(0), 'sglang');
  run(40);
  await fetch.fail('timeout');
  assert.equal(prober.engineOf(0), 'sglang', 'a failure says nothing else');
  run(40);
  await fetch.reply(200, '{"data":[{"id":"m","owned_by":"organization-x"}]}');
  assert.equal(prober.engineOf(0), '');
});
