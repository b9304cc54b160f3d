import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { identityOf, SessionAffinity } from './affinity.ts';
import { fixtureColumns } from './columns-fixture.ts';
import type { Gate, Pool } from './pickers/picker.ts';
import { poolOf } from './pickers/pool-fixture.ts';
import { Xorshift } from './random.ts';
import { askAt, strategyOf } from './strategy-fixture.ts';

const KEYS = Array.from({ length: 2_000 }, (_, at) => identityOf(`session ${at}`));

function rig(weights: number[], inner = 'simple-shuffle') {
  const columns = fixtureColumns(weights.length, 2);
  const strategy = new SessionAffinity(strategyOf(inner, columns, 1_000), columns.workers);
  const pool: Pool = poolOf(weights);
  const random = new Xorshift(7);
  const ask = askAt(1);
  const pick = (key: number, away: readonly number[] = []) => {
    const gate: Gate = { admits: (member) => !away.includes(member) };
    ask.session = key;
    return strategy.pick(pool, gate, random, ask);
  };
  return { columns, pick, ask };
}

describe('SessionAffinity', () => {
  for (const inner of ['simple-shuffle', 'least-connections', 'least-latency', 'prefix-aware']) {
    test(`keeps a session on one endpoint beside ${inner}`, () => {
      const { ask, pick } = rig(new Array(8).fill(1), inner);
      for (const key of KEYS.slice(0, 50)) {
        const home = pick(key);
        for (let again = 0; again < 5; again++) assert.equal(pick(key), home);
        assert.equal(ask.decision.session, 'home');
        assert.equal(ask.decision.member, home);
      }
    });
  }

  test('spreads sessions by weight', () => {
    const { pick } = rig([1, 1, 2]);
    const counts = [0, 0, 0];
    for (const key of KEYS) counts[pick(key)]!++;
    // N = 2,000: the standard deviation of a share is at most 0.011.
    for (const [member, share] of [0.25, 0.25, 0.5].entries()) {
      assert.ok(Math.abs(counts[member]! / KEYS.length - share) < 0.05, counts.join(' '));
    }
  });

  test('goes to its second home while the first is away, and returns', () => {
    const { ask, pick } = rig(new Array(8).fill(1));
    for (const key of KEYS.slice(0, 50)) {
      const home = pick(key);
      const second = pick(key, [home]);
      assert.notEqual(second, home);
      assert.equal(ask.decision.session, 'second_home');
      assert.equal(pick(key, [home]), second, 'the same for all of its requests');
      assert.equal(pick(key), home);
    }
  });

  test('moves only the sessions of an endpoint that left', () => {
    const { pick } = rig(new Array(8).fill(1));
    for (const key of KEYS.slice(0, 300)) {
      const home = pick(key);
      if (home !== 3) assert.equal(pick(key, [3]), home);
    }
  });

  test('lets no session drown an endpoint', () => {
    const { ask, columns, pick } = rig(new Array(8).fill(1));
    const key = KEYS[0]!;
    for (let request = 0; request < 400; request++) columns.workers[0]!.inFlight[pick(key)]!++;
    const inFlight = [...columns.workers[0]!.inFlight];
    assert.ok(Math.max(...inFlight) <= 1.25 * 50 + 4, inFlight.join(' '));
    assert.equal(ask.decision.session, 'broken_by_load');
  });

  test('leaves requests without a session to the strategy', () => {
    const { ask, pick } = rig([1, 1, 1, 1]);
    const seen = new Set<number>();
    for (let request = 0; request < 100; request++) seen.add(pick(0));
    assert.equal(seen.size, 4);
    assert.equal(ask.decision.session, 'none');
  });

  test('answers -1 when nobody is admitted', () => {
    const { pick } = rig([1, 1]);
    assert.equal(pick(KEYS[0]!, [0, 1]), -1);
  });
});
