import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import fc from 'fast-check';
import { compare } from './comparison.ts';
import { comparisonText } from './comparison-text.ts';
import { DEFAULT_PROFILE } from './engine-profile.ts';
import { type Incident, ORACLE, type Placement, replay } from './replay.ts';
import { type TrafficKind, trafficOf } from './trace-fixture.ts';

const STRATEGIES = [
  'simple-shuffle',
  'least-connections',
  'least-waiting',
  'least-latency',
  'prefix-aware',
  ORACLE,
];
const EIGHT = new Array<number>(8).fill(1);

function compared(kind: TrafficKind['kind'], perSecond: number, seeds = 2) {
  const trace = trafficOf({ seed: 5, requests: 1_500, perSecond, kind });
  const strategies = ['least-connections', 'prefix-aware', ORACLE];
  const rows = compare({ trace, speeds: EIGHT, profile: DEFAULT_PROFILE }, strategies, seeds);
  const [counted, aware, seeing] = rows;
  return { counted: counted!, aware: aware!, seeing: seeing!, text: comparisonText(rows) };
}

/** Computed prompt tokens by engine, of the requests placed in this time. */
function workIn(placements: readonly Placement[], fromMs: number, toMs: number): number[] {
  const work = EIGHT.map(() => 0);
  for (const { atMs, engine, promptTokens, cachedTokens } of placements) {
    if (atMs >= fromMs && atMs < toMs) work[engine]! += promptTokens - cachedTokens;
  }
  return work;
}

describe('prefix-aware, in virtual time', () => {
  test('answers conversations in less than half the time, close to the oracle', () => {
    const { aware, counted, seeing, text } = compared('conversations', 1.9);
    assert.ok(aware.meanTtftMs.mean < 0.45 * counted.meanTtftMs.mean, text);
    assert.ok(aware.meanTtftMs.mean < 1.15 * seeing.meanTtftMs.mean, text);
    assert.ok(aware.p99TtftMs.mean < 1.15 * seeing.p99TtftMs.mean, text);
    assert.ok(aware.hitRatio.mean > 0.8 * seeing.hitRatio.mean, text);
  });

  for (const kind of ['unique', 'one-block'] as const) {
    test(`costs nothing where there is nothing to share: ${kind}`, () => {
      const { aware, counted, text } = compared(kind, 4);
      assert.ok(aware.meanTtftMs.mean < 1.03 * counted.meanTtftMs.mean, text);
      assert.ok(aware.p99TtftMs.mean < 1.03 * counted.p99TtftMs.mean, text);
      assert.ok(aware.maxOverMean.mean < 1.1, text);
    });
  }

  test('finds out within a minute that an engine is twice as fast', () => {
    const trace = trafficOf({ seed: 6, requests: 800, perSecond: 2, kind: 'conversations' });
    const speeds = [2, 1, 1, 1, 1, 1, 1, 1];
    const strategy = 'prefix-aware';
    const { placements } = replay({ trace, speeds, profile: DEFAULT_PROFILE, strategy, seed: 1 });
    const [fast, ...others] = workIn(placements, 60_000, 300_000);
    const share = fast! / (others.reduce((a, b) => a + b, 0) / others.length);
    assert.ok(share > 1.5, `the fast one did ${share.toFixed(2)} times the work`);
  });

  test('uses an engine that joins within seconds, and none that is away', () => {
    const trace = trafficOf({ seed: 7, requests: 600, perSecond: 1.5, kind: 'conversations' });
    const incidents: Incident[] = [
      { atMs: 60_000, engine: 2, kind: 'dies' },
      { atMs: 120_000, engine: 2, kind: 'joins' },
      { atMs: 180_000, engine: 5, kind: 'restarts' },
    ];
    const { placements } = replay({
      ...{ trace, incidents, speeds: EIGHT, profile: DEFAULT_PROFILE },
      ...{ strategy: 'prefix-aware', seed: 2 },
    });
    assert.equal(placements.length, trace.requests.length, 'nothing is lost');
    // Arrivals are moved by up to a second.
    assert.equal(workIn(placements, 61_000, 119_000)[2], 0);
    const joined = workIn(placements, 120_000, 135_000);
    assert.ok(joined[2]! > 0, `after 15 s it did ${joined.join(' ')}`);
    const whole = workIn(placements, 180_000, 300_000);
    const mean = whole.reduce((a, b) => a + b, 0) / whole.length;
    assert.ok(whole[5]! > 0.6 * mean && whole[5]! < 1.6 * mean, whole.join(' '));
  });
});

describe('A replay', () => {
  test('is the same for the same seed', () => {
    const trace = trafficOf({ seed: 1, requests: 200, perSecond: 5, kind: 'conversations' });
    const options = { trace, speeds: EIGHT, profile: DEFAULT_PROFILE, strategy: 'prefix-aware' };
    assert.deepEqual(replay({ ...options, seed: 3 }), replay({ ...options, seed: 3 }));
    assert.notDeepEqual(replay({ ...options, seed: 3 }), replay({ ...options, seed: 4 }));
  });

  test('answers every request once, by every strategy, whatever happens to engines', () => {
    const incident = fc.record({
      atMs: fc.nat(60_000),
      engine: fc.integer({ min: 1, max: 7 }),
      kind: fc.constantFrom('restarts' as const, 'dies' as const, 'joins' as const),
    });
    fc.assert(
      fc.property(
        fc.nat(1_000),
        fc.constantFrom(...STRATEGIES),
        fc.constantFrom('conversations' as const, 'unique' as const, 'one-block' as const),
        fc.array(incident, { maxLength: 8 }),
        (seed, strategy, kind, happens) => {
          const trace = trafficOf({ seed: seed + 1, requests: 150, perSecond: 3, kind });
          const incidents = happens.sort((a, b) => a.atMs - b.atMs);
          const { hitRatio, maxOverMean, placements } = replay({
            ...{ trace, incidents, strategy, speeds: EIGHT },
            ...{ profile: DEFAULT_PROFILE, seed: seed + 1 },
          });
          assert.equal(placements.length, trace.requests.length);
          assert.ok(hitRatio >= 0 && hitRatio < 1);
          assert.ok(maxOverMean >= 1 && maxOverMean <= 8);
          for (const { cachedTokens, promptTokens, ttftMs } of placements) {
            assert.ok(ttftMs > 0 && cachedTokens >= 0 && cachedTokens <= promptTokens);
          }
        },
      ),
      { seed: 8, numRuns: 60 },
    );
  });
});
