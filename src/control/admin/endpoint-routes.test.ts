/** Endpoints through the API: what each request changes, answers and writes down. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseEndpoints } from '../../config/parse.ts';
import { DEFAULTS } from '../../config/schema.ts';
import { FakeClock } from '../../core/clock.ts';
import { OPERATOR_DRAINING, OPERATOR_MAINTENANCE } from '../../core/columns.ts';
import { Xorshift } from '../../core/random.ts';
import { createFleetState } from '../../state/layout.ts';
import { FakeFetch } from '../fleet.fake.ts';
import { Fleet } from '../fleet.ts';
import { FleetHealth } from '../fleet-health.ts';
import { type OperatorMethod, type OperatorReply, OperatorRoutes } from '../operator-route.ts';
import { Prober } from '../prober.ts';
import type { EndpointRow } from '../status.ts';
import { endpointRoutes } from './endpoint-routes.ts';

const ID = 'm@http://h1/v1';

function setUp(slots = 4) {
  const { columns } = createFleetState(slots, 1);
  const clock = new FakeClock(10_000);
  const fleet = new Fleet({
    ...{
      strategy: () => DEFAULTS.routing.strategy,
      columns,
      clock,
      publish: () => {},
      onForget: () => {},
    },
    ...{ adoptedEpoch: () => fleet.spec.epoch, onChange: () => {} },
  });
  const fetches = new FakeFetch();
  const prober = new Prober({
    ...{ targets: () => fleet.endpoints, columns: columns.control, clock },
    ...{ fetchText: fetches.fetch, random: new Xorshift(1), rules: () => DEFAULTS.healthCheck },
    ...{ onChange: () => {}, onNotice: () => {} },
  });
  const health = new FleetHealth({
    ...{ columns, clock, prober, wallMs: () => 1e12, slowStartMs: () => 0 },
  });
  const load = (hosts: readonly string[]) => {
    const items = hosts.map((host) => {
      const [name, weight = '1'] = host.split('*');
      const params = { api_base: `http://${name}/v1`, weight: Number(weight) };
      return { model_name: 'm', litellm_params: params };
    });
    const { value } = parseEndpoints(JSON.stringify({ model_list: items }), 'f', 'openai', {});
    const byFile = new Map([['f', { sourceType: 'openai', entries: value!, ok: true }]]);
    const rest = { config: DEFAULTS, endpoints: [], files: [], dir: '', problems: [] };
    fleet.apply({ ...rest, byFile, listed: true });
  };
  load(['h1', 'h2']);
  prober.tick();
  const logged: unknown[][] = [];
  const log = { info: (...words: unknown[]) => void logged.push(words) };
  const rowOf = (spec: { id: string; weight: number; rpmLimit: number }) =>
    ({ id: spec.id, weight: spec.weight, rpm_limit: spec.rpmLimit }) as EndpointRow;
  const routes = new OperatorRoutes(endpointRoutes({ fleet, health, log, rowOf }));

  /** As the listener does, after its checks. */
  const ask = async (method: OperatorMethod, path: string, given?: object) => {
    const found = routes.find(method, path);
    assert.ok('route' in found, path);
    const { route, params } = found;
    const body = route.body?.parse(given);
    const request = {
      params,
      body,
      query: new URLSearchParams(),
      headers: {},
      localPort: 1,
      peer: '127.0.0.1',
    };
    return read(await route.handle(request));
  };
  return { ask, columns, fleet, fetches, load, logged, routes };
}

function read(reply: OperatorReply): { status: number; body: Record<string, unknown> } {
  assert.ok('body' in reply);
  return { status: reply.status, body: JSON.parse(String(reply.body)) };
}

const path = (id: string, more = '') => `/admin/endpoints/${encodeURIComponent(id)}${more}`;

test('changes weight and limit, says so, and writes it down', async () => {
  const { ask, fleet, logged, load } = setUp();
  const { status, body } = await ask('PATCH', path(ID), { weight: 5, rpm: 60 });
  assert.equal(status, 200);
  assert.deepEqual([body.weight, body.rpm_limit], [5, 60]);
  assert.deepEqual(body.origin, { endpoint: 'file', weight: 'api', rpm: 'api' });
  assert.deepEqual(logged, [
    [
      {
        ...{ origin: 'api', endpoint: ID, before: { weight: 1, rpm: 0, state: 'enabled' } },
        to: { weight: 5, rpm: 60, state: undefined },
      },
      'changed an endpoint',
    ],
  ]);
  load(['h1', 'h2*3']);
  assert.deepEqual([fleet.entryOf(ID)!.weight, fleet.entryOf(ID)!.rpmLimit], [5, 60]);
  load(['h1*2', 'h2*3']);
  assert.deepEqual((await ask('GET', path(ID))).body.origin, {
    ...{ endpoint: 'file', weight: 'file', rpm: 'api' },
  });
});

