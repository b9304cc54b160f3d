/** Keeps the numbers behind charts fresh while a view shows them. */
import { useEffect, useState } from 'preact/hooks';
import type { SeriesAnswer, SeriesMetric, SeriesRange } from '../../../control/status.ts';
import { ask } from './api.ts';

export interface SeriesQuestion {
  readonly range: SeriesRange;
  readonly by: 'overview' | 'model' | 'endpoint';
  readonly names: readonly string[];
  readonly metrics: readonly SeriesMetric[];
}

/** Often enough to see each new point, never more than the eye follows. */
const EVERY_MS: Record<SeriesRange, number> = {
  '2m': 2000,
  '15m': 5000,
  '6h': 60_000,
  '7d': 300_000,
};

/** undefined until the first answer to this question; the last one stays while it is asked anew. */
export function useSeries({ range, by, names, metrics }: SeriesQuestion): SeriesAnswer | undefined {
  const [answer, setAnswer] = useState<SeriesAnswer | undefined>(undefined);
  const query = new URLSearchParams({ range, by, metrics: metrics.join(',') });
  if (by !== 'overview') for (const name of names) query.append('name', name);
  const path = `/api/series?${query}`;
  const isEmpty = by !== 'overview' && names.length === 0;
  useEffect(() => {
    let current = true;
    const fetchNow = async () => {
      if (document.hidden || isEmpty) return;
      try {
        const found = await ask<SeriesAnswer>(path);
        if (current) setAnswer(found);
      } catch {
        // The banner tells; the next turn may succeed.
      }
    };
    void fetchNow();
    const timer = setInterval(fetchNow, EVERY_MS[range]);
    return () => {
      current = false;
      clearInterval(timer);
    };
  }, [path]);
  return isEmpty ? undefined : answer;
}
