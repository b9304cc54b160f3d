/** Requests explained: what was decided about them and why; what runs now and how long. */
import type { DecisionRecord, RequestQuery } from '../../core/request-record.ts';
import { decisionJson } from '../../observe/decision-record.ts';
import { jsonReply, type OperatorReply, type OperatorRoute, refusal } from '../operator-route.ts';

export interface RequestSources {
  /** Asks all workers. */
  explain(query: RequestQuery): Promise<readonly DecisionRecord[]>;
  /** Add it to a time of the Clock to have one of the wall clock. */
  wallOffsetMs(): number;
}

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 1000;

export function requestRoutes(sources: RequestSources): OperatorRoute[] {
  return [
    {
      method: 'GET',
      path: '/admin/requests',
      summary: 'The last requests with what was decided about them, newest first.',
      query: {
        failed: '1: only those that failed.',
        running: '1: only those that run now, oldest first, with their phase and age.',
        limit: `How many at most, up to ${MAX_LIMIT}.`,
      },
      handle: ({ query }) => list(sources, query),
    },
    {
      method: 'GET',
      path: '/admin/requests/{id}',
      summary: 'One request by its X-Request-Id, running or over.',
      handle: ({ params }) => one(sources, params.id!),
    },
  ];
}

/** For the support dump. */
export async function lastFailures(sources: RequestSources, limit: number): Promise<object[]> {
  const records = await sources.explain({ id: '', failed: true, running: false, limit });
  return shown(sources, records, limit);
}

async function list(sources: RequestSources, query: URLSearchParams): Promise<OperatorReply> {
  const text = query.get('limit') ?? String(DEFAULT_LIMIT);
  if (!/^\d{1,9}$/.test(text)) {
    return refusal(400, 'invalid_query', 'limit is a whole number.');
  }
  const limit = Math.min(Number(text), MAX_LIMIT);
  const failed = query.get('failed') === '1';
  const running = query.get('running') === '1';
  const records = await sources.explain({ id: '', failed, running, limit });
  return jsonReply(200, { requests: shown(sources, records, limit, running) });
}

async function one(sources: RequestSources, id: string): Promise<OperatorReply> {
  const records = await sources.explain({ id, failed: false, running: false, limit: 10 });
  if (records.length === 0) {
    const message =
      'No such request is kept: of those without an event only some are, and not for long.';
    return refusal(404, 'not_found', message);
  }
  // Clients may use an id twice: all that have it are shown.
  return jsonReply(200, { requests: shown(sources, records, 10) });
}

function shown(
  sources: RequestSources,
  records: readonly DecisionRecord[],
  limit: number,
  oldestFirst = false,
): object[] {
  const sign = oldestFirst ? 1 : -1;
  const sorted = [...records].sort((a, b) => sign * (a.startedMs - b.startedMs));
  const offsetMs = sources.wallOffsetMs();
  return sorted.slice(0, limit).map((record) => decisionJson(record, offsetMs));
}
