/**
 * What the control plane tells its faces about the fleet: plain data, read-only, made anew each
 * time. Faces know these types and nothing else of the router.
 *
 * The first half serves faces within the process (alerts). The StatusSnapshot and its deltas are
 * JSON for the dashboards (`/admin/status`, `/api/live`): snake_case; `…_ms` is a duration, or with
 * `_at_ms` a moment of the wall clock; null where nothing is known.
 */

/**
 * `well`: it takes traffic, or would if it had not asked for a pause. `failing`: its probes fail,
 * or requests ejected it and since the end of that it neither served one nor answered a probe.
 * `out`: the operator took it out.
 * `unknown`: not probed yet.
 */
export type Health = 'well' | 'failing' | 'out' | 'unknown';

export interface EndpointStatus {
  /** `model_name@api_base`. */
  readonly id: string;
  readonly modelName: string;
  readonly health: Health;
}

export interface ModelStatus {
  readonly name: string;
  readonly total: number;
  readonly healthy: number;
  /** Attempts sent to its endpoints in the last minute. */
  readonly requestsPerMinute: number;
}

export interface FleetStatus {
  readonly uptimeMs: number;
  readonly endpoints: readonly EndpointStatus[];
  readonly models: readonly ModelStatus[];
  readonly healthy: number;
  /** Requests since start, and those of them that were answered below 400. */
  readonly requests: number;
  readonly succeeded: number;
}

/** Why an endpoint just began to fail. */
export interface EndpointFailure {
  readonly id: string;
  readonly modelName: string;
  /** Who found out: its probes, or requests. */
  readonly voice: 'probe' | 'traffic';
  /** A few words: `connection refused`. */
  readonly cause: string;
}

/** Who follows the fleet. Calls return at once and do not throw. */
export interface FleetFollower {
  failed(failure: EndpointFailure): void;
  /** Comes about once a second. */
  look(status: FleetStatus): void;
  /** The process ends: keep nothing that would hold it. */
  stop(): void;
}

/**
 * What decides whether an endpoint takes requests. `busy`: it asked for a pause (Retry-After).
 * `ejected`: requests failed there. `probing`: its ejection is over, one request tries it.
 * `unchecked`: no probe has answered yet.
 */
export type EndpointState =
  | 'healthy'
  | 'busy'
  | 'ejected'
  | 'probing'
  | 'down'
  | 'unchecked'
  | 'draining'
  | 'maintenance';

export interface StatusSnapshot {
  /** Rises by one with each snapshot of a process. */
  readonly seq: number;
  readonly now_at_ms: number;
  readonly router: RouterStatus;
  readonly traffic: TrafficStatus;
  /** What is wrong now, the worst first. */
  readonly problems: readonly Problem[];
  readonly sources: readonly SourceRow[];
  readonly models: readonly ModelRow[];
  readonly endpoints: readonly EndpointRow[];
  readonly config: ConfigStatus;
}

export interface RouterStatus {
  readonly version: string;
  readonly pid: number;
  readonly runtime: string;
  readonly started_at_ms: number;
  readonly workers: number;
  readonly strategy: string;
  /** How often a terminal is to draw this anew. */
  readonly refresh_interval_ms: number;
  /** Number of the route table. */
  readonly epoch: number;
  readonly memory_bytes: number;
}

/** Times are of the last minute. */
export interface LatencyStatus {
  readonly ttft_p50_ms: number | null;
  readonly ttft_p95_ms: number | null;
  /** Between two events of a stream. */
  readonly itl_p95_ms: number | null;
  readonly total_p95_ms: number | null;
  /** From usage that answers told. */
  readonly prompt_tokens_per_s: number | null;
  readonly completion_tokens_per_s: number | null;
}

export interface TrafficStatus extends LatencyStatus {
  /** Since start: requests, and how those that are over ended. */
  readonly requests: number;
  readonly ok: number;
  readonly client_errors: number;
  readonly server_errors: number;
  readonly client_gone: number;
  readonly rejected_heads: number;
  readonly retries: number;
  /** Now. */
  readonly client_connections: number;
  readonly in_flight: number;
  readonly queued: number;
  /** Over the last minute. */
  readonly requests_per_s: number;
  /** Server errors among the requests that ended in the last minute; null = none ended. */
  readonly error_ratio: number | null;
  /** What the router itself adds to a request. */
  readonly overhead_p99_ms: number | null;
}

