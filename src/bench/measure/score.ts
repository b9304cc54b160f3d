/**
 * Turns an ended request into numbers. Only whole answers count in the latencies; what failed,
 * left or was cut off is counted beside them.
 */
import { SHOT_CANCELLED, SHOT_OK, SHOT_UNFINISHED, type Shot } from '../client/shot.ts';
import type { GoodputLimits } from '../plan.ts';
import {
  CACHED_TOKENS,
  CANCELLED,
  FAILED,
  GOOD,
  IN_FLIGHT,
  INPUT_TOKENS,
  OUTPUT_TOKENS,
  SUCCEEDED,
  UNFINISHED,
  WITHOUT_USAGE,
} from './tally.ts';

/** Records a shot that was sent and ended at `nowMs`. */
export function score(shot: Shot, outcome: number, nowMs: number, limits: GoodputLimits): void {
  const { counts } = shot.tally;
  counts[IN_FLIGHT]!--;
  if (outcome === SHOT_OK) succeed(shot, nowMs, limits);
  else if (outcome === SHOT_CANCELLED) counts[CANCELLED]!++;
  else if (outcome === SHOT_UNFINISHED) counts[UNFINISHED]!++;
  else counts[FAILED]!++;
}

function succeed(shot: Shot, nowMs: number, limits: GoodputLimits): void {
  const { tally, sentMs, firstMs } = shot;
  const { counts } = tally;
  const e2elMs = nowMs - sentMs;
  // A send a moment before its time is no reason to subtract that moment.
  const queueMs = Math.max(0, sentMs - shot.dueMs);
  counts[SUCCEEDED]!++;
  tally.e2el.record(e2elMs * 1000);
  tally.e2el_intended.record((e2elMs + queueMs) * 1000);
  tally.queue.record(queueMs * 1000);
  const tokens = shot.completionTokens >= 0 ? shot.completionTokens : shot.tokenEvents;
  if (shot.completionTokens < 0) counts[WITHOUT_USAGE]!++;
  if (shot.promptTokens > 0) counts[INPUT_TOKENS]! += shot.promptTokens;
  if (shot.cachedTokens > 0) counts[CACHED_TOKENS]! += shot.cachedTokens;
  counts[OUTPUT_TOKENS]! += tokens;
  let tpotMs = 0;
  let ttftMs = 0;
  if (firstMs > 0) {
    ttftMs = firstMs - sentMs;
    tally.ttft.record(ttftMs * 1000);
    tally.ttft_intended.record((ttftMs + queueMs) * 1000);
    if (tokens > 1) {
      tpotMs = (shot.lastMs - firstMs) / (tokens - 1);
      tally.tpot.record(tpotMs * 1000);
    }
  }
  const good = ttftMs <= limits.ttftMs && tpotMs <= limits.tpotMs && e2elMs <= limits.e2elMs;
  if (good) counts[GOOD]!++;
}
