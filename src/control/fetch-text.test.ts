import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { TextFetcher } from './fetch-text.ts';

let server: Server;
let origin = '';
const sockets: Socket[] = [];
const fetcher = new TextFetcher(1000);

before(async () => {
  server = createServer((request, response) => {
    const path = request.url;
    if (path === '/silent') return;
    if (path === '/long') response.end('x'.repeat(1001));
    else if (path === '/endless') response.write('x');
    else if (path === '/cut') {
      response.writeHead(200, { 'content-length': 10 });
      response.write('half', () => request.socket.destroy());
    } else if (path === '/away') {
      response.writeHead(302, { location: `${origin}/` });
      response.end();
    } else response.end(String(request.headers.authorization));
  });
  server.on('connection', (socket) => sockets.push(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

after(() => {
  fetcher.dispose();
  server.close();
  server.closeAllConnections();
});

test('gets a text with its headers over a kept connection', async () => {
  for (const key of ['a', 'b']) {
    const result = await fetcher.fetch(`${origin}/`, 10_000, { authorization: key });
    assert.deepEqual(result, { status: 200, text: key, error: '' });
  }
  assert.equal(sockets.length, 1);
});

test('tries once more when a kept connection had been closed', async () => {
  await fetcher.fetch(`${origin}/`, 10_000, {});
  // The server's FIN or RST may cross the next request.
  sockets.at(-1)!.resetAndDestroy();
  const result = await fetcher.fetch(`${origin}/`, 10_000, { authorization: 'c' });
  assert.deepEqual(result, { status: 200, text: 'c', error: '' });
});

test('gives up on silence, before and inside an answer', async () => {
  const silent = await fetcher.fetch(`${origin}/silent`, 30, {});
  assert.deepEqual(silent, { status: 0, text: '', error: 'timeout' });
  const endless = await fetcher.fetch(`${origin}/endless`, 1000, {});
  assert.deepEqual(endless, { status: 200, text: '', error: 'timeout' });
});

test('refuses a text beyond its limit', async () => {
  const result = await fetcher.fetch(`${origin}/long`, 10_000, {});
  assert.deepEqual(result, { status: 200, text: '', error: 'too-large' });
});

test('an answer that is cut is an error', async () => {
  const result = await fetcher.fetch(`${origin}/cut`, 10_000, {});
  assert.deepEqual(result, { status: 200, text: '', error: 'ECONNRESET' });
});

test('does not follow a redirect', async () => {
  assert.equal((await fetcher.fetch(`${origin}/away`, 10_000, {})).status, 302);
});

test('what cannot be asked is an error value', async () => {
  assert.equal((await fetcher.fetch('http://127.0.0.1:1/', 10_000, {})).error, 'ECONNREFUSED');
  assert.equal((await fetcher.fetch('nonsense', 10_000, {})).error, 'ERR_INVALID_URL');
  assert.notEqual((await fetcher.fetch('file:///etc/hosts', 10_000, {})).error, '');
  assert.notEqual((await fetcher.fetch(`${origin}/`, 10_000, { 'bad name': 'x' })).error, '');
});

test('ends what is under way when it is disposed, without telling anybody', async () => {
  const short = new TextFetcher();
  let settled = false;
  const settle = () => {
    settled = true;
  };
  const asked = once(server, 'request');
  void short.fetch(`${origin}/silent`, 60_000, {}).then(settle);
  await asked;
  const closed = once(sockets.at(-1)!, 'close');
  short.dispose();
  await closed;
  void short.fetch(`${origin}/`, 10_000, {}).then(settle);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(settled, false);
});
