/** The log from afar: its last lines, and its level until a restart or a change of the file. */
import { z } from 'zod';
import type { LogTail } from '../../observe/log-tail.ts';
import type { Logger } from '../../observe/logger.ts';
import { jsonReply, type OperatorReply, type OperatorRoute, refusal } from '../operator-route.ts';

export interface LogControls {
  readonly log: Logger;
  readonly tail: LogTail;
}

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
const NUMBERS = new Map<string, number>(LEVELS.map((name, index) => [name, 10 * (index + 1)]));
const MAX_LIMIT = 2000;
const DEFAULT_LIMIT = 200;

const newLevel = z.strictObject({ level: z.enum(LEVELS) });

export function logRoutes({ log, tail }: LogControls): OperatorRoute[] {
  return [
    {
      method: 'GET',
      path: '/admin/log',
      summary: 'The last lines of the log, oldest first.',
      query: {
        after: 'Number of the last line known; what came after it is answered.',
        level: `Least severe level: ${LEVELS.slice(0, -1).join(', ')}.`,
        limit: `Lines at most, up to ${MAX_LIMIT}.`,
      },
      handle: ({ query }) => lines(tail, log, query),
    },
    {
      method: 'PUT',
      path: '/admin/log-level',
      summary: 'Changes the level of the log, until a restart or a change of the file.',
      body: newLevel,
      handle({ body }) {
        const { level } = body as z.infer<typeof newLevel>;
        setLevel(log, level);
        return jsonReply(200, { level });
      },
    },
  ];
}

/** The change is told at whichever of the two levels hears it. */
function setLevel(log: Logger, to: (typeof LEVELS)[number]): void {
  const before = log.level;
  // Not as `level`: each line has its own under that name.
  const tell = () => log.info({ origin: 'api', before, to }, 'changed the level of the log');
  const isHeard = log.isLevelEnabled('info');
  if (isHeard) tell();
  log.level = to;
  if (!isHeard) tell();
}

function lines(tail: LogTail, log: Logger, query: URLSearchParams): OperatorReply {
  const level = NUMBERS.get(query.get('level') ?? 'trace');
  if (level === undefined) return refusal(400, 'invalid_query', `level: ${LEVELS.join(', ')}.`);
  const after = countOf(query, 'after', 0);
  const limit = countOf(query, 'limit', DEFAULT_LIMIT);
  if (after === undefined || limit === undefined) {
    return refusal(400, 'invalid_query', 'after and limit are whole numbers.');
  }
  const { lines: found, last, missed } = tail.read(after, level, Math.min(limit, MAX_LIMIT));
  const shown = found.map(({ seq, entry: { level: number, time, ...rest } }) => {
    return { seq, at_ms: time, level: LEVELS[Number(number) / 10 - 1], ...rest };
  });
  return jsonReply(200, { lines: shown, last, missed, level: log.level });
}

/** undefined when it is there and no whole number. */
function countOf(query: URLSearchParams, name: string, absent: number): number | undefined {
  const text = query.get(name);
  if (text === null) return absent;
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
