// HOT PATH
/**
 * Slow start: an endpoint that recovers takes a tenth of its share first and all of it at the end
 * of the ramp. Its caches are cold, and what felled it may still be there; without a ramp an idle
 * endpoint would draw every waiting request at once.
 *
 * The cell holds the time of recovery; whoever sees the recovery writes it (the worker whose probe
 * reopened the endpoint, the prober), the last one counts. One number per slot, read plainly: who
 * sees it a moment late is wrong about one request.
 *
 * bench: bench/pick.ts
 */
import type { Columns } from './columns.ts';

/** Times are kept in steps that outlast years of uptime in an Int32. */
const TICK_MS = 64;
const FIRST_SHARE = 0.1;

/** The ramp begins at `atMs`, which may lie in the future: till then the share is the lowest. */
export function noteRecovery(columns: Columns, slot: number, atMs: number): void {
  Atomics.store(columns.shared.recovered, slot, Math.max(1, Math.floor(atMs / TICK_MS)));
}

/** When the slot was last seen to recover; 0 = never. */
export function recoveredAtMs(columns: Columns, slot: number): number {
  return columns.shared.recovered[slot]! * TICK_MS;
}

/** The part of its ordinary share that an endpoint may take, 0.1 … 1; 1 also when ramps are off. */
export function rampShare(
  columns: Columns,
  slot: number,
  nowMs: number,
  slowStartMs: number,
): number {
  const atMs = recoveredAtMs(columns, slot);
  if (atMs === 0 || slowStartMs === 0) return 1;
  const share = (nowMs - atMs) / slowStartMs;
  return share >= 1 ? 1 : Math.max(FIRST_SHARE, share);
}
