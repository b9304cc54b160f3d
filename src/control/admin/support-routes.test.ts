/** What is given away for support, and that no secret goes with it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMain } from '../../config/parse.ts';
import { LogTail } from '../../observe/log-tail.ts';
import { makeLogger } from '../../observe/logger.ts';
import { endpointAt } from '../fleet.fake.ts';
import type { StatusSnapshot } from '../status.ts';
import { configJson } from './config-json.ts';
import { redacted } from './redact.ts';
import { supportRoutes } from './support-routes.ts';

const TEXT = `
server: {api_keys: [canary-client, {name: alice, key: canary-alice}]}
dashboard: {token: canary-token}
webhook: {url: "https://hook.example/send/canary-path?key=canary-query"}
log: {level: debug}
`;

test('shows each option with its origin, and of secrets only that they are set', () => {
  const { settings } = parseMain(TEXT, 'config.yaml');
  const shown = configJson(settings!) as Record<string, Record<string, object>>;
  assert.deepEqual(shown.log!.level, { value: 'debug', origin: 'config.yaml:5' });
  assert.deepEqual(shown.server!.port, { value: 8000, origin: 'default' });
  assert.deepEqual(shown.dashboard!.token, { value: '***', origin: 'config.yaml:3' });
  assert.deepEqual(shown.server!.api_keys, { value: '***', origin: 'config.yaml:2' });
  assert.doesNotMatch(JSON.stringify(shown), /canary/);
});

test('a secret that is not set shows as such', () => {
  const shown = configJson(new Map()) as Record<string, Record<string, object>>;
  assert.deepEqual(shown.dashboard!.token, { value: '', origin: 'default' });
  assert.deepEqual(shown.server!.api_keys, { value: [], origin: 'default' });
});

test('a support dump holds state, configuration and log, and no secret anywhere', async () => {
  const { value: config, settings } = parseMain(TEXT, 'config.yaml');
  const tail = new LogTail();
  const log = makeLogger('info', tail);
  log.warn({ detail: 'engine says: bad key canary-engine "quoted"' }, 'odd canary-query');
  log.info({ path: '/send/canary-path', client: 'canary-alice' }, 'canary-client canary-token');
  const routes = supportRoutes({
    tail,
    fleet: { endpoints: [endpointAt(0, { apiKey: 'canary-engine "quoted"' })] },
    explain: async () => [],
    wallOffsetMs: () => 0,
    status: () => ({ seq: 7 }) as StatusSnapshot,
    config: () => config!,
    settings: () => settings!,
  });
  const route = routes.find(({ path }) => path === '/admin/support-dump')!;
  const request = { params: {}, query: new URLSearchParams(), headers: {}, body: undefined };
  const reply = await route.handle({ ...request, localPort: 1, peer: '127.0.0.1' });
  assert.ok('body' in reply);
  const text = String(reply.body);
  assert.doesNotMatch(text, /canary/);
  const dump = JSON.parse(text);
  assert.deepEqual([dump.status.seq, dump.log.length], [7, 2]);
  assert.equal(dump.config.server.port.value, 8000);
  assert.equal(dump.log[0].detail, 'engine says: bad key ***');
});

test('blots out the longer of two secrets that begin alike, and no short ones', () => {
  assert.equal(redacted('key-123 key-1234 abc', ['key-123', 'key-1234', 'abc']), '*** *** abc');
  assert.equal(redacted('a%2Fb%2Fc and a/b/c', ['a/b/c']), '*** and ***');
});
