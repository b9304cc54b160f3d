/**
 * Every metric that `/metrics` exposes, once: name, type, labels and one sentence. The exposition
 * writes from this table and docs/metrics.md is generated from it.
 *
 * Invariant: labels have few values: models and endpoints are capped, the others are fixed words.
 * Names follow the rules of Prometheus: base units, `_total` for counters.
 */
export interface Metric {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram' | 'summary';
  readonly labels: readonly string[];
  readonly help: string;
}

type Define = (name: string, labels: readonly string[], help: string) => Metric;

const counter: Define = (name, labels, help) => ({ name, type: 'counter', labels, help });
const gauge: Define = (name, labels, help) => ({ name, type: 'gauge', labels, help });
const histogram: Define = (name, labels, help) => ({ name, type: 'histogram', labels, help });
const summary: Define = (name, labels, help) => ({ name, type: 'summary', labels, help });

const MODEL = ['model'];
const ENDPOINT = ['model', 'endpoint'];

export const REQUEST_METRICS = {
  ended: counter(
    'llm_router_requests_total',
    ['model', 'endpoint', 'class'],
    'Requests that are over, at the endpoint of their last attempt; endpoint="none": no attempt.',
  ),
  byKey: counter(
    'llm_router_client_requests_total',
    ['key', 'class'],
    'Requests that are over, by the name of the key that the client showed (server.api_keys).',
  ),
  started: counter(
    'llm_router_requests_started_total',
    [],
    'Requests that reached a route for models, whether they are over or not.',
  ),
  inProgress: gauge(
    'llm_router_requests_in_progress',
    [],
    'Requests between their head and their end.',
  ),
  queued: gauge(
    'llm_router_requests_queued',
    [],
    'Requests that wait for an endpoint to become free.',
  ),
  queueWait: histogram(
    'llm_router_queue_wait_seconds',
    [],
    'Time that requests waited for an endpoint, of those that had to.',
  ),
  errors: counter(
    'llm_router_request_errors_total',
    ['code'],
    'Requests that ended with an error, by the code that docs/errors.md explains.',
  ),
  retries: counter(
    'llm_router_retries_total',
    ['reason'],
    'Attempts that were repeated, by the error code of the failed one.',
  ),
  budget: gauge(
    'llm_router_retry_budget',
    MODEL,
    'Repeats that the model may still cost, over all workers; 0 means failures are not repeated.',
  ),
  rejected: counter(
    'llm_router_heads_rejected_total',
    [],
    'Request heads that break a rule of HTTP/1.1 or a limit.',
  ),
  bodiesDropped: counter(
    'llm_router_bodies_dropped_total',
    [],
    'Request bodies that were not kept for a repeat, for want of server.retry_buffer_bytes.',
  ),
  connections: gauge('llm_router_client_connections', [], 'Open connections of clients.'),
  bytesIn: counter(
    'llm_router_client_received_bytes_total',
    [],
    'Bytes of request bodies from clients, without framing.',
  ),
  bytesOut: counter(
    'llm_router_client_sent_bytes_total',
    [],
    'Bytes of answer bodies to clients, without framing.',
  ),
} as const satisfies Record<string, Metric>;

export const LATENCY_METRICS = {
  ttfb: histogram(
    'llm_router_time_to_first_byte_seconds',
    MODEL,
    'From the request head read to the first byte of an answer below 400 written to the client.',
  ),
  ttft: histogram(
    'llm_router_time_to_first_token_seconds',
    MODEL,
    'From the request head read to the first event of a token stream written to the client.',
  ),
  gap: histogram(
    'llm_router_event_interval_seconds',
    MODEL,
    'Between two events of a token stream; events that come together share their interval.',
  ),
  total: histogram(
    'llm_router_request_duration_seconds',
    MODEL,
    'From the request head read to the last byte of a whole answer below 400 written.',
  ),
  overhead: histogram(
    'llm_router_overhead_seconds',
    [],
    'Time the router added to requests that were answered by their first attempt without waiting.',
  ),
} as const satisfies Record<string, Metric>;

