/** Who is served by the operators' listener, over real connections to the loopback address. */
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { after, before, beforeEach, test } from 'node:test';
import { z } from 'zod';
import { sessionRoutes } from './admin/session-routes.ts';
import { listenForOperators, type OperationsListener } from './operations-listener.ts';
import { OperatorAccess, SESSION_MS } from './operator-access.ts';
import { jsonReply, type OperatorRoute, OperatorRoutes, refusal } from './operator-route.ts';
import { MAX_GUESSES } from './wrong-tokens.ts';

let listener: OperationsListener;
let token = '';
let nowMs = 1000;
const errors: unknown[] = [];

const clock = { nowMs: () => nowMs };
const guessing: string[] = [];
const access = new OperatorAccess({
  ...{ token: () => token, exposed: false, clock },
  onGuessing: (peer) => guessing.push(peer),
});
/** More than the kernel holds for a client that does not read. */
const LARGE_BYTES = 32 * 1024 * 1024;
const ROWS: OperatorRoute[] = [
  {
    method: 'GET',
    path: '/api/dashboard',
    summary: 'x',
    handle: ({ query }) => jsonReply(200, { answer: 42, x: query.get('x') }),
  },
  {
    method: 'GET',
    path: '/things/{id}',
    summary: 'x',
    handle: ({ params }) => jsonReply(200, params),
  },
  {
    method: 'PATCH',
    path: '/things/{id}',
    summary: 'x',
    body: z.strictObject({ weight: z.number() }),
    handle: ({ params, body }) => jsonReply(200, { ...params, body }),
  },
  { method: 'POST', path: '/run', summary: 'x', handle: () => jsonReply(200, { ran: true }) },
  {
    method: 'GET',
    path: '/broken',
    summary: 'x',
    handle: () => Promise.reject(new Error('secret detail')),
  },
  {
    method: 'GET',
    path: '/live',
    summary: 'x',
    handle: () => ({
      stream(response) {
        response.writeHead(200, { 'Content-Type': 'text/event-stream' });
        response.end('data: 1\n\n');
      },
    }),
  },
  {
    method: 'GET',
    path: '/broken-stream',
    summary: 'x',
    handle: () => ({
      stream() {
        throw new Error('broken stream');
      },
    }),
  },
  {
    method: 'GET',
    path: '/',
    summary: 'x',
    open: true,
    handle: () => ({ status: 200, type: 'text/html', body: '<p>', headers: { ETag: '"1"' } }),
  },
];

before(async () => {
  const routes = new OperatorRoutes([...ROWS, ...sessionRoutes(access)]);
  const onError = (error: unknown) => void errors.push(error);
  listener = await listenForOperators({ host: '127.0.0.1', port: 0, routes, access, onError });
});
after(() => listener.close());
beforeEach(() => {
  token = '';
  // A minute later, wrong tokens of the test before are forgotten.
  nowMs += 60_000;
});

interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}
interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