test('drains, maintains and enables; a reload leaves it so', async () => {
  const { ask, columns, load } = setUp();
  const state = () => columns.control.operatorState[0];
  assert.equal(
    (await ask('PATCH', path(ID), { state: 'draining' })).body.operator_state,
    'draining',
  );
  assert.equal(state(), OPERATOR_DRAINING);
  load(['h1', 'h2', 'h3']);
  assert.equal(state(), OPERATOR_DRAINING);
  await ask('PATCH', path(ID), { state: 'maintenance' });
  assert.equal(state(), OPERATOR_MAINTENANCE);
  await ask('PATCH', path(ID), { state: 'enabled' });
  assert.equal(state(), 0);
});

test('adds an endpoint as a file would, without reading the environment for anybody', async () => {
  const { ask, fleet } = setUp();
  const item = { model_name: 'n', litellm_params: { api_base: 'http://h9/v1', api_key: 'k' } };
  const { status, body } = await ask('POST', '/admin/endpoints', item);
  assert.deepEqual([status, body.id], [201, 'n@http://h9/v1']);
  assert.equal((body.origin as { endpoint: string }).endpoint, 'api');
  assert.equal(fleet.endpoints.at(-1)!.apiKey, 'k');
  assert.equal((await ask('POST', '/admin/endpoints', item)).status, 409);
  process.env.ADMIN_TEST_CANARY = 'canary';
  const thief = { api_base: 'http://h8/v1', api_key: 'os.environ/ADMIN_TEST_CANARY' };
  const stolen = await ask('POST', '/admin/endpoints', { model_name: 'n', litellm_params: thief });
  delete process.env.ADMIN_TEST_CANARY;
  assert.equal(stolen.status, 400);
  assert.equal(fleet.endpoints.length, 3);
});

test('says what is wrong with an endpoint, and when there is no room', async () => {
  const { ask } = setUp(2);
  const params = { api_base: 'ftp://h9' };
  const bad = await ask('POST', '/admin/endpoints', { model_name: 'n', litellm_params: params });
  assert.equal(bad.status, 400);
  assert.match((bad.body.error as { message: string }).message, /api_base: must start with http/);
  const good = { model_name: 'n', litellm_params: { api_base: 'http://h9/v1' } };
  assert.equal((await ask('POST', '/admin/endpoints', good)).status, 507);
  assert.equal(((await ask('GET', '/admin/endpoints')).body.endpoints as []).length, 2);
});

test('removes an endpoint, and a reload does not bring it back', async () => {
  const { ask, fleet, load } = setUp();
  assert.equal((await ask('DELETE', path(ID))).status, 200);
  load(['h1', 'h2']);
  assert.deepEqual(
    fleet.endpoints.map(({ host }) => host),
    ['h2'],
  );
  assert.deepEqual((await ask('GET', '/admin/endpoints')).body.removed, [ID]);
  assert.equal((await ask('DELETE', path(ID))).status, 404);
});

test('probes now and answers what was found', async () => {
  const { ask, fetches } = setUp();
  await fetches.fail('ECONNREFUSED', 'h1');
  const asked = ask('POST', path(ID, '/check'));
  await fetches.reply(200, '{"data":[{"id":"m"}]}', 'h1');
  const { status, body } = await asked;
  assert.deepEqual([status, body.up, body.id], [200, true, ID]);
  const { probes } = (await ask('GET', path(ID))).body as { probes: { up: boolean }[] };
  assert.deepEqual(
    probes.map(({ up }) => up),
    [false, true],
  );
});

test('forgives an endpoint by request', async () => {
  const { ask, columns, logged } = setUp();
  assert.equal((await ask('POST', path(ID, '/reset-ejection'))).status, 200);
  assert.equal(columns.control.forgivenMs[0], 10_000);
  assert.equal(logged.length, 1);
});

test('takes no change that says nothing or too much', () => {
  const { routes } = setUp();
  const found = routes.find('PATCH', path(ID));
  assert.ok('route' in found);
  const wrong = [{}, { weight: 0 }, { weight: -1 }, { rpm: 1.5 }, { state: 'off' }, { wieght: 1 }];
  for (const body of wrong) {
    assert.equal(found.route.body!.safeParse(body).success, false, JSON.stringify(body));
  }
  assert.ok(found.route.body!.safeParse({ state: 'draining' }).success);
});

test('answers 404 for an endpoint that is not there', async () => {
  const { ask } = setUp();
  for (const [method, more] of [
    ['PATCH', ''],
    ['POST', '/check'],
  ] as const) {
    const { status, body } = await ask(method, path('x@y', more), { weight: 1 });
    assert.equal(status, 404);
    assert.match((body.error as { message: string }).message, /GET \/admin\/endpoints/);
  }
});
