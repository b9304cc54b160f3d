/** What the admin API answers, as lines for a terminal. Pure. */
import type { EndpointRow, ReloadAnswer, StatusSnapshot, ValueChange } from '../control/status.ts';
import { tableLines } from './columns.ts';

/** A row of `/admin/endpoints`. */
type ListedEndpoint = EndpointRow & {
  readonly origin: Readonly<Record<'endpoint' | 'weight' | 'rpm', string>>;
};

export function statusLines(status: StatusSnapshot, nowMs: number): string[] {
  const { router, traffic, models, problems, endpoints } = status;
  const healthy = models.reduce((sum, model) => sum + model.healthy, 0);
  const ended = traffic.ok + traffic.server_errors;
  const good = ended === 0 ? '' : `, ${((100 * traffic.ok) / ended).toFixed(2)} % well`;
  const running = `${traffic.in_flight} in flight, ${traffic.queued} waiting`;
  const started = duration(nowMs - router.started_at_ms);
  const lines = [
    `llm-router ${router.version}, up ${started}, pid ${router.pid}`,
    `${healthy} of ${endpoints.length} endpoints take traffic, by ${router.strategy}`,
    `${traffic.requests} requests${good}; ${running}`,
    '',
    ...tableLines(
      [
        ['MODEL', 'UP', 'OF', 'RPM', 'IN FLIGHT', 'RUNNING', 'WAITING', 'ERRORS/MIN'],
        ...models.map((model) => [
          model.model,
          ...[model.healthy, model.total, model.send_rpm, model.connections].map(String),
          ...[model.running, model.waiting, model.errors_rpm].map(String),
        ]),
      ],
      new Set([1, 2, 3, 4, 5, 6, 7]),
    ),
  ];
  if (problems.length === 0) return lines;
  const rows = problems.map(({ severity, subject, cause, detail }) => {
    // What somebody wanted so needs no more words.
    const more = severity === 'info' || detail === '' ? '' : ` (${detail})`;
    return [severity.toUpperCase(), subject || 'router', cause + more];
  });
  return [...lines, '', ...tableLines(rows)];
}

export function endpointLines(body: {
  readonly endpoints: readonly ListedEndpoint[];
  readonly removed: readonly string[];
}): string[] {
  const rows = body.endpoints.map((row) => {
    const limit = row.rpm_limit === null ? '–' : String(row.rpm_limit);
    const { endpoint, weight, rpm } = row.origin;
    const changed = [weight === 'api' ? 'weight' : '', rpm === 'api' ? 'rpm' : ''].filter(Boolean);
    const note = endpoint === 'api' ? 'added by API' : changed.map((what) => `${what} by API`);
    return [
      ...[row.model, row.api_base, row.state, String(row.weight), limit],
      ...[row.send_rpm, row.connections, row.completed].map(String),
      ...[[note].flat().join(', ') || row.reason],
    ];
  });
  const head = ['MODEL', 'ADDRESS', 'STATE', 'WEIGHT', 'LIMIT', 'RPM', 'IN FLIGHT', 'DONE', 'NOTE'];
  const removed = body.removed.map((id) => `removed by API, still in a file: ${id}`);
  return [...tableLines([head, ...rows], new Set([3, 4, 5, 6, 7])), ...removed];
}

const OUTCOMES: Readonly<Record<ReloadAnswer['outcome'], string>> = {
  applied: 'The new configuration counts.',
  unchanged: 'Nothing has changed.',
  dry_run: 'This would change; nothing was changed.',
  refused: 'The configuration is not valid; the one in use stays.',
};

export function reloadLines(answer: ReloadAnswer): string[] {
  const { outcome, problems, options, endpoints, names } = answer;
  const arrow = ({ from, to }: ValueChange) => `${JSON.stringify(from)} → ${JSON.stringify(to)}`;
  const rows = [
    ...options.map((change) => {
      const later = change.needs_restart ? ' (counts after a restart)' : '';
      return ['~', change.path, arrow(change) + later];
    }),
    ...names.map((change) => ['~', change.name, arrow(change)]),
    ...endpoints.added.map((id) => ['+', id, '']),
    ...endpoints.removed.map((id) => ['-', id, '']),
    ...endpoints.changed.map(({ id, fields }) => {
      const words = Object.entries(fields).map(([key, change]) => `${key} ${arrow(change)}`);
      return ['~', id, words.join(', ')];
    }),
  ];
  const isIdle = outcome === 'dry_run' && rows.length === 0;
  const first = isIdle ? 'Nothing would change.' : OUTCOMES[outcome];
  return [first, ...tableLines(rows), ...problems];
}

/** Of `POST /admin/rollback`, which answers as a reload does. */
export function rollbackLines(answer: ReloadAnswer): string[] {
  const [, ...changes] = reloadLines(answer);
  const first = 'The configuration before counts, until the files change or somebody reloads.';
  return [first, ...changes];
}

/** `3 d 4 h`, `5 h 6 min`, `7 min`, `8 s`. */
function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [days, hours, minutes] = [86_400, 3600, 60].map((unit) => Math.floor(seconds / unit));
  if (days! > 0) return `${days} d ${hours! % 24} h`;
  if (hours! > 0) return `${hours} h ${minutes! % 60} min`;
  return minutes! > 0 ? `${minutes} min` : `${seconds} s`;
}
