/**
 * The endpoints of a model as admission sees them this moment: their load, and why one of them
 * would not be chosen. For decision records: cold, and rationed by its callers.
 */
import {
  ADMITTING,
  availabilityOf,
  BUSY,
  DOWN,
  DRAINING,
  EJECTED,
  PROBE_DUE,
  UNCHECKED,
} from '../core/availability.ts';
import { used } from '../core/rate-window.ts';
import type { Candidate } from '../core/request-record.ts';
import type { DataPlane } from './plane.ts';

/** A model may have hundreds; the first ones show the pattern. */
const MAX_CANDIDATES = 16;

const WHY = new Map<number, Candidate['excluded']>([
  [ADMITTING, ''],
  [PROBE_DUE, ''],
  [EJECTED, 'ejected'],
  [BUSY, 'busy'],
  [DOWN, 'down'],
  [UNCHECKED, 'unchecked'],
  [DRAINING, 'draining'],
]);

/**
 * `tried`: slots that failed the request already. `chosen`: the id of the endpoint that was taken,
 * and charged, a moment ago; '' = none was. It is shown as it was before.
 */
export function candidatesOf(
  plane: DataPlane,
  model: string,
  tried: readonly number[],
  chosen: string,
): readonly Candidate[] {
  const cluster = plane.table.cluster(model);
  if (cluster === undefined) return [];
  const { columns } = plane;
  const nowMs = plane.clock.nowMs();
  const found: Candidate[] = [];
  for (let i = 0; i < Math.min(cluster.size, MAX_CANDIDATES); i++) {
    const { id, slot, rpmLimit, own } = cluster.endpoints[i]!;
    let inFlight = 0;
    for (const worker of columns.workers) inFlight += worker.inFlight[slot]!;
    const isChosen = id === chosen;
    const counted = rpmLimit === 0 ? 0 : used(columns.shared.rate, slot, nowMs);
    const rpm = isChosen ? Math.max(0, counted - 1) : counted;
    let excluded = WHY.get(availabilityOf(columns, slot, nowMs)) ?? '';
    const most = leastLimit(plane.options.maxConnsPerHost, own?.maxParallel ?? 0);
    if (isChosen) excluded = '';
    else if (tried.includes(slot)) excluded = 'tried';
    else if (excluded === '' && rpmLimit > 0 && rpm >= rpmLimit) excluded = 'rate_limit';
    else if (excluded === '' && most > 0 && inFlight >= most) excluded = 'connection_limit';
    const waiting = columns.control.waiting[slot]!;
    found.push({ endpoint: id, inFlight, waiting, rpm, excluded });
  }
  return found;
}

/** 0 = no limit. */
function leastLimit(a: number, b: number): number {
  if (a === 0 || b === 0) return Math.max(a, b);
  return Math.min(a, b);
}