/** The endpoints of one source type. */
export interface SourceRow {
  readonly source: string;
  readonly total: number;
  readonly healthy: number;
  readonly connections: number;
  readonly pending: number;
  readonly send_rpm: number;
  readonly comp_rpm: number;
  readonly running: number;
  readonly waiting: number;
  readonly completed: number;
}

export interface ModelRow extends LatencyStatus {
  readonly model: string;
  readonly total: number;
  readonly healthy: number;
  readonly connections: number;
  readonly pending: number;
  readonly send_rpm: number;
  readonly comp_rpm: number;
  readonly errors_rpm: number;
  readonly running: number;
  readonly waiting: number;
  readonly completed: number;
}

export interface EndpointRow extends LatencyStatus {
  /** `model_name@api_base`. */
  readonly id: string;
  readonly model: string;
  readonly api_base: string;
  readonly source: string;
  readonly engine: string | null;
  readonly state: EndpointState;
  /** A few words why; '' = nothing to say. */
  readonly reason: string;
  readonly since_at_ms: number | null;
  readonly weight: number;
  readonly rpm_limit: number | null;
  /** Charged to the limit in the last 60 s; null = no limit. */
  readonly rpm_used: number | null;
  readonly connections: number;
  readonly pending: number;
  /** Attempts of the last minute: sent, ended well, failed. */
  readonly send_rpm: number;
  readonly comp_rpm: number;
  readonly errors_rpm: number;
  /** What the engine says; `report_stale`: it said so too long ago to count. */
  readonly running: number | null;
  readonly waiting: number | null;
  /** 0 … 1. */
  readonly kv_usage: number | null;
  readonly prompt_tokens: number | null;
  readonly generation_tokens: number | null;
  readonly report_stale: boolean;
  /** Attempts since start, and how they ended. */
  readonly total_requests: number;
  readonly completed: number;
  readonly failed_connect: number;
  readonly failed_status: number;
  readonly failed_stream: number;
  readonly failed_timeout: number;
  /** Answered "busy": load, not failure. */
  readonly busy: number;
  readonly client_gone: number;
  /** Attempts that failed here and were repeated. */
  readonly retries: number | null;
}

export type ProblemKind =
  | 'model_unavailable'
  | 'endpoint_down'
  | 'endpoint_ejected'
  | 'endpoint_unchecked'
  | 'endpoint_busy'
  | 'endpoint_draining'
  | 'endpoint_maintenance'
  | 'errors_high'
  | 'queue_waiting'
  | 'report_stale'
  | 'config_problem'
  | 'endpoints_left_out';

export interface Problem {
  readonly kind: ProblemKind;
  /** `info`: somebody wanted it so. */
  readonly severity: 'critical' | 'warning' | 'info';
  /** Endpoint id or model name; '' = the router itself. */
  readonly subject: string;
  /** The particular of this case, as found: `connection refused`. */
  readonly detail: string;
  /** English sentences: what is wrong, and what to do about it. */
  readonly cause: string;
  readonly advice: string;
  /** Since when it is so without a break; an endpoint's own time is that of its state. */
  readonly since_at_ms: number | null;
}

export interface ConfigStatus {
  /** `file:line:column: sentence`, until they are mended. */
  readonly problems: readonly string[];
  /** Endpoints for which there was no room. */
  readonly left_out: readonly string[];
  readonly last_change: ConfigChange | null;
}

/** Endpoint ids of the last new route table. */
export interface ConfigChange {
  readonly at_ms: number;
  readonly epoch: number;
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
}

/** Changed fields of rows, by the row's index. */
export type RowChanges<Row> = { readonly [index: string]: Partial<Row> };

/**
 * `/api/live` sends `snapshot` events (a StatusSnapshot) and once a second `delta` events: what
 * differs from the snapshot before. When rows come or go a whole snapshot is sent instead.
 */