function ask(path: string, { method = 'GET', headers = {}, body = '' }: Ask = {}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const host = `127.0.0.1:${listener.port}`;
    const target = { host: '127.0.0.1', port: listener.port, path, method };
    const asked = request({ ...target, headers: { host, ...headers } }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (more: string) => {
        text += more;
      });
      response.on('end', () => {
        resolve({ status: response.statusCode!, headers: response.headers, body: text });
      });
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

const JSON_TYPE = { 'content-type': 'application/json' };
const own = () => `127.0.0.1:${listener.port}`;

test('answers as JSON that nobody may keep, with the security fields', async () => {
  const { status, headers, body } = await ask('/api/dashboard?x=1');
  assert.deepEqual([status, body], [200, '{"answer":42,"x":"1"}']);
  assert.equal(headers['content-type'], 'application/json');
  assert.equal(headers['cache-control'], 'no-store');
  assert.equal(headers['x-content-type-options'], 'nosniff');
  assert.match(String(headers['content-security-policy']), /^default-src 'self'/);
  assert.equal(headers['access-control-allow-origin'], undefined);
});

test('answers every name of this machine', async () => {
  for (const host of ['localhost', 'LOCALHOST:8080', '127.0.0.1', '127.9.9.9:1', '[::1]:8080']) {
    assert.equal((await ask('/api/dashboard', { headers: { host } })).status, 200, host);
  }
});

test('refuses a foreign Host, so that no web page reads it by rebinding', async () => {
  const foreign = [
    'evil.example',
    'localhost.evil.example:8080',
    '127.0.0.1.evil',
    '::1',
    '10.0.0.1',
  ];
  for (const host of foreign) {
    const { status, body } = await ask('/api/dashboard', { headers: { host } });
    assert.equal(status, 403, host);
    assert.doesNotMatch(body, /42/);
  }
});

test('answers 404 elsewhere and 405 to other methods', async () => {
  assert.equal((await ask('/nowhere')).status, 404);
  assert.equal((await ask('/api/dashboard/')).status, 404);
  for (const method of ['POST', 'DELETE', 'HEAD', 'OPTIONS']) {
    const { status, headers } = await ask('/api/dashboard', { method, headers: JSON_TYPE });
    assert.deepEqual([status, headers.allow], [405, 'GET'], method);
  }
});

test('decodes the name in a path once, and after it was split', async () => {
  const { body } = await ask(`/things/${encodeURIComponent('m@http://a:1/v1%2F')}`);
  assert.deepEqual(JSON.parse(body), { id: 'm@http://a:1/v1%2F' });
  assert.equal((await ask('/things/a/b')).status, 404);
  assert.equal((await ask('/things/%E0%A4%A')).status, 404);
});

test('changes nothing for a page of another origin, whatever it sends', async () => {
  const refused = [
    { ...JSON_TYPE, origin: 'http://evil.example' },
    { ...JSON_TYPE, origin: `http://127.0.0.1:${listener.port + 1}` },
    { ...JSON_TYPE, origin: 'null' },
    { ...JSON_TYPE, 'sec-fetch-site': 'cross-site' },
    { ...JSON_TYPE, 'sec-fetch-site': 'same-site' },
  ];
  for (const headers of refused) {
    const { status } = await ask('/run', { method: 'POST', headers });
    assert.equal(status, 403, JSON.stringify(headers));
  }
  const headers = { ...JSON_TYPE, origin: `http://${own()}`, 'sec-fetch-site': 'same-origin' };
  assert.equal((await ask('/run', { method: 'POST', headers })).status, 200);
});

test('changes nothing without a JSON content type, which a form cannot send', async () => {
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonx', '']) {
    const headers: Record<string, string> = type === '' ? {} : { 'content-type': type };
    assert.equal((await ask('/run', { method: 'POST', headers })).status, 415, type);
  }
  const headers = { 'content-type': 'application/json; charset=utf-8' };
  assert.equal((await ask('/run', { method: 'POST', headers })).status, 200);
});

test('lets a link lead to the page, but no other site embed or read it', async () => {
  const visit = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };
  assert.equal((await ask('/', { headers: visit })).status, 200);
  const embed = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' };
  assert.equal((await ask('/', { headers: embed })).status, 403);
});

test('hands over a body that fits, and says what is wrong with one that does not', async () => {
  const send = (body: string) => ask('/things/a', { method: 'PATCH', headers: JSON_TYPE, body });
  assert.deepEqual(JSON.parse((await send('{"weight":2}')).body), { id: 'a', body: { weight: 2 } });
  const bad = await send('{"weight":"2"}');
  assert.equal(bad.status, 400);
  assert.match(bad.body, /weight: /);
  assert.equal((await send('{"weight":')).status, 400);
  assert.equal((await send('')).status, 400);
});

