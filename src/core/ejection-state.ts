// HOT PATH
/**
 * Reading the ejector's voice: from the cells of all workers to the state of one endpoint.
 *
 *     NONE ──failures──▶ RUNNING ──deadline──▶ PROBE_DUE ──claim──▶ PROBING
 *       ▲                   ▲                      │                   │
 *       │                   └───── a failure ──────┴───────────────────┤
 *       └───── a success, or the probe lasts PROBE_PATIENCE_MS ────────┘
 *
 * No worker can clear the cell of another, so nothing is cleared: an ejection is over when any
 * worker's last success is not older than the latest deadline of all workers. A success before the
 * deadline therefore changes nothing (it was sent before), one after it reopens, whoever saw it.
 * An operator ends an ejection by forgiving: what began before that moment no longer counts.
 *
 * bench: bench/pick.ts
 */
import type { Columns } from './columns.ts';

export const EJECTION_NONE = 0;
/** The ejection time is not over. */
export const EJECTION_RUNNING = 1;
/** It is over; exactly one request may try, after claiming the probe. */
export const EJECTION_PROBE_DUE = 2;
/** That request is on its way. */
export const EJECTION_PROBING = 3;

/**
 * A probe that neither failed nor ended in this time reopens the endpoint: answers may take an
 * hour, and one request at a time for so long would waste the engine. A dead engine fails at once;
 * a frozen one is the prober's to notice. It also frees the claim of a worker that vanished.
 */
export const PROBE_PATIENCE_MS = 10_000;

/** One of EJECTION_*. */
export function ejectionOf(columns: Columns, slot: number, nowMs: number): number {
  if (!wasEverEjected(columns, slot)) return EJECTION_NONE;
  return judgeEjection(columns, slot, nowMs, Atomics.load(columns.shared.probing, slot));
}

/** The same, seen with a given value of the probing cell (0 = unclaimed). */
export function judgeEjection(
  columns: Columns,
  slot: number,
  nowMs: number,
  claim: number,
): number {
  const untilMs = ejectedUntilMs(columns, slot);
  if (untilMs === 0 || latestOk(columns, slot) >= untilMs) return EJECTION_NONE;
  if (nowMs < untilMs) return EJECTION_RUNNING;
  if (claim === 0) return EJECTION_PROBE_DUE;
  const claimedAtMs = nowMs - claimAgeMs(claim, nowMs);
  if (claimedAtMs + CLAIM_TICK_MS <= untilMs) return EJECTION_PROBE_DUE; // of an earlier ejection
  return nowMs - claimedAtMs >= PROBE_PATIENCE_MS ? EJECTION_NONE : EJECTION_PROBING;
}

/** Index of the worker whose ejection ends last, forgiven ones aside; -1 = there is none. */
export function ejectingWorker(columns: Columns, slot: number): number {
  const workers = columns.workers;
  const forgivenMs = columns.control.forgivenMs[slot]!;
  let latestMs = 0;
  let by = -1;
  for (let worker = 0; worker < workers.length; worker++) {
    const untilMs = workers[worker]!.ejectedUntilMs[slot]!;
    if (untilMs <= latestMs) continue;
    if (forgivenMs !== 0 && workers[worker]!.ejectedAtMs[slot]! <= forgivenMs) continue;
    latestMs = untilMs;
    by = worker;
  }
  return by;
}

/** End of the latest ejection, forgiven ones aside; 0 = there was none. */
export function ejectedUntilMs(columns: Columns, slot: number): number {
  const by = ejectingWorker(columns, slot);
  return by < 0 ? 0 : columns.workers[by]!.ejectedUntilMs[slot]!;
}

/** False for most endpoints most of the time, and quickly said. */
export function wasEverEjected(columns: Columns, slot: number): boolean {
  const workers = columns.workers;
  for (let worker = 0; worker < workers.length; worker++) {
    if (workers[worker]!.ejectedUntilMs[slot] !== 0) return true;
  }
  return false;
}

function latestOk(columns: Columns, slot: number): number {
  const workers = columns.workers;
  let latestMs = 0;
  for (let worker = 0; worker < workers.length; worker++) {
    const okMs = workers[worker]!.lastOkMs[slot]!;
    if (okMs > latestMs) latestMs = okMs;
  }
  return latestMs;
}

/**
 * A claim is worker + 1 in 8 bits and the time of claiming in 24 bits of 16 ms: holder and age
 * change in one compare-and-swap. Ages are right up to 37 h; a claim lives for seconds.
 */
const CLAIM_TICK_MS = 16;
const HOLDER_BITS = 8;
const TICK_MASK = 0xffffff;
export const MAX_WORKERS = (1 << HOLDER_BITS) - 1;

export function makeClaim(workerIndex: number, nowMs: number): number {
  const tick = Math.floor(nowMs / CLAIM_TICK_MS) & TICK_MASK;
  return (tick << HOLDER_BITS) | (workerIndex + 1);
}

/** Index of the worker that made the claim. */
export function claimHolder(claim: number): number {
  return (claim & MAX_WORKERS) - 1;
}

/** 0 for a claim from a clock slightly ahead of ours. */
function claimAgeMs(claim: number, nowMs: number): number {
  const ticks = (Math.floor(nowMs / CLAIM_TICK_MS) - (claim >>> HOLDER_BITS)) & TICK_MASK;
  if (ticks > TICK_MASK >>> 1) return 0;
  return ticks * CLAIM_TICK_MS + (nowMs % CLAIM_TICK_MS);
}
