import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { FleetStatus, Health } from '../../control/status.ts';
import type { Alert } from './alert.ts';
import { type AlertRules, AlertState } from './alert-state.ts';
import { fleetOf } from './fleet-fixture.ts';

const RULES: AlertRules = {
  cooldownMs: 300_000,
  batchIntervalMs: 60_000,
  reportIntervalActiveMs: 0,
  reportIntervalIdleMs: 0,
};

/** Alerts as `kind: id …` lines. */
function brief(alerts: readonly Alert[]): string[] {
  return alerts.map((alert) => {
    const ids = alert.kind === 'test' ? [] : alert.troubles.map(({ id }) => id);
    return [`${alert.kind}:`, ...ids].join(' ');
  });
}

/** A state whose startup report is out, at second 0; `at` moves to a second and looks. */
function started(rules: Partial<AlertRules> = {}, healths: Record<string, Health> = {}) {
  const state = new AlertState({ ...RULES, ...rules }, 0);
  state.look(fleetOf({ a: 'well', b: 'well', ...healths }), 0, true);
  const at = (second: number, now: Record<string, Health>, ready = true) =>
    brief(state.look(fleetOf({ a: 'well', b: 'well', ...now }), second * 1000, ready));
  return { state, at };
}

test('reports the start when every endpoint was probed, and names those that fail', () => {
  const state = new AlertState(RULES, 0);
  assert.deepEqual(state.look(fleetOf({ a: 'well', b: 'unknown' }), 1000, true), []);
  const alerts = state.look(fleetOf({ a: 'well', b: 'failing' }), 2000, true);
  assert.deepEqual(brief(alerts), ['startup: b']);
});

test('reports the start after half a minute although an endpoint was not probed yet', () => {
  const state = new AlertState(RULES, 0);
  assert.deepEqual(state.look(fleetOf({ a: 'unknown' }), 29_999, true), []);
  assert.deepEqual(brief(state.look(fleetOf({ a: 'unknown' }), 30_000, true)), ['startup:']);
});

test('does not tell again what the report of the start named, but its recovery', () => {
  const { at } = started({}, { b: 'failing' });
  assert.deepEqual(at(100, { b: 'failing' }), []);
  assert.deepEqual(at(400, { b: 'failing' }), []);
  assert.deepEqual(at(401, {}), ['recovery: b']);
});

test('collects failures for the batch interval into one alert, each with its cause', () => {
  const { state, at } = started();
  const failure = { modelName: 'm', voice: 'probe', cause: 'connection refused' } as const;
  state.failed({ id: 'a', ...failure }, 10_000);
  assert.deepEqual(at(10, { a: 'failing' }), []);
  assert.deepEqual(at(50, { a: 'failing', b: 'failing' }), []);
  const alerts = state.look(fleetOf({ a: 'failing', b: 'failing' }), 70_000, true);
  assert.deepEqual(brief(alerts), ['failure: a b']);
  const [alert] = alerts;
  assert.ok(alert !== undefined && alert.kind !== 'test');
  assert.deepEqual(
    alert.troubles.map(({ cause, forMs }) => [cause, forMs]),
    [
      ['connection refused', 60_000],
      ['', 20_000],
    ],
  );
  assert.deepEqual(at(71, { a: 'failing', b: 'failing' }), []);
});

test('tells a recovery at once, and one of many endpoints in one message', () => {
  const { at } = started({ batchIntervalMs: 0 });
  assert.deepEqual(at(1, { a: 'failing', b: 'failing' }), ['failure: a b']);
  assert.deepEqual(at(2, {}), ['recovery: a b']);
  assert.deepEqual(at(3, {}), []);
});

test('says nothing of a failure that is over before its batch is, and counts it', () => {
  const { state, at } = started({ reportIntervalIdleMs: 100_000 });
  at(10, { a: 'failing' });
  assert.deepEqual(at(30, {}), []);
  assert.deepEqual(at(80, {}), []);
  const [report] = state.look(fleetOf({ a: 'well', b: 'well' }), 100_000, true);
  assert.ok(report?.kind === 'report' && report.shortFailures === 1);
});

test('a new failure after an empty batch waits for a whole batch again', () => {
  const { at } = started();
  at(10, { a: 'failing' });
  at(60, { b: 'failing' });
  assert.deepEqual(at(71, { b: 'failing' }), ['failure: b']);
  const later = started();
  later.at(10, { a: 'failing' });
  later.at(20, {});
  later.at(60, { b: 'failing' });
  assert.deepEqual(later.at(119, { b: 'failing' }), []);
  assert.deepEqual(later.at(120, { b: 'failing' }), ['failure: b']);
});

