import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HealthReport } from './endpoint-state.ts';
import { endpointAt } from './fleet.fake.ts';
import { StateHistory } from './state-history.ts';
import type { EndpointState } from './status.ts';

const SPEC = endpointAt(0);

function setUp() {
  const bench = { state: 'healthy' as EndpointState, reason: 'probe_ok', sinceMs: 50, wallMs: 100 };
  const report = (): HealthReport => ({
    ...{ state: bench.state, reason: bench.reason, detail: `${bench.reason}.` },
    ...{ since_at_ms: bench.sinceMs, until_at_ms: null, health: 'well', voices: [] },
  });
  const history = new StateHistory(report, () => bench.wallMs);
  const seen = () => history.changesOf(SPEC.id).map((one) => `${one.state} ${one.at_ms}`);
  return { bench, history, seen };
}

test('notes what an endpoint became, with the time since when it is so', () => {
  const { bench, history, seen } = setUp();
  history.look([SPEC]);
  history.look([SPEC]);
  assert.deepEqual(history.changesOf(SPEC.id), [
    { state: 'healthy', reason: 'probe_ok', detail: 'probe_ok.', at_ms: 50 },
  ]);
  Object.assign(bench, { state: 'ejected', reason: 'connect_refused', sinceMs: 90 });
  history.look([SPEC]);
  assert.deepEqual(seen(), ['healthy 50', 'ejected 90']);
});

test('notes another reason for the same state when it is noticed', () => {
  const { bench, history, seen } = setUp();
  history.look([SPEC]);
  Object.assign(bench, { reason: 'timeout', wallMs: 200 });
  history.look([SPEC]);
  assert.deepEqual(seen(), ['healthy 50', 'healthy 200']);
});

test('stays in order, though a state may have begun before the last was noticed', () => {
  const { bench, history, seen } = setUp();
  bench.sinceMs = 80;
  history.look([SPEC]);
  Object.assign(bench, { state: 'down', sinceMs: 70 });
  history.look([SPEC]);
  assert.deepEqual(seen(), ['healthy 80', 'down 80']);
});

test('keeps the last ten, and nothing of endpoints that left', () => {
  const { bench, history, seen } = setUp();
  for (let look = 1; look <= 25; look++) {
    Object.assign(bench, { state: look % 2 === 0 ? 'down' : 'healthy', sinceMs: look });
    history.look([SPEC]);
  }
  assert.equal(seen().length, 10);
  assert.deepEqual([seen()[0], seen()[9]], ['down 16', 'healthy 25']);
  history.look([endpointAt(1)]);
  assert.deepEqual(seen(), []);
});
