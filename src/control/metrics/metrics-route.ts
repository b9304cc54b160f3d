/** `GET /metrics` on the operators' listener. */
import type { OperatorRoute } from '../operator-route.ts';
import { type MetricsSources, metricsText } from './exposition.ts';
import { PROMETHEUS_TYPE } from './metrics-page.ts';
import { readProcessFacts } from './process-facts.ts';

export function metricsRoute(sources: MetricsSources): OperatorRoute {
  return {
    method: 'GET',
    path: '/metrics',
    summary: 'Metrics for Prometheus, or for OpenMetrics where Accept prefers it.',
    type: PROMETHEUS_TYPE,
    handle: async ({ headers }) => {
      const facts = await readProcessFacts();
      return { status: 200, ...metricsText(sources, facts, headers.accept ?? '') };
    },
  };
}
