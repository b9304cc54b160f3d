import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixtureColumns } from './columns-fixture.ts';
import { poolOf } from './pickers/pool-fixture.ts';
import { Xorshift } from './random.ts';
import { observe, PoolRates } from './work-rates.ts';

/** Feeds `count` observations of an engine with these true prices, with 20 % of noise. */
function teach(columns: ReturnType<typeof fixtureColumns>, slot: number, msPerToken: number): void {
  const random = new Xorshift(slot + 5);
  for (let seen = 0; seen < 300; seen++) {
    const tokens = random.below(30_000);
    const running = random.below(30);
    const noise = 0.8 + 0.4 * random.next();
    const tookMs = (30 + tokens * msPerToken + running * 3) * noise;
    observe(columns.workers[seen % columns.workers.length]!, slot, {
      tokens,
      running,
      tookMs,
      nowMs: 0,
    });
  }
}

test('finds the price of a token, and that one engine is twice as fast', () => {
  const columns = fixtureColumns(4, 2);
  for (const [slot, msPerToken] of [0.05, 0.1, 0.1, 0.1].entries())
    teach(columns, slot, msPerToken);
  const rates = new PoolRates(columns, poolOf([1, 1, 1, 1]));
  rates.refresh(1);
  const [fast, ...others] = [...rates.msPerToken];
  for (const other of others) {
    assert.ok(other > 0.08 && other < 0.12, `${other}`);
    assert.ok(fast! / other < 0.75, `${fast} of ${other}`);
  }
});

test('starts a new endpoint from what is common in its cluster', () => {
  const columns = fixtureColumns(3, 1);
  teach(columns, 0, 0.2);
  teach(columns, 1, 0.2);
  const rates = new PoolRates(columns, poolOf([1, 1, 1]));
  rates.refresh(1);
  assert.ok(Math.abs(rates.msPerToken[2]! - 0.2) < 0.03, `${rates.msPerToken[2]}`);
});

test('takes the difference that chance makes between equal engines for none', () => {
  const columns = fixtureColumns(8, 1);
  for (let slot = 0; slot < 8; slot++) teach(columns, slot, 0.1);
  const rates = new PoolRates(columns, poolOf(new Array(8).fill(1)));
  rates.refresh(1);
  const all = [...rates.msPerToken];
  assert.ok(Math.max(...all) / Math.min(...all) < 1.02, all.join(' '));
});

test('believes less and less of an endpoint that nobody saw for long, and keeps the median', () => {
  const columns = fixtureColumns(4, 1);
  for (const [slot, msPerToken] of [0.4, 0.1, 0.1, 0.1].entries()) teach(columns, slot, msPerToken);
  columns.workers[0]!.firstByteAtMs.fill(1_000);
  const pool = poolOf([1, 1, 1, 1]);
  const priceAt = (nowMs: number) => {
    columns.workers[0]!.firstByteAtMs.fill(nowMs, 1);
    const rates = new PoolRates(columns, pool);
    rates.refresh(nowMs);
    const [slow, usual] = rates.msPerToken;
    return slow! / usual!;
  };
  assert.ok(priceAt(1_000) > 3);
  assert.ok(priceAt(61_000) > 2.5, 'it was seen often enough for a minute');
  assert.ok(priceAt(601_000) < 1.1, 'and may show after ten how it is now');
  columns.workers[0]!.firstByteAtMs.fill(1_000);
  const rates = new PoolRates(columns, pool);
  rates.refresh(1e9);
  assert.ok(
    Math.abs(rates.msPerToken[1]! - 0.1) < 0.03,
    'after a night the cluster is still known',
  );
});

test('one look after a long silence does not renew what had faded', () => {
  const columns = fixtureColumns(4, 1);
  const own = columns.workers[0]!;
  for (const [slot, msPerToken] of [0.4, 0.1, 0.1, 0.1].entries()) teach(columns, slot, msPerToken);
  own.firstByteAtMs.fill(1_000);
  const nowMs = 601_000;
  for (let slot = 0; slot < 4; slot++) {
    observe(own, slot, { tokens: 4_096, running: 0, tookMs: 30 + 410, nowMs });
    own.firstByteAtMs[slot] = nowMs;
  }
  const rates = new PoolRates(columns, poolOf([1, 1, 1, 1]));
  rates.refresh(nowMs);
  const [once, usual] = rates.msPerToken;
  assert.ok(once! / usual! < 1.5, `${once} beside ${usual}`);
  assert.ok(Math.abs(usual! - 0.1) < 0.03, `${usual}`);
});

test('prices stay positive and finite, whatever is observed', () => {
  const columns = fixtureColumns(1, 1);
  const random = new Xorshift(9);
  for (let seen = 0; seen < 2_000; seen++) {
    const tokens = random.below(1_000_000);
    const tookMs = random.below(2) === 0 ? 0 : random.below(3_600_000);
    observe(columns.workers[0]!, 0, { tokens, running: random.below(5_000), tookMs, nowMs: 0 });
    const own = columns.workers[0]!;
    for (const price of [own.msPerToken[0]!, own.msPerRunning[0]!]) {
      assert.ok(price > 0 && Number.isFinite(price), `${price}`);
    }
    assert.ok(own.baseMs[0]! >= 0 && Number.isFinite(own.baseMs[0]!));
  }
});
