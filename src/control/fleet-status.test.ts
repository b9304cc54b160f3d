import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../core/clock.ts';
import { OPERATOR_DRAINING, PROBE_DOWN, PROBE_UP } from '../core/columns.ts';
import type { EndpointSpec } from '../core/endpoint.ts';
import type { PlaneEvent } from '../core/plane-messages.ts';
import { createFleetState } from '../state/layout.ts';
import { TOTAL_OK, TOTAL_REQUESTS } from '../state/totals.ts';
import { healthOf } from './endpoint-state.ts';
import { failureOf, fleetStatus } from './fleet-status.ts';

function endpoint(id: string, slot: number, modelName: string): EndpointSpec {
  return { id, slot, modelName } as EndpointSpec;
}

const ENDPOINTS = [
  endpoint('a', 0, 'm'),
  endpoint('b', 1, 'm'),
  endpoint('c', 2, 'n'),
  endpoint('d', 3, 'n'),
  endpoint('e', 4, 'n'),
  endpoint('f', 5, 'n'),
];

test('shows every endpoint as its voices say, and sums up models and requests', () => {
  const state = createFleetState(6, 2);
  const { columns, totals } = state;
  const clock = new FakeClock(10_000);
  const { probeState, operatorState } = columns.control;
  for (const slot of [0, 1, 3, 4]) probeState[slot] = PROBE_UP;
  columns.workers[1]!.ejections[1] = 1;
  columns.workers[1]!.ejectedUntilMs[1] = 11_000;
  columns.workers[0]!.busyUntilMs[3] = 11_000;
  operatorState[4] = OPERATOR_DRAINING;
  probeState[5] = PROBE_DOWN;
  totals[0]![TOTAL_REQUESTS] = 3;
  totals[1]![TOTAL_REQUESTS] = 4;
  totals[1]![TOTAL_OK] = 2;
  const rpm = { sendRpm: (slot: number) => slot + 1 };
  const prober = { recordOf: () => undefined };
  const sources = {
    ...{ totals, clock, startedMs: 4000, rpm, endpoints: ENDPOINTS },
    healthOf: (slot: number) => healthOf({ columns, clock, prober }, slot),
  };
  const status = fleetStatus(sources);
  assert.deepEqual(
    status.endpoints.map(({ id, health }) => `${id} ${health}`),
    ['a well', 'b failing', 'c unknown', 'd well', 'e out', 'f failing'],
  );
  assert.deepEqual(status.models, [
    { name: 'm', total: 2, healthy: 1, requestsPerMinute: 3 },
    { name: 'n', total: 4, healthy: 1, requestsPerMinute: 18 },
  ]);
  const { uptimeMs, healthy, requests, succeeded } = status;
  assert.deepEqual([uptimeMs, healthy, requests, succeeded], [6000, 2, 7, 2]);
});

test('makes a failure of an ejection, with its cause in words', () => {
  const event: PlaneEvent = {
    kind: 'ejected',
    endpointId: 'b',
    requestId: 'r',
    detail: 'connect_refused',
    dropped: 0,
  };
  assert.deepEqual(failureOf(event, ENDPOINTS), {
    id: 'b',
    modelName: 'm',
    voice: 'traffic',
    cause: 'connect_refused: The endpoint refused the connection',
  });
  assert.equal(failureOf({ ...event, detail: 'toString' }, ENDPOINTS)?.cause, 'toString');
  assert.equal(failureOf({ ...event, kind: 'attempt_failed' }, ENDPOINTS), undefined);
  assert.equal(failureOf({ ...event, endpointId: 'x' }, ENDPOINTS), undefined);
});
