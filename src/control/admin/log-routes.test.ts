/** The log's level, changed from afar. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LogTail } from '../../observe/log-tail.ts';
import { makeLogger } from '../../observe/logger.ts';
import { logRoutes } from './log-routes.ts';

const REQUEST = {
  params: {},
  query: new URLSearchParams(),
  headers: {},
  localPort: 1,
  peer: '127.0.0.1',
};

test('a change of the level stands in the log, whichever way it goes', async () => {
  const tail = new LogTail();
  const log = makeLogger('info', tail);
  const routes = logRoutes({ log, tail });
  const ask = (path: string, body?: object) =>
    routes.find((route) => route.path === path)!.handle({ ...REQUEST, body });
  for (const level of ['error', 'silent', 'debug']) await ask('/admin/log-level', { level });
  assert.equal(log.level, 'debug');
  const reply = await ask('/admin/log');
  assert.ok('body' in reply);
  const { lines } = JSON.parse(String(reply.body));
  const told = lines.map((line: Record<string, unknown>) => [line.level, line.before, line.to]);
  assert.deepEqual(told, [
    ['info', 'info', 'error'],
    ['info', 'silent', 'debug'],
  ]);
});
