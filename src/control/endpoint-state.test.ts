import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { availabilityOf } from '../core/availability.ts';
import { FakeClock } from '../core/clock.ts';
import { PROBE_DOWN, PROBE_UP } from '../core/columns.ts';
import { fixtureColumns } from '../core/columns-fixture.ts';
import { Ejector } from '../core/ejection.ts';
import { numberOfError } from '../core/errors.ts';
import { noteRecovery } from '../core/slow-start.ts';
import { type HealthReport, stateOf } from './endpoint-state.ts';
import { endpointAt } from './fleet.fake.ts';
import { OperatorStates } from './operator-states.ts';
import { type Finding, ProbeRecord, type ProbeRules } from './probe-state.ts';

const SPEC = endpointAt(1);
const SLOT = SPEC.slot;
const OFFSET_MS = 1_000_000;
const SLOW_START_MS = 20_000;
const RULES: ProbeRules = {
  ...{ intervalMs: 30_000, timeoutMs: 10_000, maxConcurrency: 20 },
  ...{ failureThreshold: 2, recoveryThreshold: 1 },
};
const GOOD: Finding = { up: true, code: '', reason: '', notice: '', engine: '' };
const REFUSED: Finding = {
  ...GOOD,
  ...{ up: false, code: 'connection_refused', reason: 'connection refused' },
};

/** One endpoint of two workers, probed well once at 64 s of the Clock. */
function setUp() {
  const columns = fixtureColumns(2, 2);
  columns.control.probeState.fill(0);
  const clock = new FakeClock(64_000);
  const random = { next: () => 0.5, below: () => 0 };
  const options = { failureThreshold: 3, successRatio: 0.5 };
  const ejectors = [0, 1].map((index) => new Ejector(columns, index, options, random));
  const operator = new OperatorStates(columns.control, clock);
  const record = new ProbeRecord(clock.nowMs());
  const probe = (finding: Finding): void => {
    record.take(finding, clock.nowMs(), RULES);
    columns.control.probeState[SLOT] = record.state;
  };
  probe(GOOD);
  const sources = {
    ...{ columns, clock, operator, wallOffsetMs: () => OFFSET_MS },
    slowStartMs: () => SLOW_START_MS,
    prober: { recordOf: (slot: number) => (slot === SLOT ? record : undefined) },
  };
  const read = (): HealthReport => stateOf(sources, SPEC);
  /** State, reason and times on the Clock's scale. */
  const brief = (): unknown[] => {
    const { state, reason, since_at_ms: since, until_at_ms: until, health } = read();
    const ms = (at: number | null) => (at === null ? null : at - OFFSET_MS);
    return [state, reason, ms(since), ms(until), health];
  };
  return { columns, clock, ejectors, operator, record, probe, read, brief };
}

test('one that answers its probes is healthy since it first did', () => {
  const { read, brief, clock } = setUp();
  clock.advance(5000);
  assert.deepEqual(brief(), ['healthy', 'probe_ok', 64_000, null, 'well']);
  assert.deepEqual(
    read().voices.map(({ voice, state }) => `${voice} ${state}`),
    ['operator enabled', 'prober up', 'ejector open'],
  );
});

test('the prober gives code and sentence, before and after the threshold', () => {
  const { probe, read, brief, clock } = setUp();
  clock.advance(1000);
  probe(REFUSED);
  assert.deepEqual(brief(), ['healthy', 'connection_refused', 64_000, null, 'well']);
  assert.equal(read().detail, 'Up, but its last probe failed: connection refused.');
  clock.advance(1000);
  probe(REFUSED);
  assert.deepEqual(brief(), ['down', 'connection_refused', 66_000, null, 'failing']);
  assert.equal(read().detail, 'Its probes fail: connection refused.');
});

test('one that was never reached says so, and why', () => {
  const { columns, record, read, brief } = setUp();
  columns.control.probeState[SLOT] = 0;
  assert.deepEqual(brief().slice(0, 2), ['unchecked', 'first_probe']);
  record.take(REFUSED, 64_000, RULES);
  assert.deepEqual(brief().slice(0, 2), ['unchecked', 'connection_refused']);
  assert.equal(read().health, 'unknown');
});

test('an ejection names the error, the worker and its end', () => {
  const { ejectors, clock, read, brief } = setUp();
  const code = numberOfError('upstream_status');
  ejectors[1]!.failure(SLOT, clock.nowMs(), true, code);
  clock.advance(1000);
  assert.deepEqual(brief(), ['ejected', 'upstream_status', 64_000, 69_000, 'failing']);
  assert.equal(
    read().detail,
    'The endpoint answered with a server error. Seen by worker 1; ejections in a row: 1.',
  );
});

test('after the ejection one request tries it, and a good probe is enough to be well', () => {
  const { ejectors, clock, probe, read, brief } = setUp();
  ejectors[0]!.failure(SLOT, clock.nowMs(), true);
  clock.advance(6000);
  assert.deepEqual(brief(), ['probing', 'requests_failed', 69_000, null, 'failing']);
  assert.match(read().detail, /^The next request tries it, its ejection is over\./);
  probe(GOOD);
  assert.deepEqual(brief(), ['probing', 'requests_failed', 69_000, null, 'well']);
  ejectors[1]!.claimProbe(SLOT, clock.nowMs());
  assert.match(read().detail, /^One request tries it now, its ejection is over\./);
});