export const ENDPOINT_METRICS = {
  attempts: counter(
    'llm_router_endpoint_attempts_total',
    ['model', 'endpoint', 'outcome'],
    'Attempts that are over; busy = 429 or 503 for load, ignored = ended by nobody’s fault.',
  ),
  sent: counter(
    'llm_router_endpoint_requests_sent_total',
    ENDPOINT,
    'Attempts whose request was written to the endpoint.',
  ),
  repeats: counter(
    'llm_router_endpoint_repeats_total',
    ENDPOINT,
    'Attempts here that repeat one that failed here or elsewhere.',
  ),
  inFlight: gauge(
    'llm_router_endpoint_in_flight',
    ENDPOINT,
    'Attempts that run at the endpoint now.',
  ),
  pending: gauge(
    'llm_router_endpoint_pending',
    ENDPOINT,
    'Of those, the ones it has not answered a byte of yet.',
  ),
  available: gauge(
    'llm_router_endpoint_available',
    ENDPOINT,
    '1 while it takes requests, else 0; for endpoint="other": how many of them do.',
  ),
  state: gauge(
    'llm_router_endpoint_state',
    ['model', 'endpoint', 'state'],
    '1 for the state that the endpoint is in; other states have no sample.',
  ),
  ejections: counter(
    'llm_router_endpoint_ejections_total',
    ENDPOINT,
    'Times that failed requests took the endpoint out of rotation.',
  ),
  ttft: summary(
    'llm_router_endpoint_time_to_first_token_seconds',
    ENDPOINT,
    'Sum and count of the time to the first token; its histogram is by model.',
  ),
  tokensIn: counter(
    'llm_router_prompt_tokens_total',
    ENDPOINT,
    'Tokens of prompts, from the usage of answers.',
  ),
  tokensCached: counter(
    'llm_router_cached_prompt_tokens_total',
    ENDPOINT,
    'Of those, tokens that the engine had in its prefix cache.',
  ),
  tokensOut: counter(
    'llm_router_completion_tokens_total',
    ENDPOINT,
    'Tokens of completions, from the usage of answers.',
  ),
  withUsage: counter(
    'llm_router_usage_reports_total',
    ENDPOINT,
    'Answers that told their usage: the requests that the token counts cover.',
  ),
  bytesUp: counter(
    'llm_router_endpoint_sent_bytes_total',
    ENDPOINT,
    'Bytes written to the endpoint, heads included.',
  ),
  bytesDown: counter(
    'llm_router_endpoint_received_bytes_total',
    ENDPOINT,
    'Bytes read from the endpoint, heads and framing included.',
  ),
  rpmUsed: gauge(
    'llm_router_endpoint_rpm_used',
    ENDPOINT,
    'Requests charged to its rate limit in the last 60 s; only endpoints with a limit.',
  ),
  rpmLimit: gauge('llm_router_endpoint_rpm_limit', ENDPOINT, 'Its limit of requests in any 60 s.'),
  running: gauge(
    'llm_router_engine_requests_running',
    ENDPOINT,
    'Requests in the batch, as the engine last said; absent while unknown.',
  ),
  waiting: gauge(
    'llm_router_engine_requests_waiting',
    ENDPOINT,
    'Requests in the queue of the engine, as it last said; absent while unknown.',
  ),
  kvUsage: gauge(
    'llm_router_engine_kv_cache_usage_ratio',
    ENDPOINT,
    'KV cache in use, 0 to 1, as the engine last said; absent while unknown.',
  ),
} as const satisfies Record<string, Metric>;

export const PROCESS_METRICS = {
  build: gauge(
    'llm_router_build_info',
    ['version', 'runtime'],
    'Always 1; the labels say what runs.',
  ),
  loopDelay: histogram(
    'llm_router_event_loop_delay_seconds',
    ['worker'],
    'How much later than asked for a worker’s 20 ms timer came; measured while it has connections.',
  ),
  workers: gauge('llm_router_workers', [], 'Worker threads.'),
  epoch: gauge(
    'llm_router_config_epoch',
    [],
    'Number of the route table; it rises with each reload that changes endpoints.',
  ),
  adoptedEpoch: gauge(
    'llm_router_config_adopted_epoch',
    [],
    'Number of the route table that every worker has adopted; it lags for milliseconds.',
  ),
  changedAt: gauge(
    'llm_router_config_last_change_timestamp_seconds',
    [],
    'When the route table last changed; absent before the first change.',
  ),
  reloadOk: gauge(
    'llm_router_config_last_reload_successful',
    [],
    '1 when the configuration has no problem, 0 while the last good state of a part is kept.',
  ),
  problems: gauge(
    'llm_router_config_problems',
    [],
    'Problems in the configuration files that are not mended yet.',
  ),
  leftOut: gauge(
    'llm_router_config_endpoints_left_out',
    [],
    'Endpoints for which there was no room.',
  ),
  folded: gauge(
    'llm_router_metrics_folded',
    ['label'],
    'Models and endpoints that share the label value "other", because there are too many.',
  ),
  cpu: counter(
    'process_cpu_seconds_total',
    [],
    'User and system time of the process, all threads.',
  ),
  startedAt: gauge('process_start_time_seconds', [], 'When the process started.'),
  residentBytes: gauge('process_resident_memory_bytes', [], 'Memory in RAM, all threads.'),
  openFds: gauge(
    'process_open_fds',
    [],
    'Open file descriptors, which sockets are too; Linux only.',
  ),
  maxFds: gauge('process_max_fds', [], 'Limit of open file descriptors; Linux only.'),
} as const satisfies Record<string, Metric>;

/** For tests: all of the above. */
export const ALL_METRICS: readonly Metric[] = [
  REQUEST_METRICS,
  LATENCY_METRICS,
  ENDPOINT_METRICS,
  PROCESS_METRICS,
].flatMap((group) => Object.values<Metric>(group));
