/**
 * How each robot wants a message and what its answer means. Pure; one row a robot.
 * Sources: the developer pages of WeCom ("group robot"), Feishu ("custom bot"), DingTalk ("custom
 * robot") and Slack ("incoming webhooks"). The first three answer 200 also when they refuse; the
 * number in the body tells.
 */
import type { Alert, Robot } from './alert.ts';
import { cutText, MAX_TEXT_BYTES, type MessageText } from './message-text.ts';

export interface Answer {
  /** HTTP status; 0 = there was none. */
  readonly status: number;
  readonly text: string;
  /** What Retry-After said; 0 = nothing. */
  readonly retryAfterMs: number;
  /** '' when an answer was read to its end; else an `err.code`, 'timeout' or 'too-large'. */
  readonly error: string;
}

/** `limited`: too many messages; `failed`: may work later; `refused`: will never work. */
export interface Outcome {
  readonly kind: 'delivered' | 'limited' | 'failed' | 'refused';
  /** A few words, without the address. */
  readonly reason: string;
  /** Wait at least so long before the next message. */
  readonly waitMs: number;
}

interface Row {
  body(message: MessageText, alert: Alert): object;
  /** The keys of the number that is 0 when all is well; none: the HTTP status says it all. */
  readonly numbers: readonly string[];
  /** Values of it that mean "too many messages". */
  readonly limited: readonly number[];
  /** Values of it that mean "not now". */
  readonly passing: readonly number[];
  readonly limitedWaitMs: number;
}

const MINUTE_MS = 60_000;
const MAX_RETRY_AFTER_MS = 600_000;
const MAX_REASON_BYTES = 200;

const BY_STATUS = { numbers: [], limited: [], passing: [], limitedWaitMs: MINUTE_MS } as const;

const ROWS: Readonly<Record<Robot, Row>> = {
  wecom: {
    body: ({ title, text }) => ({
      msgtype: 'markdown',
      markdown: { content: cutText(`## ${title}\n${text}`, MAX_TEXT_BYTES) },
    }),
    numbers: ['errcode'],
    limited: [45009],
    passing: [-1],
    limitedWaitMs: MINUTE_MS,
  },
  feishu: {
    body: ({ title, text }, alert) => ({
      msg_type: 'interactive',
      card: {
        header: { title: { tag: 'plain_text', content: title }, template: COLOURS[alert.kind] },
        elements: [{ tag: 'markdown', content: text }],
      },
    }),
    numbers: ['code', 'StatusCode'],
    limited: [9499, 11232],
    passing: [],
    limitedWaitMs: MINUTE_MS,
  },
  dingtalk: {
    // A single line break is none in its markdown.
    body: ({ title, text }) => ({
      msgtype: 'markdown',
      markdown: { title, text: `## ${title}\n\n${text.replaceAll('\n', '\n\n')}` },
    }),
    numbers: ['errcode'],
    limited: [130101],
    passing: [-1],
    // It locks the robot out for ten minutes.
    limitedWaitMs: 600_000,
  },
  slack: {
    body: ({ title, text }) => ({ text: `*${title}*\n${slackText(text)}` }),
    ...BY_STATUS,
  },
  json: {
    body: ({ title, text }, alert) => ({ source: 'llm-router', title, text, ...plainAlert(alert) }),
    ...BY_STATUS,
  },
};

const COLOURS = {
  test: 'blue',
  startup: 'blue',
  failure: 'red',
  recovery: 'green',
  report: 'blue',
} as const;

/** The body of the POST. */
export function bodyFor(robot: Robot, message: MessageText, alert: Alert): string {
  return JSON.stringify(ROWS[robot].body(message, alert));
}

/** What became of a message. */
export function judge(robot: Robot, answer: Answer): Outcome {
  const { status, error, retryAfterMs } = answer;
  const waitMs = Math.min(retryAfterMs, MAX_RETRY_AFTER_MS);
  if (error === 'too-large') return outcome('refused', 'the answer is too large for a robot');
  if (error !== '') return outcome('failed', error);
  const row = ROWS[robot];
  if (status === 429) return outcome('limited', 'answered 429', waitMs || row.limitedWaitMs);
  if (status === 408 || status >= 500) return outcome('failed', `answered ${status}`, waitMs);
  if (status < 200 || status > 299) {
    const why = status >= 300 && status < 400 ? 'redirects are not followed' : shown(answer.text);
    return outcome('refused', `answered ${status}: ${why}`);
  }
  if (row.numbers.length === 0) return outcome('delivered', '');
  return judgeNumber(row, answer.text);
}

function judgeNumber(row: Row, text: string): Outcome {
  const { number, words } = readAnswer(row, text);
  if (number === undefined) return outcome('refused', `not the answer of a robot: ${shown(text)}`);
  if (number === 0) return outcome('delivered', '');
  const reason = `answered code ${number}: ${shown(words)}`;
  if (row.limited.includes(number)) return outcome('limited', reason, row.limitedWaitMs);
  return outcome(row.passing.includes(number) ? 'failed' : 'refused', reason);
}

function readAnswer(row: Row, text: string): { number: number | undefined; words: string } {
  let answer: Record<string, unknown> | null;
  try {
    answer = JSON.parse(text) as Record<string, unknown> | null;
  } catch {
    return { number: undefined, words: '' };
  }
  const number = row.numbers.map((key) => answer?.[key]).find((value) => typeof value === 'number');
  const words = [answer?.errmsg, answer?.msg].find((value) => typeof value === 'string');
  return { number: number as number | undefined, words: (words as string | undefined) ?? '' };
}

function outcome(kind: Outcome['kind'], reason: string, waitMs = 0): Outcome {
  return { kind, reason, waitMs };
}

function shown(text: string): string {
  return cutText(text.replace(/\s+/g, ' ').trim(), MAX_REASON_BYTES) || 'without a word';
}

/** Slack reads three characters as markup. */
function slackText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function plainAlert(alert: Alert): object {
  if (alert.kind === 'test') return { kind: 'test' };
  const { kind, fleet, troubles, shortFailures } = alert;
  return {
    kind,
    endpoints: troubles.map(({ id, modelName, cause, forMs, flapping }) => ({
      id,
      model_name: modelName,
      cause,
      seconds: Math.round(forMs / 1000),
      flapping,
    })),
    healthy: fleet.healthy,
    total: fleet.endpoints.length,
    uptime_seconds: Math.round(fleet.uptimeMs / 1000),
    requests: fleet.requests,
    succeeded: fleet.succeeded,
    short_failures: shortFailures,
    models: fleet.models.map(({ name, healthy, total, requestsPerMinute }) => ({
      name,
      healthy,
      total,
      requests_per_minute: requestsPerMinute,
    })),
  };
}
