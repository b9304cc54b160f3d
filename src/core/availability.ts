// HOT PATH
/**
 * May an endpoint take a request? The one place that combines the voices of the operator, the
 * prober, the ejector, and what the endpoint itself said (Retry-After). Each voice writes its own
 * columns; nobody writes another's.
 *
 * Precedence: what even panic must respect comes first (DRAINING, UNCHECKED, BUSY), so that an
 * endpoint which asked for a pause keeps it while it is also down; then DOWN, which only the
 * prober ends, so no request is wasted as a probe on it; then the ejection.
 *
 * bench: bench/pick.ts
 */
import {
  type Columns,
  OPERATOR_ENABLED,
  PROBE_DOWN,
  PROBE_UNKNOWN,
  type WorkerColumns,
} from './columns.ts';
import { EJECTION_NONE, EJECTION_PROBE_DUE, ejectionOf } from './ejection-state.ts';

export const ADMITTING = 0;
/** Its ejection time is over: one request may try it, after `Ejector.claimProbe`. */
export const PROBE_DUE = 1;
/** Traffic failed there; also while another request probes it. */
export const EJECTED = 2;
/** It asked to be left alone for now. */
export const BUSY = 3;
/** The prober cannot reach it. */
export const DOWN = 4;
/** The prober has not reached it yet, so nothing says that it exists. */
export const UNCHECKED = 5;
/** The operator takes it out, for maintenance or not: it finishes what it has. */
export const DRAINING = 6;

/** One of the constants above. */
export function availabilityOf(columns: Columns, slot: number, nowMs: number): number {
  const control = columns.control;
  if (control.operatorState[slot] !== OPERATOR_ENABLED) return DRAINING;
  const probe = control.probeState[slot];
  if (probe === PROBE_UNKNOWN) return UNCHECKED;
  if (busyUntilMs(columns.workers, slot) > nowMs) return BUSY;
  if (probe === PROBE_DOWN) return DOWN;
  const ejection = ejectionOf(columns, slot, nowMs);
  if (ejection === EJECTION_NONE) return ADMITTING;
  return ejection === EJECTION_PROBE_DUE ? PROBE_DUE : EJECTED;
}

/** May it be used when the health of its cluster is ignored? */
export function panicAdmits(availability: number): boolean {
  return (
    availability === ADMITTING ||
    availability === PROBE_DUE ||
    availability === EJECTED ||
    availability === DOWN
  );
}

/** When the endpoint may be asked again, as far as any worker knows; 0 = never was busy. */
export function busyUntilMs(workers: readonly WorkerColumns[], slot: number): number {
  let latestMs = 0;
  for (let worker = 0; worker < workers.length; worker++) {
    const untilMs = workers[worker]!.busyUntilMs[slot]!;
    if (untilMs > latestMs) latestMs = untilMs;
  }
  return latestMs;
}