test('reads no body beyond its bound, announced or not', async () => {
  const body = `{"weight":1,"x":"${'x'.repeat(70_000)}"}`;
  const headers = { ...JSON_TYPE, 'transfer-encoding': 'chunked' };
  assert.equal((await ask('/things/a', { method: 'PATCH', headers, body })).status, 413);
  const announced = { ...JSON_TYPE, 'content-length': String(body.length) };
  const told = await ask('/things/a', { method: 'PATCH', headers: announced, body });
  assert.equal(told.status, 413);
});

test('with a token, answers only who carries it, under any Host', async () => {
  token = 'tok-123456';
  const bare = await ask('/api/dashboard');
  assert.equal(bare.status, 401);
  assert.equal(bare.headers['www-authenticate'], 'Bearer');
  assert.equal((await ask('/nowhere')).status, 401);
  for (const value of ['Bearer tok-12345', 'Bearer tok-1234567', 'Basic tok-123456', 'Bearer ']) {
    const { status } = await ask('/api/dashboard', { headers: { authorization: value } });
    assert.equal(status, 401, value);
  }
  const headers = { authorization: 'bearer tok-123456', host: 'router.example' };
  assert.equal((await ask('/api/dashboard', { headers })).status, 200);
});

test('serves open pages without the token', async () => {
  token = 'tok-123456';
  const { status, headers } = await ask('/');
  assert.deepEqual([status, headers['content-type'], headers.etag], [200, 'text/html', '"1"']);
});

async function signIn(): Promise<string> {
  const body = JSON.stringify({ token });
  const { status, headers } = await ask('/admin/session', {
    ...{ method: 'POST', headers: JSON_TYPE, body },
  });
  assert.equal(status, 200);
  const [cookie] = headers['set-cookie'] as string[];
  assert.match(cookie!, /; HttpOnly; SameSite=Strict; /);
  assert.doesNotMatch(cookie!, /tok-/);
  return cookie!.split(';')[0]!;
}

test('signs a browser in with a cookie, and out again', async () => {
  token = 'tok-123456';
  const cookie = await signIn();
  const seen = () => ask('/live', { headers: { cookie: `a=b; ${cookie}` } });
  assert.equal((await seen()).body, 'data: 1\n\n');
  const headers = { ...JSON_TYPE, cookie };
  await ask('/admin/session', { method: 'DELETE', headers });
  assert.equal((await seen()).status, 401);
});

test('ends a session after its time, and when the token changes', async () => {
  token = 'tok-123456';
  const cookie = await signIn();
  const seen = async () => (await ask('/api/dashboard', { headers: { cookie } })).status;
  assert.equal(await seen(), 200);
  token = 'tok-other';
  assert.equal(await seen(), 401);
  const second = await signIn();
  nowMs += SESSION_MS;
  assert.equal((await ask('/api/dashboard', { headers: { cookie: second } })).status, 401);
});

test('opens no session for a wrong token, and says so', async () => {
  token = 'tok-123456';
  const body = '{"token":"tok-1"}';
  const { status, headers } = await ask('/admin/session', {
    ...{ method: 'POST', headers: JSON_TYPE, body },
  });
  assert.deepEqual([status, headers['set-cookie']], [401, undefined]);
  const state = await ask('/admin/session', {
    headers: { cookie: `llm_router_${listener.port}=` },
  });
  assert.deepEqual(JSON.parse(state.body), { token_needed: true, signed_in: false });
});

