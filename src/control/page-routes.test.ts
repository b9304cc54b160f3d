import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { OperatorRequest } from './operator-route.ts';
import { type PageFile, pageRoutes } from './page-routes.ts';

const FILE: PageFile = {
  path: '/app.js',
  type: 'text/javascript',
  etag: '"e"',
  content: gzipSync('let a').toString('base64'),
};

async function ask(headers: Record<string, string>) {
  const [route] = pageRoutes([FILE]);
  const query = new URLSearchParams();
  const request = { params: {}, query, headers, body: undefined, localPort: 0, peer: '127.0.0.1' };
  const reply = await route!.handle(request satisfies OperatorRequest);
  assert.ok('body' in reply);
  return reply;
}

test('gives the compressed file to who can read it', async () => {
  const reply = await ask({ 'accept-encoding': 'gzip, br' });
  assert.equal(reply.headers!['Content-Encoding'], 'gzip');
  assert.deepEqual(reply.body, Buffer.from(FILE.content, 'base64'));
});

test('gives the plain file to who cannot', async () => {
  const reply = await ask({});
  assert.equal(reply.headers!['Content-Encoding'], undefined);
  assert.equal(String(reply.body), 'let a');
});

test('gives nothing anew to who has it already', async () => {
  const reply = await ask({ 'if-none-match': '"e"' });
  assert.equal(reply.status, 304);
  assert.equal(reply.body.length, 0);
});

test('leads from the old address of the charts to where they are', async () => {
  const route = pageRoutes([FILE]).find(({ path }) => path === '/charts')!;
  const query = new URLSearchParams();
  const request = { params: {}, query, headers: {}, body: undefined, localPort: 0, peer: '' };
  const reply = await route.handle(request);
  assert.ok('body' in reply && route.open);
  assert.deepEqual([reply.status, reply.headers!.Location], [302, './#/charts']);
});

test('lets a page run its own files and nothing inline', async () => {
  const policy = (await ask({})).headers!['Content-Security-Policy']!;
  assert.match(policy, /default-src 'none'/);
  assert.match(policy, /script-src 'self';/);
  assert.doesNotMatch(policy, /unsafe|https?:|\*/);
});
