import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRequestHead, RequestHead } from '../http1/request-head.ts';
import { ANYBODY, type KnownClient } from './client-keys.ts';
import { standingOf } from './standing.ts';

function standing(lines: readonly string[], client: KnownClient = ANYBODY) {
  const text = ['POST /v1/completions HTTP/1.1', 'Host: h', ...lines, '', ''].join('\r\n');
  const chunk = Buffer.from(text, 'latin1');
  const head = new RequestHead();
  parseRequestHead(chunk, 0, chunk.length, head);
  return standingOf(chunk, head, client);
}

const keyed = (priority: number): KnownClient => ({
  name: 'team',
  place: -1,
  priority,
  ownsAuthorization: true,
});

test('most requests are of the middle class and have no deadline of their own', () => {
  assert.deepEqual(standing([]), { priority: 1, flow: '', timeoutMs: 0 });
  assert.deepEqual(standing([], keyed(-1)), { priority: 1, flow: 'team', timeoutMs: 0 });
});

test('a header says the class', () => {
  assert.equal(standing(['X-Request-Priority: high']).priority, 0);
  assert.equal(standing(['x-request-priority: LOW']).priority, 2);
  assert.equal(standing(['X-Request-Priority: urgent']).priority, 1);
});

test('a key that has a class can be lowered by the header, not raised', () => {
  assert.equal(standing(['X-Request-Priority: high'], keyed(2)).priority, 2);
  assert.equal(standing(['X-Request-Priority: low'], keyed(0)).priority, 2);
  assert.equal(standing(['X-Request-Priority: high'], keyed(-1)).priority, 0);
});

test('a header says how long the client waits', () => {
  const of = (value: string) => standing([`X-Request-Timeout: ${value}`]).timeoutMs;
  assert.deepEqual(
    ['30', '2.5', '500ms', '90s', '2m'].map(of),
    [30_000, 2500, 500, 90_000, 120_000],
  );
  assert.deepEqual(['soon', '-1', '1h', ''].map(of), [0, 0, 0, 0]);
});