test('hears no short token of an address that tried too many, but its sessions', async () => {
  token = 'tok-123456';
  const cookie = await signIn();
  const bearer = (value: string) => ({ headers: { authorization: `Bearer ${value}` } });
  for (let guess = 0; guess < 100; guess++) await ask('/api/dashboard', bearer('tok-old'));
  assert.equal((await ask('/api/dashboard', bearer(token))).status, 200, 'one guess, repeated');
  guessing.length = 0;
  for (let guess = 0; guess < MAX_GUESSES; guess++) {
    // Neither way of showing one may be used to go on.
    if (guess % 2 === 0) await ask('/api/dashboard', bearer(`tok-${guess}`));
    else await ask('/admin/session', bearer(`tok-${guess}`));
  }
  assert.deepEqual(guessing, ['127.0.0.1']);
  const late = await ask('/api/dashboard', bearer(token));
  assert.deepEqual([late.status, late.headers['retry-after']], [429, '60']);
  assert.equal(JSON.parse(late.body).error.type, 'too_many_wrong_tokens');
  const body = JSON.stringify({ token });
  const post = { method: 'POST', headers: JSON_TYPE, body };
  assert.equal((await ask('/admin/session', post)).status, 429);
  assert.equal((await ask('/api/dashboard', { headers: { cookie } })).status, 200);
  nowMs += 60_000;
  assert.equal((await ask('/api/dashboard', bearer(token))).status, 200);
});

test('answers 500 without the reason when a handler fails, and reports it', async () => {
  const { status, body } = await ask('/broken');
  assert.equal(status, 500);
  assert.doesNotMatch(body, /secret detail/);
  assert.match(String(errors.at(-1)), /secret detail/);
});

test('refuses two rows for the same request', () => {
  const row = (path: string): OperatorRoute => ({
    ...{ method: 'GET', path, summary: '' },
    handle: () => refusal(500, '', ''),
  });
  assert.throws(() => new OperatorRoutes([row('/a/{id}'), row('/a/{name}')]), /two routes/);
  const routes = new OperatorRoutes([row('/a/{id}'), row('/a/b')]);
  const found = routes.find('GET', '/a/b');
  assert.ok('route' in found && found.route.path === '/a/b');
});

test('listens on its own address only', async (t) => {
  const others = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const other = others.find(({ family, internal }) => family === 'IPv4' && !internal);
  if (other === undefined) return t.skip('this machine has no other address');
  const code = await new Promise<string>((resolve) => {
    const socket = connect(listener.port, other.address);
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
    socket.on('connect', () => {
      socket.destroy();
      resolve('connected');
    });
  });
  assert.equal(code, 'ECONNREFUSED');
});

test('a stream that fails to begin ends its connection, not the router', async () => {
  errors.length = 0;
  await assert.rejects(ask('/broken-stream'), { code: 'ECONNRESET' });
  assert.match(String(errors[0]), /broken stream/);
  assert.equal((await ask('/api/dashboard')).status, 200);
});

test('cuts off who does not take its answer', async (t) => {
  const cut = Promise.withResolvers<void>();
  const large: OperatorRoute = {
    ...{ method: 'GET', path: '/much', summary: 'x' },
    handle: () => ({
      stream(response) {
        response.once('close', cut.resolve);
        response.end(Buffer.alloc(LARGE_BYTES));
      },
    }),
  };
  const routes = new OperatorRoutes([large]);
  const parts = { host: '127.0.0.1', port: 0, routes, access, onError: () => {} };
  const impatient = await listenForOperators({ ...parts, stallMs: 100 });
  t.after(() => impatient.close());
  const socket = connect(impatient.port, '127.0.0.1');
  socket.write('GET /much HTTP/1.1\r\nHost: localhost\r\n\r\n');
  // Nothing is read until then.
  await cut.promise;
  let bytes = 0;
  socket.on('data', (chunk) => {
    bytes += chunk.length;
  });
  socket.on('error', () => {});
  await new Promise((resolve) => socket.once('close', resolve));
  assert.ok(bytes < LARGE_BYTES, `${bytes} bytes`);
});

test('rejects when the port is taken', async () => {
  const routes = new OperatorRoutes([]);
  const { port } = listener;
  await assert.rejects(
    listenForOperators({ host: '127.0.0.1', port, routes, access, onError: () => {} }),
    { code: 'EADDRINUSE' },
  );
});
