import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DecisionRecord } from '../core/request-record.ts';
import { decisionJson } from './decision-record.ts';

const ENDPOINT = 'm@http://e/v1';
const full = {
  endpoint: ENDPOINT,
  inFlight: 4,
  waiting: -1,
  rpm: 60,
  excluded: 'rate_limit',
} as const;
const NONE = { endpoint: '', detail: '', candidates: [] };

function record(changes: Partial<DecisionRecord> = {}): DecisionRecord {
  return {
    ...{ id: 'r1', method: 'POST', route: 'chat/completions', model: 'm', key: '' },
    ...{ endpoint: ENDPOINT, attempts: 1, status: 502, outcome: 'connect_refused' },
    ...{ ttfbMs: -1, ttftMs: -1, totalMs: 12.5 },
    ...{ bytesUp: 3, bytesDown: 4, tokensIn: 5, tokensOut: -1 },
    ...{ startedMs: 1000, running: false, worker: 1 },
    steps: [
      { ...NONE, atMs: 0.1, step: 'waits', candidates: [full] },
      {
        ...NONE,
        atMs: 2,
        step: 'attempt',
        endpoint: ENDPOINT,
        candidates: [{ ...full, excluded: '' }],
      },
      { ...NONE, atMs: 12, step: 'failed', endpoint: ENDPOINT, detail: 'connect_refused' },
    ],
    ...changes,
  };
}

test('shows a decision in snake_case, with times of the wall clock and null for unknown', () => {
  const shown = decisionJson(record(), 5000) as Record<string, unknown>;
  assert.deepEqual(
    [shown.at_ms, shown.total_ms, shown.ttfb_ms, shown.key, shown.worker],
    [6000, 12.5, null, null, 1],
  );
  assert.deepEqual([shown.ttft_ms, shown.tokens_in, shown.tokens_out], [null, 5, null]);
  assert.deepEqual((shown.steps as object[])[0], {
    at_ms: 0.1,
    step: 'waits',
    candidates: [
      { endpoint: ENDPOINT, in_flight: 4, waiting: null, rpm_used: 60, excluded: 'rate_limit' },
    ],
  });
});

test('tells the story in sentences', () => {
  const { story } = decisionJson(record(), 0) as { story: string[] };
  assert.deepEqual(story, [
    '0.1 ms: no endpoint has a place, so it waits (1 rate limit).',
    `2 ms: it is tried on ${ENDPOINT}, one of 1 open of 1.`,
    '12 ms: that failed: The endpoint refused the connection.',
    '12.5 ms: ended with 502: The endpoint refused the connection.',
  ]);
});

test('a running request has a phase and an age, but no end', () => {
  const phases = [
    [[], 'reading'],
    [['waits'], 'queued'],
    [['waits', 'attempt'], 'attempt'],
    [['attempt', 'committed'], 'answering'],
  ] as const;
  for (const [steps, phase] of phases) {
    const made = steps.map((step) => ({ ...NONE, atMs: 0, step }));
    const shown = decisionJson(record({ running: true, steps: made }), 0) as Record<
      string,
      unknown
    >;
    assert.deepEqual([shown.phase, shown.age_ms, shown.status], [phase, 12.5, undefined]);
  }
});

test('names the model where the error is about it', () => {
  const steps: DecisionRecord['steps'] = [];
  const { story } = decisionJson(record({ outcome: 'queue_full', status: 429, steps }), 0) as {
    story: string[];
  };
  assert.deepEqual(story, [
    '12.5 ms: ended with 429: Too many requests wait for the model "m" already.',
  ]);
});
