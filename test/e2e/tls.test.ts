/** TLS on both sides: the listener's own certificate, verified engines, resumed sessions. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer, request, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { type RunningRouter, startRouter } from '../fakes/router.ts';

const CERT_FILE = fileURLToPath(new URL('../fixtures/tls/cert.pem', import.meta.url));
const KEY_FILE = fileURLToPath(new URL('../fixtures/tls/key.pem', import.meta.url));
const cert = readFileSync(CERT_FILE);
const key = readFileSync(KEY_FILE);
const BODY = JSON.stringify({ model: 'm', messages: [] });

/** An engine behind TLS that tells whether each connection resumed a session. */
async function startTlsEngine(): Promise<{ server: Server; port: number; resumed: boolean[] }> {
  const resumed: boolean[] = [];
  const server = createServer({ cert, key }, (incoming, answer) => {
    incoming.resume();
    incoming.on('end', () => {
      answer.setHeader('Connection', 'close');
      answer.end(incoming.method === 'GET' ? '{"data":[{"id":"m"}]}' : '{"ok":true}');
    });
  });
  server.on('secureConnection', (socket: TLSSocket) => resumed.push(socket.isSessionReused()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, port: (server.address() as AddressInfo).port, resumed };
}

function post(port: number): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { port, host: '127.0.0.1', path: '/v1/chat/completions', method: 'POST', ca: cert },
      (answer) => {
        let text = '';
        answer.on('data', (chunk) => {
          text += chunk;
        });
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }));
      },
    );
    outgoing.on('error', reject);
    outgoing.end(BODY);
  });
}

describe('TLS', () => {
  let engine: Awaited<ReturnType<typeof startTlsEngine>>;
  before(async () => {
    engine = await startTlsEngine();
  });
  after(() => {
    engine.server.close();
    engine.server.closeAllConnections();
  });

  const listener = { server: { tls_cert_file: CERT_FILE, tls_key_file: KEY_FILE } };

  it('serves https and talks https to a verified engine, resuming sessions', async () => {
    process.env.NODE_EXTRA_CA_CERTS = CERT_FILE;
    let router: RunningRouter | undefined;
    try {
      const url = `https://localhost:${engine.port}`;
      router = await startRouter({ endpoints: [{ url, model: 'm' }], config: listener });
      engine.resumed.length = 0;
      for (let i = 0; i < 3; i++) {
        assert.deepEqual(await post(router.port), { status: 200, text: '{"ok":true}' });
      }
      assert.ok(engine.resumed.includes(true), `sessions resumed: ${engine.resumed}`);
    } finally {
      delete process.env.NODE_EXTRA_CA_CERTS;
      await router?.stop();
    }
  });

  it('refuses an engine whose certificate it cannot verify', async () => {
    const url = `https://localhost:${engine.port}`;
    const router = await startRouter({
      endpoints: [{ url, model: 'm' }],
      config: { ...listener, routing: { unavailable_wait_ms: 100 } },
      waitUntilUp: false,
    });
    try {
      assert.equal((await post(router.port)).status, 503);
      assert.equal((await router.dashboard()).backends[0]?.healthy, false);
    } finally {
      await router.stop();
    }
  });
});
