/**
 * Was the generator itself the limit? A run in which it was says more about this tool than about
 * the server, so it is marked INVALID with its reasons.
 */
import type { RunOutcome } from '../crew.ts';
import { LATE, SENT } from './tally.ts';

const MAX_BUSY = 0.95;
const MAX_LAG_MS = 20;
const MAX_LATE_SHARE = 0.01;
/** Of a handful of requests one late one is no verdict. */
const MIN_LATE = 5;

export interface SelfCheck {
  readonly valid: boolean;
  readonly reasons: readonly string[];
  /** Of the busiest thread. */
  readonly busy: number;
  /** p99 of the worst thread. */
  readonly loop_lag_ms: number;
  readonly late_share: number;
  /** Cores that this process used on average. */
  readonly cores: number;
}

export function selfCheck({ ends, total, elapsedMs, cpuMs }: RunOutcome): SelfCheck {
  const busy = Math.max(...ends.map((end) => end.busy));
  const lagMs = Math.max(...ends.map((end) => end.lagMs));
  const late = total.counts[LATE]!;
  const lateShare = late / Math.max(1, total.counts[SENT]!);
  const reasons: string[] = [];
  if (busy > MAX_BUSY) {
    reasons.push(`a generator thread was busy ${percent(busy)} of the time: use more -workers`);
  }
  if (lagMs > MAX_LAG_MS) {
    reasons.push(`timers of a generator thread were ${lagMs.toFixed(0)} ms late (p99)`);
  }
  if (late >= MIN_LATE && lateShare > MAX_LATE_SHARE) {
    reasons.push(`${percent(lateShare)} of the requests were sent more than 5 ms late`);
  }
  const cores = cpuMs / elapsedMs;
  const check = { busy, loop_lag_ms: lagMs, late_share: lateShare, cores };
  return { valid: reasons.length === 0, reasons, ...check };
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
