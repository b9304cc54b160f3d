import assert from 'node:assert/strict';
import { test } from 'node:test';
import { problemsOf, type Reading } from './problems.ts';
import { endpointRowOf, modelRowOf, statusOf } from './status-fixture.ts';

function reading(changes: Partial<Reading> = {}): Reading {
  const { endpoints, models, traffic, config, now_at_ms } = statusOf();
  return { endpoints, models, traffic, config, nowAtMs: now_at_ms, ...changes };
}

test('nothing is wrong with a healthy, idle fleet', () => {
  assert.deepEqual(problemsOf(reading()), []);
});

test('tells cause, time and advice of an endpoint that is down', () => {
  const row = endpointRowOf({ state: 'down', reason: 'connection refused', since_at_ms: 5 });
  const [problem] = problemsOf(reading({ endpoints: [row] }));
  assert.equal(problem!.kind, 'endpoint_down');
  assert.equal(problem!.subject, row.id);
  assert.equal(problem!.detail, 'connection refused');
  assert.equal(problem!.since_at_ms, 5);
  assert.notEqual(problem!.advice, '');
});

test('puts a model without endpoints before what an operator wanted', () => {
  const endpoints = [
    endpointRowOf({ state: 'draining' }),
    endpointRowOf({ state: 'ejected', api_base: 'http://b' }),
  ];
  const models = [modelRowOf({ total: 2, healthy: 0 })];
  const kinds = problemsOf(reading({ endpoints, models })).map(({ kind }) => kind);
  assert.deepEqual(kinds, ['model_unavailable', 'endpoint_ejected', 'endpoint_draining']);
});

test('gives a new endpoint time for its first probe', () => {
  const nowAtMs = 100_000;
  const young = endpointRowOf({ state: 'unchecked', since_at_ms: nowAtMs - 1000 });
  const old = endpointRowOf({ state: 'unchecked', since_at_ms: nowAtMs - 20_000 });
  assert.deepEqual(problemsOf(reading({ endpoints: [young], nowAtMs })), []);
  assert.equal(problemsOf(reading({ endpoints: [old], nowAtMs })).length, 1);
});

test('one failed request in a quiet minute is no outage', () => {
  const few = statusOf({}, { error_ratio: 1, requests_per_s: 0.1 }).traffic;
  const many = statusOf({}, { error_ratio: 0.2, requests_per_s: 10 }).traffic;
  assert.deepEqual(problemsOf(reading({ traffic: few })), []);
  assert.equal(problemsOf(reading({ traffic: many }))[0]!.detail, '20.0 %');
});

test('tells of waiting requests, mistakes in files, and endpoints without room', () => {
  const traffic = statusOf({}, { queued: 3 }).traffic;
  const config = { problems: ['a.yaml:1:2: no'], left_out: ['x'], last_change: null };
  const kinds = problemsOf(reading({ traffic, config })).map(({ kind }) => kind);
  assert.deepEqual(kinds, ['queue_waiting', 'config_problem', 'endpoints_left_out']);
});
