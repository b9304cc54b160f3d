import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { postTo } from './post.ts';

const FOREVER = new AbortController().signal;

async function serverOf(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('posts JSON and reads the answer', async (t) => {
  const url = await serverOf(t, async (request, response) => {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    response.writeHead(201, { 'retry-after': '7' });
    response.end([request.method, request.url, request.headers['content-type'], body].join(' '));
  });
  assert.deepEqual(await postTo(`${url}/send?key=k`)('{"é":1}', FOREVER), {
    status: 201,
    text: 'POST /send?key=k application/json; charset=utf-8 {"é":1}',
    retryAfterMs: 7000,
    error: '',
  });
});

test('follows no redirect', async (t) => {
  let calls = 0;
  const url = await serverOf(t, (_request, response) => {
    calls++;
    response.writeHead(307, { location: '/again' }).end();
  });
  assert.equal((await postTo(url)('{}', FOREVER)).status, 307);
  assert.equal(calls, 1);
});

test('reads at most 64 KiB of an answer', async (t) => {
  const url = await serverOf(t, (request, response) => {
    response.end('x'.repeat(request.url === '/more' ? 65_537 : 65_536));
  });
  const fits = await postTo(`${url}/fits`)('{}', FOREVER);
  assert.deepEqual([fits.text.length, fits.error], [65_536, '']);
  const more = await postTo(`${url}/more`)('{}', FOREVER);
  assert.deepEqual([more.text, more.error], ['', 'too-large']);
});

test('says why there is no answer, without the address', async (t) => {
  const cut = await serverOf(t, (request) => request.socket.destroy());
  assert.equal((await postTo(`${cut}/canary`)('{}', FOREVER)).error, 'ECONNRESET');
  const silent = await serverOf(t, () => {});
  assert.equal((await postTo(`${silent}/canary`, 50)('{}', FOREVER)).error, 'timeout');
  const refused = await postTo('http://127.0.0.1:1/canary')('{}', FOREVER);
  assert.equal(refused.error, 'ECONNREFUSED');
  assert.equal((await postTo('nonsense canary')('{}', FOREVER)).error, 'ERR_INVALID_URL');
});

test('ends at once when it is called off', async (t) => {
  const ending = new AbortController();
  const url = await serverOf(t, () => ending.abort());
  assert.equal((await postTo(url)('{}', ending.signal)).error, 'ABORT_ERR');
});
