import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { ErrorRow } from './errors.ts';
import { ERRORS } from './errors.ts';

const ROWS: readonly (readonly [string, ErrorRow])[] = Object.entries(ERRORS);

test('every code is a snake_case word of its own', () => {
  for (const [code] of ROWS) assert.match(code, /^[a-z]+(_[a-z]+)*$/);
});

test('every message is one sentence with at most one place for the detail', () => {
  for (const [code, { message }] of ROWS) {
    assert.match(message, /^[A-Z].*\.$/, code);
    assert.ok(message.split('{}').length <= 2, code);
    assert.doesNotMatch(message, /[\r\n]/, code);
  }
});

test('every status is an error, and says whose', () => {
  for (const [code, row] of ROWS) {
    assert.ok(row.status >= 400 && row.status <= 599, code);
    if (row.source === 'upstream') assert.ok(row.status >= 502 && row.status <= 504, code);
    if (row.source === 'router') assert.ok(row.status === 429 || row.status >= 500, code);
  }
});

test('the type follows from the status and the source', () => {
  for (const [code, row] of ROWS) {
    if (row.status === 429) assert.equal(row.type, 'rate_limit_error', code);
    else if (row.source === 'upstream') assert.equal(row.type, 'upstream_error', code);
    else if (row.source === 'router') assert.equal(row.type, 'server_error', code);
  }
});

test('only what an endpoint broke is retried or held against it', () => {
  for (const [code, row] of ROWS) {
    if (row.source === 'upstream') assert.notEqual(row.retry, 'never', code);
    // The one want of the router itself that passes by waiting.
    else if (code === 'no_socket') assert.equal(row.blame, 'nobody');
    else assert.deepEqual([row.retry, row.blame], ['never', 'nobody'], code);
  }
});

test('load and stale connections are held against nobody', () => {
  assert.equal(ERRORS.upstream_busy.blame, 'nobody');
  assert.equal(ERRORS.stale_connection.blame, 'nobody');
  assert.equal(ERRORS.stale_connection.retry, 'if-unsent');
});

test('docs/errors.md is current', () => {
  const tool = fileURLToPath(new URL('../../tools/errors-doc.ts', import.meta.url));
  const check = spawnSync(process.execPath, [tool, '--check'], { encoding: 'utf8' });
  assert.equal(check.status, 0, check.stderr);
});
