/** When a client should ask again, from the state of its model's endpoints. Cold path. */
import {
  ADMITTING,
  availabilityOf,
  BUSY,
  busyUntilMs,
  EJECTED,
  PROBE_DUE,
} from '../core/availability.ts';
import type { Cluster } from '../core/cluster.ts';
import type { Columns } from '../core/columns.ts';
import { ejectedUntilMs } from '../core/ejection-state.ts';
import type { EndpointSpec } from '../core/endpoint.ts';
import { waitMs } from '../core/rate-window.ts';
import { tokenWaitMs } from '../core/token-window.ts';
import type { AdmissionParts } from './admission-gate.ts';

/** Nobody knows when an engine will be up again; the prober asks new ones this often. */
const DOWN_COME_BACK_MS = 5_000;
const MAX_COME_BACK_MS = 60_000;

/** Time until the first endpoint frees a place, as far as that is known; -1 = all are down. */
export function retryAfterMs({ columns, clock }: AdmissionParts, cluster: Cluster): number {
  const nowMs = clock.nowMs();
  let soonestMs = -1;
  for (let i = 0; i < cluster.size; i++) {
    const slot = cluster.slots[i]!;
    const state = availabilityOf(columns, slot, nowMs);
    let ms = -1;
    if (state === BUSY) ms = Math.max(0, busyUntilMs(columns.workers, slot) - nowMs);
    else if (state === ADMITTING || state === PROBE_DUE) {
      const limit = cluster.endpoints[i]!.rpmLimit;
      ms = limit > 0 ? waitMs(columns.shared.rate, slot, limit, nowMs) : 0;
      ms = Math.max(ms, tokensMs(columns, cluster.endpoints[i]!, nowMs));
    }
    if (ms >= 0 && (soonestMs < 0 || ms < soonestMs)) soonestMs = ms;
  }
  return soonestMs;
}

/** When a client should ask again; also when all are down. */
export function comeBackMs(plane: AdmissionParts, cluster: Cluster): number {
  const ms = retryAfterMs(plane, cluster);
  if (ms >= 0) return ms;
  const { columns, clock } = plane;
  const nowMs = clock.nowMs();
  let soonestMs = -1;
  for (let i = 0; i < cluster.size; i++) {
    const slot = cluster.slots[i]!;
    if (availabilityOf(columns, slot, nowMs) !== EJECTED) continue;
    const leftMs = Math.max(0, ejectedUntilMs(columns, slot) - nowMs);
    if (soonestMs < 0 || leftMs < soonestMs) soonestMs = leftMs;
  }
  return soonestMs < 0 ? DOWN_COME_BACK_MS : Math.min(soonestMs, MAX_COME_BACK_MS);
}

/** Until an endpoint's token window takes something again. */
function tokensMs({ shared }: Columns, { own, slot }: EndpointSpec, nowMs: number): number {
  if (own === undefined || own.tpmLimit === 0) return 0;
  return tokenWaitMs(shared.tokens, slot, { limit: own.tpmLimit, tokens: 1 }, nowMs);
}