export interface StatusDelta {
  readonly seq: number;
  readonly now_at_ms: number;
  readonly router?: Partial<RouterStatus>;
  readonly traffic?: Partial<TrafficStatus>;
  readonly problems?: readonly Problem[];
  readonly sources?: readonly SourceRow[];
  readonly models?: RowChanges<ModelRow>;
  readonly endpoints?: RowChanges<EndpointRow>;
  readonly config?: ConfigStatus;
}

/**
 * The snapshot after a delta, for dashboards and tests; undefined when it does not follow: ask for
 * a whole one.
 */
export function applyDelta(before: StatusSnapshot, delta: StatusDelta): StatusSnapshot | undefined {
  if (delta.seq !== before.seq + 1) return undefined;
  return {
    seq: delta.seq,
    now_at_ms: delta.now_at_ms,
    router: { ...before.router, ...delta.router },
    traffic: { ...before.traffic, ...delta.traffic },
    problems: delta.problems ?? before.problems,
    sources: delta.sources ?? before.sources,
    models: changedRows(before.models, delta.models),
    endpoints: changedRows(before.endpoints, delta.endpoints),
    config: delta.config ?? before.config,
  };
}

/** Rows without a change stay the same objects, so that a view need not draw them again. */
function changedRows<Row>(
  rows: readonly Row[],
  changes: RowChanges<Row> | undefined,
): readonly Row[] {
  if (changes === undefined) return rows;
  const after = [...rows];
  for (const [index, fields] of Object.entries(changes)) {
    const at = Number(index);
    if (at < after.length) after[at] = { ...after[at]!, ...fields };
  }
  return after;
}

export type SeriesRange = '2m' | '15m' | '6h' | '7d';

/** Rates are per minute; `healthy` and `total` count endpoints. */
export type SeriesMetric =
  | 'send_rpm'
  | 'comp_rpm'
  | 'running'
  | 'waiting'
  | 'connections'
  | 'pending'
  | 'errors_rpm'
  | 'retries_rpm'
  | 'ttft_p95_ms'
  | 'tokens_per_s'
  | 'kv_usage'
  | 'healthy'
  | 'total';

export interface Series {
  /** Model or endpoint; '' = all together. */
  readonly name: string;
  /** By metric in the order asked for: one value for each of the times. */
  readonly values: readonly (readonly (number | null)[])[];
}

/** Something that happened, to be marked in charts. */
export interface Mark {
  readonly at_ms: number;
  /** A new route table, or an endpoint that changed its state. */
  readonly kind: 'reload' | 'state';
  /** Endpoint id; '' for a route table. */
  readonly subject: string;
  /** The new state, or how many endpoints were added, removed and changed: `+1 −0 ~2`. */
  readonly text: string;
}

/** `/api/series?range=&metrics=a,b&by=overview|model|endpoint&name=`. */
export interface SeriesAnswer {
  readonly range: SeriesRange;
  readonly step_ms: number;
  readonly times_at_ms: readonly number[];
  readonly metrics: readonly SeriesMetric[];
  readonly series: readonly Series[];
  readonly marks: readonly Mark[];
  /** Series that the limit left out. */
  readonly left_out: number;
}

/** Undefined, and absent in JSON, where a value came or went. */
export interface ValueChange {
  readonly from: unknown;
  readonly to: unknown;
}

/** Of `POST /admin/reload` and `/admin/rollback`: what changed, or with `dry_run` what would. */
export interface ReloadAnswer {
  readonly outcome: 'applied' | 'unchanged' | 'dry_run' | 'refused';
  readonly problems: readonly string[];
  readonly options: readonly (ValueChange & {
    readonly path: string;
    readonly needs_restart: boolean;
  })[];
  /** Ids of endpoints. */
  readonly endpoints: {
    readonly added: readonly string[];
    readonly removed: readonly string[];
    readonly changed: readonly {
      readonly id: string;
      readonly fields: Readonly<Record<string, ValueChange>>;
    }[];
  };
  readonly names: readonly (ValueChange & { readonly name: string })[];
}
