import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../core/clock.ts';
import { OPERATOR_DRAINING, OPERATOR_ENABLED, OPERATOR_MAINTENANCE } from '../core/columns.ts';
import { controlColumns } from './fleet.fake.ts';
import { OperatorStates } from './operator-states.ts';

function setUp() {
  const columns = controlColumns(4);
  const clock = new FakeClock(1000);
  return { columns, clock, states: new OperatorStates(columns, clock) };
}

test('keeps who set a state, and since when', () => {
  const { columns, clock, states } = setUp();
  assert.equal(states.noteOf(2), undefined);
  assert.equal(states.set(2, 'draining', 'admin API'), true);
  assert.equal(columns.operatorState[2], OPERATOR_DRAINING);
  clock.advance(500);
  assert.equal(states.set(2, 'draining', 'somebody else'), false);
  assert.deepEqual(states.noteOf(2), { state: 'draining', by: 'admin API', sinceMs: 1000 });
  assert.equal(states.set(2, 'maintenance', 'somebody else'), true);
  assert.equal(columns.operatorState[2], OPERATOR_MAINTENANCE);
  assert.deepEqual([...columns.operatorState], [0, 0, OPERATOR_MAINTENANCE, 0]);
});

test('what failed during maintenance is forgiven, what failed while draining is not', () => {
  const { columns, clock, states } = setUp();
  states.set(0, 'draining', 'x');
  states.set(0, 'enabled', 'x');
  assert.deepEqual([columns.operatorState[0], columns.forgivenMs[0]], [OPERATOR_ENABLED, 0]);
  states.set(0, 'maintenance', 'x');
  clock.advance(9000);
  states.set(0, 'enabled', 'x');
  assert.equal(columns.forgivenMs[0], 10_000);
});

test('forgets its note when the slot goes to somebody else', () => {
  const { states } = setUp();
  states.set(1, 'draining', 'x');
  states.forget(1);
  assert.equal(states.noteOf(1), undefined);
});
