/** Who may read the operators' pages, over real connections to the loopback address. */
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { after, before, test } from 'node:test';
import { listenForOperators, type OperationsListener } from './operations-listener.ts';

let listener: OperationsListener;

before(async () => {
  listener = await listenForOperators(0, () => ({ answer: 42 }));
});
after(() => listener.close());

interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

function ask(path: string, method = 'GET', host = `127.0.0.1:${listener.port}`): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const target = { host: '127.0.0.1', port: listener.port, path, method, headers: { host } };
    const asked = request(target, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => {
        resolve({ status: response.statusCode!, headers: response.headers, body });
      });
    });
    asked.on('error', reject);
    asked.end();
  });
}

test('answers the dashboard as JSON that nobody may keep', async () => {
  const { status, headers, body } = await ask('/api/dashboard?x=1');
  assert.deepEqual([status, body], [200, '{"answer":42}']);
  assert.equal(headers['content-type'], 'application/json');
  assert.equal(headers['cache-control'], 'no-store');
  assert.equal(headers['access-control-allow-origin'], undefined);
});

test('answers every name of this machine', async () => {
  for (const host of ['localhost', 'LOCALHOST:8080', '127.0.0.1', '[::1]:8080']) {
    assert.equal((await ask('/api/dashboard', 'GET', host)).status, 200, host);
  }
});

test('refuses a foreign Host, so that no web page reads it by rebinding', async () => {
  for (const host of ['evil.example', 'localhost.evil.example:8080', '127.0.0.1.evil', '::1']) {
    const { status, body } = await ask('/api/dashboard', 'GET', host);
    assert.equal(status, 403, host);
    assert.doesNotMatch(body, /42/);
  }
});

test('answers 404 elsewhere and 405 to other methods', async () => {
  assert.equal((await ask('/')).status, 404);
  assert.equal((await ask('/api/dashboard/')).status, 404);
  for (const method of ['POST', 'DELETE', 'HEAD']) {
    const { status, headers } = await ask('/api/dashboard', method);
    assert.deepEqual([status, headers.allow], [405, 'GET'], method);
  }
});

test('listens on the loopback address only', async (t) => {
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

test('rejects when the port is taken', async () => {
  await assert.rejects(
    listenForOperators(listener.port, () => ({})),
    { code: 'EADDRINUSE' },
  );
});
