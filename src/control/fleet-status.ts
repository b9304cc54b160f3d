/** The fleet as its faces see it (control/status): read from the columns when it is asked for. */
import type { Clock } from '../core/clock.ts';
import type { EndpointSpec } from '../core/endpoint.ts';
import { ERRORS } from '../core/errors.ts';
import type { PlaneEvent } from '../core/plane-messages.ts';
import { totalOf } from '../state/reader.ts';
import { TOTAL_OK, TOTAL_REQUESTS } from '../state/totals.ts';
import type { RpmMeter } from './rpm-meter.ts';
import type { EndpointFailure, EndpointStatus, FleetStatus, Health } from './status.ts';

export interface StatusSources {
  readonly totals: readonly Float64Array[];
  readonly clock: Clock;
  readonly startedMs: number;
  readonly rpm: Pick<RpmMeter, 'sendRpm'>;
  readonly endpoints: readonly EndpointSpec[];
  healthOf(slot: number): Health;
}

export function fleetStatus(sources: StatusSources): FleetStatus {
  const { totals, clock, rpm } = sources;
  const nowMs = clock.nowMs();
  const endpoints: EndpointStatus[] = [];
  const models = new Map<string, { total: number; healthy: number; requestsPerMinute: number }>();
  let healthy = 0;
  for (const { id, modelName, slot } of sources.endpoints) {
    const health = sources.healthOf(slot);
    endpoints.push({ id, modelName, health });
    const model = models.get(modelName) ?? { total: 0, healthy: 0, requestsPerMinute: 0 };
    models.set(modelName, model);
    model.total++;
    model.requestsPerMinute += rpm.sendRpm(slot);
    if (health !== 'well') continue;
    model.healthy++;
    healthy++;
  }
  return {
    uptimeMs: nowMs - sources.startedMs,
    endpoints,
    models: [...models].map(([name, model]) => ({ name, ...model })),
    healthy,
    requests: totalOf(totals, TOTAL_REQUESTS),
    succeeded: totalOf(totals, TOTAL_OK),
  };
}

/** What an ejection says about its endpoint; undefined for other events and endpoints that left. */
export function failureOf(
  { kind, endpointId, detail }: PlaneEvent,
  endpoints: readonly EndpointSpec[],
): EndpointFailure | undefined {
  if (kind !== 'ejected') return undefined;
  const spec = endpoints.find(({ id }) => id === endpointId);
  if (spec === undefined) return undefined;
  const rows: Readonly<Record<string, { readonly message: string }>> = ERRORS;
  const words = Object.hasOwn(rows, detail) ? `: ${rows[detail]!.message}` : '';
  const cause = `${detail}${words}`.replace(/\.$/, '');
  return { id: spec.id, modelName: spec.modelName, voice: 'traffic', cause };
}
