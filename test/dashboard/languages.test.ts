/**
 * Whatever the router can say of an endpoint or of a request is said in Chinese, too: the router's
 * own code makes each sentence here, and nothing of it may stay English but names.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { stateOf } from '../../src/control/endpoint-state.ts';
import { endpointAt } from '../../src/control/fleet.fake.ts';
import { OperatorStates } from '../../src/control/operator-states.ts';
import { judge, ProbeRecord } from '../../src/control/probe-state.ts';
import { type AffinityReason, newDecision, type SessionReason } from '../../src/core/ask.ts';
import { FakeClock } from '../../src/core/clock.ts';
import { fixtureColumns } from '../../src/core/columns-fixture.ts';
import { Ejector } from '../../src/core/ejection.ts';
import { ERRORS, type ErrorCode, numberOfError } from '../../src/core/errors.ts';
import type { Candidate, DecisionRecord, RequestStep } from '../../src/core/request-record.ts';
import { noteRecovery } from '../../src/core/slow-start.ts';
import { zhDetail } from '../../src/faces/dashboard/text/zh-details.ts';
import { decisionJson } from '../../src/observe/decision-record.ts';
import { placementSentence } from '../../src/observe/placement-record.ts';

/** What is written so in every language; WHO, WHAT stand for what a sentence is about. */
const NAMES = new RegExp(
  [
    ...['WHO', 'WHAT', 'HTTP', 'TLS', 'API', 'JSON', 'ms', 's', 'token', 'model', 'chunked'],
    ...['GET /v1/models', 'Authorization: Bearer', 'x-api-key', 'Expect: 100-continue'],
    ...['Transfer-Encoding', 'Content-Encoding', 'Retry-After', 'X-Request-Timeout'],
    ...['server\\.max_requests', 'E[A-Z]{3,}', '[A-Z]+(_[A-Z]+)+'],
  ]
    .map((name) => `\\b${name}\\b`)
    .join('|'),
  'g',
);
const CODES = Object.keys(ERRORS) as readonly ErrorCode[];

function assertChinese(english: string): void {
  const chinese = zhDetail(english);
  assert.doesNotMatch(chinese.replaceAll(NAMES, ''), /[A-Za-z]/, `${english} → ${chinese}`);
}

test('each error has a sentence of its own', () => {
  const sentences = CODES.map((code) => {
    const english = ERRORS[code].message.replaceAll('{}', 'WHAT');
    assertChinese(english);
    return zhDetail(english);
  });
  assert.equal(new Set(sentences).size, CODES.length);
});

test('so has whatever a health check finds', () => {
  const errors = ['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EHOSTUNREACH', 'CERT_HAS_EXPIRED'];
  const others = ['timeout', 'too-large', 'ERR_UNKNOWN', 'EPROTO', 'UNABLE_TO_GET_ISSUER_CERT'];
  const answers = [
    ...[...errors, ...others].map((error) => ({ status: 0, text: '', error })),
    ...[200, 301, 401, 403, 404, 405, 429, 500, 503].map((status) => {
      return { status, text: '{"data":[{"id":"WHO"}]}', error: '' };
    }),
  ];
  const said = answers.flatMap((answer) => {
    const { reason, notice } = judge(answer, 'WHAT', 5000);
    return [reason, notice].filter((text) => text !== '');
  });
  assert.equal(said.length, answers.length - 1, 'only 429 says nothing');
  for (const text of said) assertChinese(text);
});

const ACTS = [
  ...['good', 'bad', 'refused', 'ok', 'fail', 'busy', 'claim'],
  ...['drain', 'maintain', 'enable', 'recover'],
] as const;
const RULES = {
  ...{ intervalMs: 30_000, timeoutMs: 10_000, maxConcurrency: 20 },
  ...{ failureThreshold: 2, recoveryThreshold: 1 },
};

