/**
 * The last two minutes of the whole router, for the small lines in tiles: what the router kept
 * before this page was opened, then each snapshot. Invariant: at most POINTS values a metric.
 */
import type { SeriesAnswer, SeriesMetric, StatusSnapshot } from '../../../control/status.ts';
import { ask } from './api.ts';
import { Cell } from './cell.ts';

const POINTS = 120;

export type TrailMetric =
  | 'send_rpm'
  | 'comp_rpm'
  | 'errors_rpm'
  | 'ttft_p95_ms'
  | 'tokens_per_s'
  | 'connections'
  | 'pending'
  | 'running'
  | 'waiting';

const METRICS: readonly TrailMetric[] = [
  'send_rpm',
  'comp_rpm',
  'errors_rpm',
  'ttft_p95_ms',
  'tokens_per_s',
  'connections',
  'pending',
  'running',
  'waiting',
];

export interface Trail {
  readonly times: readonly number[];
  readonly values: Readonly<Record<TrailMetric, readonly (number | null)[]>>;
}

const EMPTY: Trail = {
  times: [],
  values: Object.fromEntries(METRICS.map((metric) => [metric, []])) as unknown as Trail['values'],
};

export const trail = new Cell<Trail>(EMPTY);

/** Fetches what was before; does nothing when that fails. */
export async function preloadTrail(): Promise<void> {
  const metrics = METRICS.join(',');
  try {
    const answer = await ask<SeriesAnswer>(`/api/series?range=2m&by=overview&metrics=${metrics}`);
    const { times, values } = trail.value;
    const older = answer.times_at_ms.filter((atMs) => atMs < (times[0] ?? Number.MAX_VALUE)).length;
    trail.set({
      times: [...answer.times_at_ms.slice(0, older), ...times],
      values: byMetric((metric) => [
        ...(answer.series[0]?.values[METRICS.indexOf(metric)]?.slice(0, older) ?? []),
        ...values[metric],
      ]),
    });
  } catch {
    // The lines begin now, then.
  }
}

/** Takes a snapshot in. */
export function follow(snapshot: StatusSnapshot): void {
  const { times, values } = trail.value;
  if (snapshot.now_at_ms <= (times.at(-1) ?? 0)) return;
  trail.set({
    times: [...times, snapshot.now_at_ms].slice(-POINTS),
    values: byMetric((metric) => [...values[metric], numberOf(snapshot, metric)].slice(-POINTS)),
  });
}

function byMetric(of: (metric: TrailMetric) => readonly (number | null)[]): Trail['values'] {
  return Object.fromEntries(
    METRICS.map((metric) => [metric, of(metric)]),
  ) as unknown as Trail['values'];
}

function numberOf({ traffic, sources, models }: StatusSnapshot, metric: SeriesMetric) {
  if (metric === 'ttft_p95_ms') return traffic.ttft_p95_ms;
  if (metric === 'tokens_per_s') return traffic.completion_tokens_per_s;
  if (metric === 'errors_rpm') return models.reduce((sum, row) => sum + row.errors_rpm, 0);
  const key = metric as 'send_rpm' | 'comp_rpm' | 'connections' | 'pending' | 'running' | 'waiting';
  return sources.reduce((sum, row) => sum + row[key], 0);
}
