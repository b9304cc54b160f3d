/** The second's work for dashboards, over columns that the test writes as workers would. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../core/clock.ts';
import { createFleetState } from '../state/layout.ts';
import {
  GAUGE_QUEUED,
  TOTAL_OK,
  TOTAL_REQUESTS,
  TOTAL_RETRIES,
  TOTAL_SERVER_ERRORS,
} from '../state/totals.ts';
import { boardRoutes } from './board-routes.ts';
import type { HealthReport } from './endpoint-state.ts';
import { endpointAt } from './fleet.fake.ts';
import { TrafficLedger } from './metrics/traffic-ledger.ts';
import { RpmMeter } from './rpm-meter.ts';
import type { EndpointState } from './status.ts';
import { StatusBoard } from './status-board.ts';
import { TrafficStats } from './traffic-stats.ts';

const WALL_MS = 1_000_000;

function setUp() {
  const state = createFleetState(4, 2);
  const clock = new FakeClock(5000);
  const specs = [endpointAt(0), endpointAt(1), endpointAt(2, { modelName: 'other' })];
  const states = new Map<number, EndpointState>();
  /** When the states began; default: at first. */
  const began = new Map<number, number>();
  const rpm = new RpmMeter(state.columns);
  const traffic = new TrafficStats(new TrafficLedger(state.meters), clock);
  const stateOf = (slot: number): HealthReport => ({
    state: states.get(slot) ?? 'healthy',
    health: 'well',
    reason: states.has(slot) ? 'told' : 'probe_ok',
    detail: 'said so',
    since_at_ms: states.has(slot) ? (began.get(slot) ?? WALL_MS) : null,
    until_at_ms: null,
    voices: [],
  });
  const board = new StatusBoard({
    ...state,
    rpm,
    nowMs: () => clock.nowMs(),
    wallMs: () => clock.nowMs() - 5000 + WALL_MS,
    router: { version: '0', pid: 1, runtime: 'Node', workers: 2, started_at_ms: WALL_MS },
    strategy: () => 'simple-shuffle',
    refreshIntervalMs: () => 2000,
    endpoints: () => specs,
    traffic: () => traffic.read(),
    epoch: () => 1,
    reportOf: () => undefined,
    engineOf: () => '',
    stateOf: (spec) => stateOf(spec.slot),
  });
  return {
    ...{ state, board, states, began, specs },
    seconds(count: number) {
      for (let second = 0; second < count; second++) {
        clock.advance(1000);
        rpm.sample(specs.map(({ slot }) => slot));
        board.tick();
      }
    },
  };
}

test('sums what the workers counted, by endpoint, model and source', () => {
  const { state, board, seconds } = setUp();
  const [first, second] = state.columns.workers;
  first!.sent[0] = 3;
  second!.sent[0] = 4;
  second!.ok[2] = 5;
  second!.failedStream[1] = 2;
  first!.inFlight[1] = 1;
  seconds(1);
  const { endpoints, models, sources } = board.status;
  assert.equal(endpoints[0]!.total_requests, 7);
  assert.equal(endpoints[0]!.send_rpm, 7);
  assert.deepEqual(
    models.map(({ model, send_rpm, completed, errors_rpm }) => [
      model,
      send_rpm,
      completed,
      errors_rpm,
    ]),
    [
      ['m', 7, 0, 2],
      ['other', 0, 5, 0],
    ],
  );
  assert.equal(sources[0]!.connections, 1);
});

