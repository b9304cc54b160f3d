import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../core/clock.ts';
import { OPERATOR_ENABLED } from '../core/columns.ts';
import { fixtureColumns } from '../core/columns-fixture.ts';
import { Ejector } from '../core/ejection.ts';
import { recoveredAtMs } from '../core/slow-start.ts';
import { endpointAt, FakeFetch } from './fleet.fake.ts';
import { FleetHealth } from './fleet-health.ts';
import { Prober } from './prober.ts';

const SPEC = endpointAt(0);
const OFFSET_MS = 50_000;

function setUp() {
  const columns = fixtureColumns(2, 1);
  const clock = new FakeClock(1000);
  const fetch = new FakeFetch();
  const random = { next: () => 0.5, below: () => 0 };
  const wall = { offsetMs: OFFSET_MS };
  const prober = new Prober({
    ...{ targets: () => targets, columns: columns.control, clock, random, fetchText: fetch.fetch },
    rules: () => ({
      ...{ intervalMs: 30_000, timeoutMs: 10_000, maxConcurrency: 20 },
      ...{ failureThreshold: 1, recoveryThreshold: 1 },
    }),
    onChange: () => {},
    onNotice: () => {},
  });
  const targets = [SPEC];
  const health = new FleetHealth({
    ...{ columns, clock, prober, slowStartMs: () => 0 },
    wallMs: () => clock.nowMs() + wall.offsetMs,
  });
  const ejector = new Ejector(columns, 0, { failureThreshold: 1 }, random);
  prober.tick();
  return { columns, clock, fetch, wall, health, ejector };
}

test('shows probes as an operator reads them', async () => {
  const { clock, fetch, health } = setUp();
  clock.advance(12.4);
  await fetch.reply(200, '{"data":[{"id":"other"}]}');
  const notice = 'does not list the model "m"';
  assert.deepEqual(health.probesOf(SPEC), [
    { at_ms: 51_012, took_ms: 12, up: true, reason: 'notice', detail: notice },
  ]);
  const asked = health.check(SPEC);
  await fetch.reply(401, '');
  const { reason, detail } = (await asked)!;
  assert.deepEqual([reason, detail], ['wrong_key', 'wrong key: answered 401']);
  assert.equal(health.healthOf(SPEC.slot), 'failing');
});

test('resets an ejection, and notes both changes', async () => {
  const { clock, fetch, health, ejector } = setUp();
  await fetch.reply(200, '');
  health.look([SPEC]);
  ejector.failure(SPEC.slot, clock.nowMs(), false);
  health.note(SPEC);
  assert.equal(health.healthOf(SPEC.slot), 'failing');
  clock.advance(1000);
  health.resetEjection(SPEC);
  assert.equal(health.stateOf(SPEC).state, 'healthy');
  assert.deepEqual(
    health.changesOf(SPEC).map(({ state }) => state),
    ['healthy', 'ejected', 'healthy'],
  );
});

test('one that comes back from maintenance is probed first and starts slowly', async () => {
  const { columns, clock, fetch, health } = setUp();
  await fetch.reply(200, '');
  health.setOperatorState(SPEC, 'draining', 'x');
  health.setOperatorState(SPEC, 'enabled', 'x');
  assert.equal(recoveredAtMs(columns, SPEC.slot), 0);
  health.setOperatorState(SPEC, 'maintenance', 'x');
  clock.advance(5400);
  health.setOperatorState(SPEC, 'enabled', 'x');
  assert.equal(recoveredAtMs(columns, SPEC.slot), 6400);
  assert.deepEqual(
    health.changesOf(SPEC).map(({ state }) => state),
    ['draining', 'healthy', 'maintenance', 'unchecked'],
  );
});

test('the note of an operator goes with the endpoint', async () => {
  const { columns, fetch, health } = setUp();
  await fetch.reply(200, '');
  assert.equal(health.setOperatorState(SPEC, 'draining', 'admin API'), true);
  assert.equal(health.stateOf(SPEC).state, 'draining');
  health.forget(SPEC.slot);
  columns.control.operatorState[SPEC.slot] = OPERATOR_ENABLED;
  const operator = health.stateOf(SPEC).voices.find(({ voice }) => voice === 'operator');
  assert.equal(operator?.reason, 'default');
});

test('times stand still while the clocks breathe, and follow when the clock is set', () => {
  const { wall, health } = setUp();
  const since = () => health.stateOf(SPEC).since_at_ms;
  wall.offsetMs += 400;
  health.look([SPEC]);
  assert.equal(since(), 51_000);
  wall.offsetMs += 86_400_000;
  health.look([SPEC]);
  assert.equal(since(), 51_400 + 86_400_000);
});
