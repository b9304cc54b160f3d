import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SHOT_CANCELLED, SHOT_FAILED, SHOT_OK, SHOT_UNFINISHED, Shot } from '../client/shot.ts';
import { numbersOf, sloValue } from './numbers.ts';
import { score } from './score.ts';
import { IN_FLIGHT, merged, type Tally } from './tally.ts';

const NO_LIMITS = { ttftMs: Infinity, tpotMs: Infinity, e2elMs: Infinity };
const WANTED = { percentiles: [50, 99], metrics: ['ttft', 'tpot', 'e2el'] } as const;

/** Due at 0, sent at 10, first token at 60, last at 160, whole at 170; five tokens. */
function shotOf(tally: Tally): Shot {
  const extra = { cancelAfterMs: -1, wantsText: false, session: -1, keepsGaps: false };
  const shot = new Shot(Buffer.alloc(0), tally, 0, extra);
  tally.counts[IN_FLIGHT]!++;
  shot.sentMs = 10;
  shot.firstMs = 60;
  shot.lastMs = 160;
  shot.tokenEvents = 3;
  shot.promptTokens = 7;
  shot.completionTokens = 5;
  shot.cachedTokens = 4;
  return shot;
}

test('latencies count from the send, and from the due time beside', () => {
  const tally = merged([]);
  score(shotOf(tally), SHOT_OK, 170, NO_LIMITS);
  const numbers = numbersOf(tally, 2000, WANTED);
  assert.equal(numbers.mean_ttft_ms, 50);
  assert.equal(numbers.mean_e2el_ms, 160);
  assert.equal(numbers.mean_queue_ms, 10);
  assert.equal(numbers.mean_ttft_intended_ms, 60);
  assert.equal(numbers.mean_e2el_intended_ms, 170);
  assert.equal(numbers.mean_tpot_ms, 25);
  assert.equal(numbers.total_output_tokens, 5);
  assert.equal(numbers.total_cached_tokens, 4);
  assert.equal(numbers.request_throughput, 0.5);
  assert.equal(tally.counts[IN_FLIGHT], 0);
});

test('a good request meets every limit', () => {
  for (const [limits, good] of [
    [{ ...NO_LIMITS, ttftMs: 50 }, 1],
    [{ ...NO_LIMITS, ttftMs: 49 }, 0],
    [{ ...NO_LIMITS, tpotMs: 24 }, 0],
    [{ ttftMs: 50, tpotMs: 25, e2elMs: 159 }, 0],
    [{ ttftMs: 50, tpotMs: 25, e2elMs: 160 }, 1],
  ] as const) {
    const tally = merged([]);
    score(shotOf(tally), SHOT_OK, 170, limits);
    assert.equal(numbersOf(tally, 1000, WANTED).request_goodput, good);
  }
});

test('without usage the text events are the tokens', () => {
  const tally = merged([]);
  const shot = shotOf(tally);
  shot.completionTokens = -1;
  score(shot, SHOT_OK, 170, NO_LIMITS);
  const numbers = numbersOf(tally, 1000, WANTED);
  assert.equal(numbers.total_output_tokens, 3);
  assert.equal(numbers.mean_tpot_ms, 50);
  assert.equal(numbers.without_usage, 1);
});

test('what was not answered whole is counted and not timed', () => {
  const tally = merged([]);
  for (const outcome of [SHOT_FAILED, SHOT_FAILED, SHOT_CANCELLED, SHOT_UNFINISHED, SHOT_OK]) {
    score(shotOf(tally), outcome, 170, NO_LIMITS);
  }
  const numbers = numbersOf(tally, 1000, WANTED);
  assert.deepEqual(
    [numbers.completed, numbers.failed, numbers.cancelled, numbers.unfinished],
    [1, 2, 1, 1],
  );
  assert.equal(tally.e2el.count(), 1);
  assert.ok(Math.abs(numbers.error_rate! - 2 / 3) < 1e-9);
});

test('objectives may name what the report does not show', () => {
  const tally = merged([]);
  score(shotOf(tally), SHOT_OK, 170, NO_LIMITS);
  assert.equal(sloValue(tally, 1000, 'p99.9_e2el_ms'), 160);
  assert.equal(sloValue(tally, 1000, 'median_queue_ms'), 10);
  assert.equal(sloValue(tally, 1000, 'error_rate'), 0);
  assert.ok(Number.isNaN(sloValue(merged([]), 1000, 'p99_ttft_ms')));
});