test('a good probe during an ejection, or a bad one after it, makes nothing well', () => {
  const { ejectors, clock, probe, brief } = setUp();
  ejectors[0]!.failure(SLOT, clock.nowMs(), true);
  probe(GOOD);
  clock.advance(6000);
  assert.equal(brief()[4], 'failing');
  probe(REFUSED);
  assert.equal(brief()[4], 'failing');
});

test('one that recovered says how much it takes, and until when', () => {
  const { ejectors, clock, read, brief } = setUp();
  ejectors[0]!.failure(SLOT, clock.nowMs(), true);
  clock.advance(6400);
  ejectors[0]!.success(SLOT, clock.nowMs());
  clock.advance(8000);
  assert.deepEqual(brief(), ['healthy', 'recovered', 70_400, 90_400, 'well']);
  assert.equal(read().detail, 'It recovered and takes 40 % of its share for now.');
  clock.advance(12_000);
  assert.deepEqual(brief(), ['healthy', 'probe_ok', 70_400, null, 'well']);
});

test('one that asked for a pause is busy until then, and no failure', () => {
  const { columns, read, brief } = setUp();
  columns.workers[1]!.busyUntilMs[SLOT] = 71_500;
  assert.deepEqual(brief(), ['busy', 'retry_after', null, 71_500, 'well']);
  assert.equal(read().detail, 'It asked to be left alone for another 8 s (Retry-After).');
  columns.control.probeState[SLOT] = PROBE_DOWN;
  assert.equal(read().health, 'failing');
});

test('the operator has the last word, and is named', () => {
  const { operator, clock, columns, read, brief } = setUp();
  columns.control.probeState[SLOT] = PROBE_DOWN;
  operator.set(SLOT, 'draining', 'admin API');
  assert.deepEqual(brief(), ['draining', 'operator', 64_000, null, 'out']);
  clock.advance(1000);
  operator.set(SLOT, 'maintenance', 'ops@example');
  assert.deepEqual(brief(), ['maintenance', 'operator', 65_000, null, 'out']);
  const detail = 'In maintenance: no traffic, no probes, no alerts (by ops@example).';
  assert.equal(read().detail, detail);
  clock.advance(1000);
  operator.set(SLOT, 'enabled', 'ops@example');
  columns.control.probeState[SLOT] = PROBE_UP;
  assert.equal(read().since_at_ms, OFFSET_MS + 66_000, 'healthy since it was enabled');
});

const NAMES = [
  ['healthy'],
  ['probing'],
  ['ejected', 'probing'],
  ['busy'],
  ['down'],
  ['unchecked'],
  ['draining', 'maintenance'],
];

test('whatever happens, every voice has a reason, a sentence and possible times', () => {
  const act = fc.constantFrom(
    ...['good', 'good', 'bad', 'ok', 'ok', 'fail', 'fail', 'refused', 'busy', 'claim'],
    ...['drain', 'maintain', 'enable', 'forgive', 'recover'],
  );
  const step = fc.record({ afterMs: fc.nat(8000), worker: fc.nat(1), act });
  const property = fc.property(fc.array(step, { maxLength: 40, size: 'max' }), (steps) => {
    const { columns, clock, ejectors, operator, probe, read } = setUp();
    for (const { afterMs, worker, act: what } of steps) {
      clock.advance(afterMs);
      const nowMs = clock.nowMs();
      const ejector = ejectors[worker]!;
      if (what === 'good') probe(GOOD);
      else if (what === 'bad') probe(REFUSED);
      else if (what === 'ok') ejector.success(SLOT, nowMs);
      else if (what === 'fail') ejector.failure(SLOT, nowMs, false, 3);
      else if (what === 'refused') ejector.failure(SLOT, nowMs, true);
      else if (what === 'busy') columns.workers[worker]!.busyUntilMs[SLOT] = nowMs + 3000;
      else if (what === 'claim') ejector.claimProbe(SLOT, nowMs);
      else if (what === 'drain') operator.set(SLOT, 'draining', 'x');
      else if (what === 'maintain') operator.set(SLOT, 'maintenance', 'x');
      else if (what === 'enable') operator.set(SLOT, 'enabled', 'x');
      else if (what === 'forgive') operator.forgive(SLOT);
      else noteRecovery(columns, SLOT, nowMs);
      const report = read();
      const wallMs = nowMs + OFFSET_MS;
      assert.ok(NAMES[availabilityOf(columns, SLOT, nowMs)]!.includes(report.state));
      for (const said of [report, ...report.voices]) {
        assert.match(said.reason, /^[a-z_0-9]+$/);
        assert.match(said.detail, /^[A-Z].+\.$/);
        assert.ok((said.since_at_ms ?? wallMs) <= wallMs);
        assert.ok((said.until_at_ms ?? wallMs) >= wallMs);
      }
    }
  });
  fc.assert(property, { seed: 20_261_122, numRuns: 300 });
});
