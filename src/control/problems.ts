/**
 * "What is wrong now": from a reading of the router to a short list of troubles, each with its
 * cause and what to do about it, the worst first. Pure. One trouble is told once: endpoints of a
 * model that has none left are still listed, since they are what must be mended.
 */
import type {
  ConfigStatus,
  EndpointRow,
  EndpointState,
  ModelRow,
  Problem,
  TrafficStatus,
} from './status.ts';

export interface Reading {
  readonly endpoints: readonly EndpointRow[];
  readonly models: readonly ModelRow[];
  readonly traffic: TrafficStatus;
  readonly config: ConfigStatus;
  readonly nowAtMs: number;
}

/** Fewer requests a minute than this, and one unlucky request would look like an outage. */
const MIN_RPM = 20;
const MAX_ERROR_RATIO = 0.05;
/** The first probes need a moment. */
const UNCHECKED_GRACE_MS = 15_000;
/** A rack that died is one look, not a thousand rows. */
const MAX_PROBLEMS = 200;
const RANK: Record<Problem['severity'], number> = { critical: 0, warning: 1, info: 2 };

type Rule = Pick<Problem, 'kind' | 'severity' | 'cause' | 'advice'>;

const BY_STATE: Partial<Record<EndpointState, Rule>> = {
  down: {
    kind: 'endpoint_down',
    severity: 'critical',
    cause: 'Its health checks fail, so it gets no requests.',
    advice: 'See whether the engine runs and its address and key are right, then check it again.',
  },
  ejected: {
    kind: 'endpoint_ejected',
    severity: 'critical',
    cause: 'Requests failed there in a row, so it gets none for a while.',
    advice: "Read the engine's log; reset the ejection once it is mended.",
  },
  probing: {
    kind: 'endpoint_ejected',
    severity: 'warning',
    cause: 'It was ejected; a single request tries it now.',
    advice: 'Nothing: it comes back when that request succeeds.',
  },
  busy: {
    kind: 'endpoint_busy',
    severity: 'warning',
    cause: 'It answered that it is overloaded and asked for a pause.',
    advice: 'Add endpoints for this model, or lower the rate at which clients ask.',
  },
  draining: {
    kind: 'endpoint_draining',
    severity: 'info',
    cause: 'An operator drains it: it finishes what it has and gets nothing new.',
    advice: 'Enable it when the work is done.',
  },
  maintenance: {
    kind: 'endpoint_maintenance',
    severity: 'info',
    cause: 'An operator took it out for maintenance.',
    advice: 'Enable it when the work is done.',
  },
  unchecked: {
    kind: 'endpoint_unchecked',
    severity: 'warning',
    cause: 'No health check has succeeded yet, so it gets no requests.',
    advice: 'An engine that loads its model needs minutes; else see whether its address is right.',
  },
};

const STALE: Rule = {
  kind: 'report_stale',
  severity: 'warning',
  cause: 'The engine stopped telling its load; what it said last is shown no longer.',
  advice: 'Look at its /metrics page; an engine that hangs stops answering there first.',
};

export function problemsOf(reading: Reading): readonly Problem[] {
  const found = [
    ...reading.models.filter(isUnavailable).map(unavailable),
    ...ofTraffic(reading.traffic),
    ...reading.endpoints.flatMap((row) => ofEndpoint(row, reading.nowAtMs)),
    ...ofConfig(reading.config),
  ];
  found.sort((a, b) => RANK[a.severity] - RANK[b.severity]);
  return found.slice(0, MAX_PROBLEMS);
}

function isUnavailable({ healthy, total }: ModelRow): boolean {
  return healthy === 0 && total > 0;
}

function unavailable({ model, total }: ModelRow): Problem {
  return {
    kind: 'model_unavailable',
    severity: 'critical',
    subject: model,
    detail: `0/${total}`,
    cause: 'None of its endpoints takes requests: clients get errors.',
    advice: 'Bring back one of the endpoints below, or add one.',
    since_at_ms: null,
  };
}

function ofEndpoint(row: EndpointRow, nowAtMs: number): Problem[] {
  const rule = BY_STATE[row.state];
  const isYoung = row.since_at_ms !== null && nowAtMs - row.since_at_ms < UNCHECKED_GRACE_MS;
  if (row.state === 'unchecked' && isYoung) return [];
  if (rule !== undefined) {
    return [{ ...rule, subject: row.id, detail: row.reason, since_at_ms: row.since_at_ms }];
  }
  if (!row.report_stale) return [];
  return [{ ...STALE, subject: row.id, detail: row.engine ?? '', since_at_ms: null }];
}

function ofTraffic({ error_ratio, requests_per_s, queued }: TrafficStatus): Problem[] {
  const found: Problem[] = [];
  if (error_ratio !== null && error_ratio > MAX_ERROR_RATIO && requests_per_s * 60 >= MIN_RPM) {
    found.push({
      kind: 'errors_high',
      severity: 'critical',
      subject: '',
      detail: `${(error_ratio * 100).toFixed(1)} %`,
      cause: 'So many of the requests of the last minute ended in a server error.',
      advice: 'See the last failures on the page Requests, and the endpoints below.',
      since_at_ms: null,
    });
  }
  if (queued > 0) {
    found.push({
      kind: 'queue_waiting',
      severity: 'warning',
      subject: '',
      detail: String(queued),
      cause: 'Requests wait, since no endpoint of their model may take them now.',
      advice: 'Raise rpm limits or add endpoints if this lasts.',
      since_at_ms: null,
    });
  }
  return found;
}

function ofConfig({ problems, left_out }: ConfigStatus): Problem[] {
  const found: Problem[] = problems.map((detail) => ({
    kind: 'config_problem',
    severity: 'warning',
    subject: '',
    detail,
    cause: 'The configuration has a mistake; what was valid before stays in use.',
    advice: 'Mend the file at that place; it is read again at once.',
    since_at_ms: null,
  }));
  if (left_out.length === 0) return found;
  return [
    ...found,
    {
      kind: 'endpoints_left_out',
      severity: 'warning',
      subject: '',
      detail: String(left_out.length),
      cause: 'There are more endpoints than this router has room for; the rest is left out.',
      advice: 'Remove endpoints, or share them among several routers.',
      since_at_ms: null,
    },
  ];
}
