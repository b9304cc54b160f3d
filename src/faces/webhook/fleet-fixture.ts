/** A fleet for tests of the alerts, described in one line. */
import type { EndpointStatus, FleetStatus, Health } from '../../control/status.ts';

/** For tests: endpoints `a`, `b`, … of the model `m`, each in the given health. */
export function fleetOf(
  healths: { readonly [id: string]: Health },
  over: Partial<FleetStatus> = {},
): FleetStatus {
  const endpoints: EndpointStatus[] = Object.entries(healths).map(([id, health]) => {
    return { id, modelName: 'm', health };
  });
  const healthy = endpoints.filter(({ health }) => health === 'well').length;
  const model = { name: 'm', total: endpoints.length, healthy, requestsPerMinute: 3 };
  return {
    uptimeMs: 90_000,
    endpoints,
    models: [model],
    healthy,
    requests: 0,
    succeeded: 0,
    ...over,
  };
}
