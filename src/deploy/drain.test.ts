/** Draining through a router's admin API. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RouterAdmin } from './drain.ts';

const BASES = new Set(['http://a:1/v1']);

/** A router with one endpoint of ours, whose requests end one a look, and one of somebody else. */
function router(connections: number, token = '') {
  const calls: string[] = [];
  let nowMs = 0;
  let checks = 0;
  const fetch = (url: string, { method = 'GET', body, headers }: RequestInit) => {
    calls.push(`${method} ${decodeURIComponent(new URL(url).pathname)} ${body ?? ''}`.trim());
    const sent = (headers as Record<string, string>).authorization ?? '';
    if (sent !== (token === '' ? '' : `Bearer ${token}`)) {
      return Promise.resolve(new Response('{}', { status: 401 }));
    }
    const state = checks < 2 ? 'down' : 'healthy';
    const ours = {
      state,
      id: 'm@http://a:1/v1',
      api_base: 'http://a:1/v1',
      connections,
      pending: 0,
    };
    const other = { ...ours, id: 'm@http://b:1/v1', api_base: 'http://b:1/v1', connections: 9 };
    connections = Math.max(0, connections - 1);
    checks += Number(url.endsWith('/check'));
    return Promise.resolve(Response.json({ endpoints: [ours, other] }));
  };
  const sleep = (ms: number) => {
    nowMs += ms;
    return Promise.resolve();
  };
  const access = { url: 'http://r:8080', token, fetch, sleep, nowMs: () => nowMs };
  return { calls, admin: new RouterAdmin(access), access };
}

test('an endpoint of ours is told to drain and waited for, others are not', async () => {
  const { calls, admin } = router(3);
  assert.equal(await admin.drain(BASES, 10_000), '');
  assert.deepEqual(calls.slice(0, 3), [
    'GET /admin/endpoints',
    'PATCH /admin/endpoints/m@http://a:1/v1 {"state":"draining"}',
    'GET /admin/endpoints',
  ]);
});

test('an endpoint that may have requests again is looked at until it is healthy', async () => {
  const { calls, admin } = router(0);
  assert.equal(await admin.enable(BASES), '');
  const ours = '/admin/endpoints/m@http://a:1/v1';
  const look = ['GET /admin/endpoints', `POST ${ours}/reset-ejection`, `POST ${ours}/check`];
  assert.deepEqual(calls, [
    'GET /admin/endpoints',
    `PATCH ${ours} {"state":"enabled"}`,
    ...look,
    ...look,
    'GET /admin/endpoints',
  ]);
});

test('what still runs when time is up is counted', async () => {
  const said = await router(1000).admin.drain(BASES, 1000);
  assert.match(said, /^\d+ requests still ran after 1 s of draining$/);
});

test('a router that is away or wants a token is told, and nothing throws', async () => {
  assert.equal(await router(0, 'secret').admin.drain(BASES, 1000), '');
  const { access } = router(0, 'secret');
  const refused = await new RouterAdmin({ ...access, token: 'wrong' }).drain(BASES, 1000);
  assert.match(refused, /wants its token in LLM_ROUTER_TOKEN/);
  const away = new TypeError('fetch failed', {
    cause: Object.assign(new Error('x'), { code: 'ECONNREFUSED' }),
  });
  const gone = { ...access, fetch: () => Promise.reject(away) };
  const said = await new RouterAdmin(gone).drain(BASES, 1000);
  assert.match(said, /^http:\/\/r:8080 does not answer \(ECONNREFUSED\)/);
});
