/** Asking an engine on its node, where the node is a shell of this machine. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { type EngineKey, type FleetModel, NO_LOGIN, plainNode } from './fleet.ts';
import { fetchNear } from './node-fetch.ts';
import { planFleet } from './plan.ts';
import { askEngine, type Fetch } from './readiness.ts';

let server: Server;
const seen: string[] = [];

before(async () => {
  server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    request.once('end', () => {
      const { authorization = '' } = request.headers;
      seen.push(`${request.method} ${request.url} ${authorization}${body}`.trim());
      response.end('{"data":[{"id":"it\'s"}]}');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
after(() => server.close());

async function shell(_node: unknown, script: string) {
  const child = spawn('sh', ['-s']);
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stdin.end(script);
  await once(child, 'close');
  return { stdout: Buffer.concat(chunks), fault: '' };
}

const unreachable: Fetch = () => Promise.reject(new TypeError('fetch failed'));

function service(port: number, apiKey?: EngineKey) {
  const model: FleetModel = {
    ...{ model: 'm', servedName: "it's", backend: 'vllm', replicas: 0, hosts: [], python: 'p' },
    ...{ tensorParallelSize: 1, gpusPerService: 1, port, workdir: '', env: {}, args: [] },
    ...(apiKey === undefined ? {} : { apiKey }),
  };
  const nodes = [{ ...plainNode('n', NO_LOGIN), gpus: [0] }];
  const pythons = new Map([['p', 'python3']]);
  const facts = { address: '127.0.0.1', ports: new Set<number>(), services: [], pythons };
  return planFleet({ nodes, models: [model] }, new Map([['n', facts]])).services[0]!;
}

test('what cannot be reached from here is asked on the node', async () => {
  const engine = service((server.address() as AddressInfo).port);
  const near = fetchNear(engine, { run: shell }, unreachable);
  assert.deepEqual(await askEngine(engine, near), { state: 'ready', note: '' });
  assert.deepEqual(seen, [
    'GET /v1/models',
    `POST /v1/chat/completions {"model":"it's","messages":[{"role":"user","content":"Hi"}],` +
      '"max_tokens":1}',
  ]);
});

test('a key goes with what is asked on the node, by curl or by Python', async () => {
  const { port } = server.address() as AddressInfo;
  const engine = service(port, { variable: 'K', value: 'a"b\\c$d' });
  // Where there is no curl the engine's own Python asks.
  const withoutCurl = (node: unknown, script: string) => {
    return shell(node, script.replace('command -v curl', 'false'));
  };
  for (const run of [shell, withoutCurl]) {
    seen.length = 0;
    const near = fetchNear(engine, { run }, unreachable);
    assert.deepEqual(await askEngine(engine, near), { state: 'ready', note: '' });
    assert.equal(seen[0], 'GET /v1/models Bearer a"b\\c$d');
    assert.match(seen[1]!, /^POST \/v1\/chat\/completions Bearer a"b\\c\$d\{"model"/);
  }
});

test('what the node cannot reach either is not ready', async () => {
  const engine = service(1);
  const near = fetchNear(engine, { run: shell }, unreachable);
  const said = await askEngine(engine, near);
  assert.deepEqual(said, { state: 'wait', note: 'GET /v1/models: fetch failed' });
});