test('tells rates over ten seconds and errors over a minute, or that nothing ended', () => {
  const { state, board, seconds } = setUp();
  seconds(1);
  assert.equal(board.status.traffic.error_ratio, null);
  assert.equal(board.status.traffic.requests_per_s, 0);
  const totals = state.totals[0]!;
  totals[TOTAL_REQUESTS] = 40;
  totals[TOTAL_OK] = 30;
  totals[TOTAL_SERVER_ERRORS] = 10;
  totals[TOTAL_RETRIES] = 6;
  seconds(9);
  assert.equal(board.status.traffic.requests_per_s, 4);
  assert.equal(board.status.traffic.error_ratio, 0.25);
  seconds(10);
  assert.equal(board.status.traffic.requests_per_s, 0);
  assert.equal(board.status.traffic.error_ratio, 0.25);
  seconds(60);
  assert.equal(board.status.traffic.error_ratio, null);
});

test('remembers since when a trouble without a time of its own lasts', () => {
  const { state, board, seconds } = setUp();
  seconds(3);
  state.totals[1]![GAUGE_QUEUED] = 2;
  seconds(5);
  const queue = () => board.status.problems.find(({ kind }) => kind === 'queue_waiting');
  assert.equal(queue()?.since_at_ms, WALL_MS + 4000);
  state.totals[1]![GAUGE_QUEUED] = 0;
  seconds(1);
  assert.equal(queue(), undefined);
});

test('an endpoint that is ejected again and again is sick since the first time', () => {
  const { board, states, began, seconds } = setUp();
  const told = () => board.status.problems.find(({ kind }) => kind === 'endpoint_ejected');
  const ejections: readonly [EndpointState, number][] = [
    ['ejected', WALL_MS + 1000],
    ['probing', WALL_MS + 6000],
    ['ejected', WALL_MS + 7000],
  ];
  for (const [state, atMs] of ejections) {
    states.set(0, state);
    began.set(0, atMs);
    seconds(1);
    assert.equal(told()!.since_at_ms, WALL_MS + 1000);
    assert.equal(board.status.endpoints[0]!.since_at_ms, atMs, 'its state is younger');
  }
  states.delete(0);
  seconds(1);
  assert.equal(told(), undefined);
  states.set(0, 'ejected');
  seconds(1);
  assert.equal(told()!.since_at_ms, WALL_MS + 7000, 'well in between');
});

test('marks reloads and changes of state', () => {
  const { board, states, specs, seconds } = setUp();
  seconds(1);
  states.set(1, 'down');
  seconds(2);
  board.noteChange({
    epoch: 2,
    published: true,
    added: ['a', 'b'],
    removed: [],
    changed: ['c'],
    rejected: [],
    problems: ['x.yaml:1:1: no'],
    overtaken: [],
  });
  assert.deepEqual(board.marks, [
    { at_ms: WALL_MS + 2000, kind: 'state', subject: specs[1]!.id, text: 'down' },
    { at_ms: WALL_MS + 3000, kind: 'reload', subject: '', text: '+2 −0 ~1' },
  ]);
  seconds(1);
  assert.deepEqual(board.status.config.problems, ['x.yaml:1:1: no']);
  assert.equal(board.status.problems.length, 2);
});

test('answers for charts only what was asked for, and refuses nonsense', async () => {
  const { board, specs, seconds } = setUp();
  seconds(3);
  const series = boardRoutes(board).find(({ path }) => path === '/api/series')!;
  const ask = async (query: string) => {
    const search = new URLSearchParams(query);
    const request = {
      params: {},
      query: search,
      headers: {},
      body: undefined,
      localPort: 0,
      peer: '127.0.0.1',
    };
    const reply = await series.handle(request);
    assert.ok('body' in reply);
    return { status: reply.status, body: JSON.parse(String(reply.body)) };
  };
  const name = encodeURIComponent(specs[1]!.id);
  const { body } = await ask(`by=endpoint&name=${name}&metrics=running,connections`);
  assert.equal(body.times_at_ms.length, 3);
  assert.deepEqual(body.series, [
    {
      name: specs[1]!.id,
      values: [
        [null, null, null],
        [0, 0, 0],
      ],
    },
  ]);
  for (const query of ['range=1y', 'by=nobody', 'metrics=nonsense']) {
    assert.equal((await ask(query)).status, 400);
  }
});
