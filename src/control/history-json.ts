/**
 * The body of `/api/history`, in the shape that scripts written for the reference read: the last
 * 120 seconds, one point each, the oldest first.
 */
import type { History } from './history.ts';
import type { Series, SeriesMetric } from './status.ts';

const OVERALL: readonly SeriesMetric[] = [
  'send_rpm',
  'comp_rpm',
  'running',
  'waiting',
  'healthy',
  'total',
  'connections',
  'pending',
];
const BACKEND: readonly SeriesMetric[] = [
  'send_rpm',
  'comp_rpm',
  'running',
  'waiting',
  'connections',
  'pending',
  'healthy',
];
const MODEL: readonly SeriesMetric[] = [
  'send_rpm',
  'comp_rpm',
  'running',
  'waiting',
  'connections',
  'healthy',
  'total',
];

type Numbers = readonly (number | null)[];

export function historyJson(history: History): readonly object[] {
  const overall = history.series('2m', OVERALL, { by: 'overview' });
  const backends = history.series('2m', BACKEND, { by: 'endpoint' }).series;
  const models = history.series('2m', MODEL, { by: 'model' }).series;
  return overall.times_at_ms.map((atMs, index) => {
    const [rpm, done, running, waiting, healthy, total, conns, pending] = at(
      overall.series[0]!,
      index,
    );
    return {
      time: new Date(atMs).toISOString(),
      total_rpm: rpm,
      comp_rpm: done,
      running,
      waiting,
      healthy,
      unhealthy: (total ?? 0) - (healthy ?? 0),
      conns,
      pending,
      backends: byName(backends, index, backendPoint),
      models: byName(models, index, modelPoint),
    };
  });
}

function at({ values }: Series, index: number): Numbers {
  return values.map((one) => one[index]!);
}

/** A series that began later than this point is left out of it. */
function byName(
  series: readonly Series[],
  index: number,
  pointOf: (numbers: Numbers) => object,
): Record<string, object> {
  const points: Record<string, object> = {};
  for (const one of series) {
    const numbers = at(one, index);
    if (numbers[0] !== null) points[one.name] = pointOf(numbers);
  }
  return points;
}

function backendPoint([send_rpm, comp_rpm, running, waiting, conns, pending, up]: Numbers): object {
  return { send_rpm, comp_rpm, running, waiting, conns, pending, healthy: up === 1 };
}

function modelPoint([send_rpm, comp_rpm, running, waiting, conns, healthy, total]: Numbers) {
  return { send_rpm, comp_rpm, running, waiting, conns, healthy, total };
}