test('holds a second alert about an endpoint until its cooldown is over', () => {
  const { at } = started({ batchIntervalMs: 0 });
  assert.deepEqual(at(0, { a: 'failing' }), ['failure: a']);
  assert.deepEqual(at(10, {}), ['recovery: a']);
  assert.deepEqual(at(20, { a: 'failing' }), []);
  assert.deepEqual(at(30, { a: 'failing', b: 'failing' }), ['failure: b']);
  assert.deepEqual(at(299, { a: 'failing', b: 'failing' }), []);
  assert.deepEqual(at(300, { a: 'failing', b: 'failing' }), ['failure: a']);
});

test('tells of flapping once, and of its end when it has been calm for long enough', () => {
  const { state, at } = started();
  const said: string[] = [];
  for (let second = 10; second < 100; second += 10) {
    said.push(...at(second, { a: 'failing' }), ...at(second + 5, {}));
  }
  // Five short failures at 10 … 50; their batch ends 60 s after the fifth.
  assert.deepEqual(said, []);
  const alerts = state.look(fleetOf({ a: 'well', b: 'well' }), 110_000, true);
  assert.deepEqual(brief(alerts), ['failure: a']);
  assert.ok(alerts[0]?.kind === 'failure' && alerts[0].troubles[0]?.flapping);
  assert.deepEqual(at(600, {}), []);
  // The five latest began at 50 … 90.
  assert.deepEqual(at(649, {}), []);
  assert.deepEqual(at(650, {}), ['recovery: a']);
});

test('counts all failures of one flapping as one trouble', () => {
  const { state, at } = started({ batchIntervalMs: 0, cooldownMs: 0 });
  for (let second = 10; second <= 50; second += 10) {
    at(second, { a: 'failing' });
    at(second + 5, {});
  }
  // From the fifth failure on it flaps; after one more it calms down.
  at(60, { a: 'failing' });
  at(70, {});
  const [alert] = state.look(fleetOf({ a: 'well', b: 'well' }), 700_000, true);
  assert.ok(alert?.kind === 'recovery' && alert.troubles[0]?.forMs === 20_000);
});

test('says nothing of endpoints that the operator takes out or removes', () => {
  const { state, at } = started({ batchIntervalMs: 0 });
  at(1, { a: 'failing' });
  assert.deepEqual(at(2, { a: 'out' }), []);
  assert.deepEqual(at(3, {}), []);
  at(400, { b: 'failing' });
  assert.deepEqual(state.look(fleetOf({ a: 'well' }), 401_000, true), []);
  assert.deepEqual(at(402, {}), []);
});

test('gathers what happens while the sender is behind into one message', () => {
  const { at } = started({ batchIntervalMs: 0 });
  assert.deepEqual(at(1, { a: 'failing' }), ['failure: a']);
  assert.deepEqual(at(2, {}, false), []);
  assert.deepEqual(at(3, { b: 'failing' }, false), []);
  assert.deepEqual(at(4, { b: 'failing' }), ['recovery: a', 'failure: b']);
});

test('reports at the active interval when there were requests, else at the idle one', () => {
  const state = new AlertState(
    { ...RULES, reportIntervalActiveMs: 60_000, reportIntervalIdleMs: 180_000 },
    0,
  );
  const look = (second: number, requests: number) => {
    const fleet: FleetStatus = fleetOf({ a: 'well' }, { requests });
    return brief(state.look(fleet, second * 1000, true));
  };
  assert.deepEqual(look(0, 0), ['startup:']);
  assert.deepEqual(look(60, 0), []);
  assert.deepEqual(look(179, 0), []);
  assert.deepEqual(look(180, 0), ['report:']);
  assert.deepEqual(look(239, 5), []);
  assert.deepEqual(look(240, 5), ['report:']);
  assert.deepEqual(look(301, 5), []);
});

test('failures and recoveries of an endpoint alternate, and a lasting state is told', () => {
  // N = 300 lives of up to 200 steps, seed 5.
  const step = fc.record({
    health: fc.constantFrom<Health>('well', 'failing', 'unknown'),
    forMs: fc.integer({ min: 100, max: 400_000 }),
    ready: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const state = new AlertState(RULES, 0);
      let told = brief(state.look(fleetOf({ a: 'well' }), 0, true)).length !== 1;
      let nowMs = 0;
      const look = (health: Health, ready: boolean): void => {
        for (const { kind } of state.look(fleetOf({ a: health }), nowMs, ready)) {
          assert.equal(kind, told ? 'recovery' : 'failure');
          told = !told;
        }
      };
      for (const { health, forMs, ready } of steps) {
        look(health, ready);
        nowMs += forMs;
      }
      for (const [health, expected] of [
        ['failing', true],
        ['well', false],
      ] as const) {
        for (let second = 0; second < 1000; second += 10) {
          look(health, true);
          nowMs += 10_000;
        }
        assert.equal(told, expected, health);
      }
    }),
    { seed: 5, numRuns: 300 },
  );
});
