/**
 * What the dashboards read over HTTP besides the reference's `/api/dashboard`: the history, the
 * series behind charts, and the live events.
 */
import { SERIES_METRICS } from './history.ts';
import { historyJson } from './history-json.ts';
import { jsonReply, type OperatorRoute, refusal } from './operator-route.ts';
import type { SeriesAnswer, SeriesMetric, SeriesRange } from './status.ts';
import type { StatusBoard } from './status-board.ts';

/** More lines than this no chart can tell apart, nor a browser draw at once. */
const MAX_SERIES = 100;
const RANGES: readonly string[] = ['2m', '15m', '6h', '7d'] satisfies SeriesRange[];
const SCOPES: readonly string[] = ['overview', 'model', 'endpoint'];

export function boardRoutes(board: StatusBoard): OperatorRoute[] {
  return [
    {
      method: 'GET',
      path: '/api/history',
      summary: 'The last 120 seconds, a point each: the router, its endpoints and its models.',
      handle: () => jsonReply(200, historyJson(board.history)),
    },
    {
      method: 'GET',
      path: '/api/live',
      summary: 'Server-sent events: a snapshot as in /admin/status, then what changes each second.',
      type: 'text/event-stream',
      handle: () => ({ stream: (response) => board.live.open(response, board.status) }),
    },
    {
      method: 'GET',
      path: '/api/series',
      summary: 'The numbers behind charts.',
      query: {
        range: `How far back: ${RANGES.join(', ')}.`,
        by: `Whose numbers: ${SCOPES.join(', ')}.`,
        name: 'Which models or endpoints, once for each; all by default.',
        metrics: `Which numbers, with commas between; of ${SERIES_METRICS.join(', ')}.`,
      },
      handle: ({ query }) => {
        const answer = seriesAnswer(board, query);
        if (typeof answer !== 'string') return jsonReply(200, answer);
        return refusal(400, 'invalid_request_error', answer);
      },
    },
  ];
}

/** A sentence when the question is not one. */
function seriesAnswer(board: StatusBoard, query: URLSearchParams): SeriesAnswer | string {
  const range = query.get('range') ?? '2m';
  const by = query.get('by') ?? 'overview';
  const metrics = (query.get('metrics') ?? SERIES_METRICS.join(',')).split(',');
  if (!RANGES.includes(range)) return `range is one of ${RANGES.join(', ')}.`;
  if (!SCOPES.includes(by)) return `by is one of ${SCOPES.join(', ')}.`;
  if (!metrics.every((metric) => (SERIES_METRICS as readonly string[]).includes(metric))) {
    return `metrics is a list of ${SERIES_METRICS.join(', ')}.`;
  }
  const wanted = query.getAll('name');
  const all =
    by === 'model'
      ? board.status.models.map(({ model }) => model)
      : board.status.endpoints.map(({ id }) => id);
  const names = wanted.length > 0 ? wanted : all;
  const part = board.history.series(range as SeriesRange, metrics as SeriesMetric[], {
    by: by as 'overview' | 'model' | 'endpoint',
    names: names.slice(0, MAX_SERIES),
  });
  return {
    range: range as SeriesRange,
    metrics: metrics as SeriesMetric[],
    ...part,
    marks: board.marks.filter(({ at_ms }) => at_ms >= (part.times_at_ms[0] ?? 0)),
    left_out: by === 'overview' ? 0 : Math.max(0, names.length - MAX_SERIES),
  };
}