test('so has every state of an endpoint', () => {
  const step = fc.record({
    afterMs: fc.nat(8000),
    act: fc.constantFrom(...ACTS),
    code: fc.constantFrom(...CODES),
  });
  const seen = new Set<string>();
  const property = fc.property(fc.array(step, { maxLength: 30, size: 'max' }), (steps) => {
    const spec = endpointAt(1);
    const { slot } = spec;
    const columns = fixtureColumns(2, 1);
    columns.control.probeState.fill(0);
    const clock = new FakeClock(64_000);
    const chance = { next: () => 0.5, below: () => 0 };
    const ejector = new Ejector(columns, 0, { failureThreshold: 2, successRatio: 0.5 }, chance);
    const operator = new OperatorStates(columns.control, clock);
    const record = new ProbeRecord(clock.nowMs());
    const sources = {
      ...{ columns, clock, operator, wallOffsetMs: () => 0, slowStartMs: () => 20_000 },
      prober: { recordOf: () => record },
    };
    const probe = (error: string, status = 200): void => {
      record.take(judge({ status, text: '', error }, 'm', 5000), clock.nowMs(), RULES);
      columns.control.probeState[slot] = record.state;
    };
    for (const { afterMs, act, code } of steps) {
      clock.advance(afterMs);
      const nowMs = clock.nowMs();
      if (act === 'good') probe('');
      else if (act === 'bad') probe('', 500);
      else if (act === 'refused') probe('ECONNREFUSED');
      else if (act === 'ok') ejector.success(slot, nowMs);
      else if (act === 'fail') ejector.failure(slot, nowMs, false, numberOfError(code));
      else if (act === 'busy') columns.workers[0]!.busyUntilMs[slot] = nowMs + 3000;
      else if (act === 'claim') ejector.claimProbe(slot, nowMs);
      else if (act === 'recover') noteRecovery(columns, slot, nowMs);
      else operator.set(slot, STATES[act], 'the admin API');
      const { state, detail } = stateOf(sources, spec);
      seen.add(state);
      // The page says nothing of one that simply works.
      if (detail !== 'It answers its probes.') assertChinese(detail.replaceAll('{}', 'WHAT'));
    }
  });
  fc.assert(property, { seed: 20_261_122, numRuns: 300 });
  assert.equal(seen.size, 8, [...seen].join(', '));
});

const STATES = { drain: 'draining', maintain: 'maintenance', enable: 'enabled' } as const;

const EXCLUDED: Record<Exclude<Candidate['excluded'], ''>, true> = {
  ...{ tried: true, ejected: true, busy: true, down: true, unchecked: true, draining: true },
  ...{ rate_limit: true, connection_limit: true },
};

test('so has each reason for which an endpoint is not chosen', () => {
  for (const reason of Object.keys(EXCLUDED)) assertChinese(reason.replaceAll('_', ' '));
});

const RETRIES = ['other_endpoint', 'after_backoff', 'fresh_connection'];

function stepsOf(kind: RequestStep['step']): RequestStep[] {
  const base = { atMs: 12, step: kind, endpoint: 'WHO', detail: '', candidates: [] };
  const candidates = [...Object.keys(EXCLUDED), ''].map((excluded): Candidate => {
    const reason = excluded as Candidate['excluded'];
    return { endpoint: 'WHO', inFlight: 1, waiting: 0, rpm: 0, excluded: reason };
  });
  if (kind === 'failed') return CODES.map((detail) => ({ ...base, detail }));
  if (kind === 'retry') return RETRIES.map((detail) => ({ ...base, detail }));
  if (kind === 'fallback') return [{ ...base, detail: 'WHO' }];
  return [base, { ...base, candidates }];
}

test('so has the course of a request, whatever its end', () => {
  const kinds: Record<RequestStep['step'], true> = {
    ...{ waits: true, attempt: true, failed: true, retry: true, fallback: true, committed: true },
  };
  const steps = (Object.keys(kinds) as RequestStep['step'][]).flatMap(stepsOf);
  for (const outcome of ['ok', 'refused', 'client_gone', ...CODES] as const) {
    const record = { outcome, steps, status: 499, model: 'WHO', totalMs: 5, running: false };
    const { story } = decisionJson(record as unknown as DecisionRecord, 0) as { story: string[] };
    for (const sentence of story) assertChinese(sentence.replaceAll('…', 'WHAT'));
  }
});

test('so has why it went where it went', () => {
  const affinities: Record<AffinityReason, true> = {
    ...{ none: true, cold: true, kept: true, broken_by_load: true, broken_unavailable: true },
  };
  const sessions: Record<SessionReason, true> = {
    ...{ none: true, home: true, second_home: true, broken_by_load: true },
    broken_unavailable: true,
  };
  for (const affinity of Object.keys(affinities) as AffinityReason[]) {
    for (const session of Object.keys(sessions) as SessionReason[]) {
      for (const blocks of [0, 20]) {
        assertChinese(
          placementSentence({ ...newDecision(), affinity, session, blocks, queuedTokens: 7 }),
        );
      }
    }
  }
});
