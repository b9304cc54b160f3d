import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PROBE_DOWN, PROBE_UNKNOWN, PROBE_UP } from '../core/columns.ts';
import type { ProbeRules } from './probe-state.ts';
import { judge, ProbeRecord } from './probe-state.ts';

const RULES: ProbeRules = {
  intervalMs: 30_000,
  timeoutMs: 10_000,
  failureThreshold: 3,
  recoveryThreshold: 1,
  maxConcurrency: 20,
};
const UP = { up: true, code: '', reason: '', notice: '', engine: '' };
const DOWN = {
  ...UP,
  up: false,
  code: 'connection_refused',
  reason: 'connection refused',
};

test('one success brings an endpoint up, from unknown and from down', () => {
  const record = new ProbeRecord(0);
  assert.equal(record.state, PROBE_UNKNOWN);
  assert.equal(record.take(UP, 10, RULES), true);
  assert.equal(record.state, PROBE_UP);
  for (let at = 0; at < 3; at++) record.take(DOWN, 20 + at, RULES);
  assert.equal(record.state, PROBE_DOWN);
  assert.equal(record.take(UP, 30, RULES), true);
  assert.equal(record.state, PROBE_UP);
  assert.equal(record.sinceMs, 30);
  assert.equal(record.reason, '');
});

test('only the threshold of consecutive failures takes an endpoint down', () => {
  const record = new ProbeRecord(0);
  record.take(UP, 0, RULES);
  record.take(DOWN, 1, RULES);
  record.take(DOWN, 2, RULES);
  record.take(UP, 3, RULES);
  record.take(DOWN, 4, RULES);
  assert.equal(record.take(DOWN, 5, RULES), false);
  assert.equal(record.state, PROBE_UP);
  assert.equal(record.take(DOWN, 6, RULES), true);
  assert.equal(record.state, PROBE_DOWN);
  assert.equal(record.reason, 'connection refused');
  assert.equal(record.take(DOWN, 7, RULES), false);
  assert.equal(record.sinceMs, 6);
});

test('an endpoint that never was up is asked every 5 s for two minutes, then seldom', () => {
  const record = new ProbeRecord(0);
  record.take(DOWN, 1000, RULES);
  record.plan(1000, RULES, 0.5);
  assert.equal(record.nextAtMs, 6000);
  record.plan(119_000, RULES, 0.5);
  assert.equal(record.nextAtMs, 124_000);
  record.plan(120_000, RULES, 0.5);
  assert.equal(record.nextAtMs, 150_000);
});

test('endpoints that started together drift apart', () => {
  const record = new ProbeRecord(0);
  record.take(UP, 0, RULES);
  record.plan(0, RULES, 0);
  assert.equal(record.nextAtMs, 24_000);
  record.plan(0, RULES, 1);
  assert.equal(Math.round(record.nextAtMs), 36_000);
});

test('judges what an engine may answer', () => {
  const cases: readonly [number, string, boolean, string][] = [
    [200, '', true, ''],
    [401, '', false, 'wrong key: answered 401'],
    [403, '', false, 'wrong key: answered 403'],
    [404, '', true, ''],
    [405, '', true, ''],
    [429, '', true, ''],
    [500, '', false, 'answered 500'],
    [503, '', false, 'answered 503'],
    [301, '', false, 'answered 301'],
    [0, 'ECONNREFUSED', false, 'connection refused'],
    [0, 'timeout', false, 'no answer within 10000 ms'],
    [0, 'EHOSTUNREACH', false, 'no route to the host'],
    [0, 'CERT_HAS_EXPIRED', false, 'its TLS certificate is not trusted (CERT_HAS_EXPIRED)'],
    [0, 'EPROTO', false, 'EPROTO'],
    [200, 'too-large', true, ''],
    [200, 'ECONNRESET', false, 'connection reset'],
  ];
  for (const [status, error, up, reason] of cases) {
    const finding = judge({ status, text: '{}', error }, 'm', 10_000);
    assert.deepEqual([finding.up, finding.reason], [up, reason], `${status} ${error}`);
  }
});

test('notices a missing list and a list without our model', () => {
  const ask = (status: number, text: string): string =>
    judge({ status, text, error: '' }, 'm', 1000).notice;
  assert.match(ask(404, ''), /no model list/);
  assert.match(ask(200, '{"data":[{"id":"x"}]}'), /"m"/);
  assert.equal(ask(200, '{"data":[{"id":"x"},{"id":"m"}]}'), '');
  assert.match(ask(200, '{"data":[null]}'), /"m"/);
  for (const text of ['', 'null', '[]', '{"data":[]}', '{"data":7}', '<html>']) {
    assert.equal(ask(200, text), '', text);
  }
});
