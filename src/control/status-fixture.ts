/** A StatusSnapshot that tests change to their liking. */
import { NO_LATENCY } from './endpoint-row.ts';
import type { EndpointRow, ModelRow, StatusSnapshot, TrafficStatus } from './status.ts';

/** For tests: an idle, healthy endpoint. */
export function endpointRowOf(changes: Partial<EndpointRow> = {}): EndpointRow {
  const model = changes.model ?? 'm';
  const api_base = changes.api_base ?? 'http://10.0.0.1:8000/v1';
  return {
    id: `${model}@${api_base}`,
    model,
    api_base,
    source: 'self_deployed',
    engine: 'vllm',
    state: 'healthy',
    reason: '',
    since_at_ms: null,
    weight: 1,
    rpm_limit: null,
    rpm_used: null,
    connections: 0,
    pending: 0,
    send_rpm: 0,
    comp_rpm: 0,
    errors_rpm: 0,
    running: 0,
    waiting: 0,
    kv_usage: null,
    prompt_tokens: null,
    generation_tokens: null,
    report_stale: false,
    total_requests: 0,
    completed: 0,
    failed_connect: 0,
    failed_status: 0,
    failed_stream: 0,
    failed_timeout: 0,
    busy: 0,
    client_gone: 0,
    retries: null,
    ...NO_LATENCY,
    ...changes,
  };
}

/** For tests: a model with one idle, healthy endpoint. */
export function modelRowOf(changes: Partial<ModelRow> = {}): ModelRow {
  return {
    model: 'm',
    total: 1,
    healthy: 1,
    connections: 0,
    pending: 0,
    send_rpm: 0,
    comp_rpm: 0,
    errors_rpm: 0,
    running: 0,
    waiting: 0,
    completed: 0,
    ...NO_LATENCY,
    ...changes,
  };
}

const IDLE: TrafficStatus = {
  requests: 0,
  ok: 0,
  client_errors: 0,
  server_errors: 0,
  client_gone: 0,
  rejected_heads: 0,
  retries: 0,
  client_connections: 0,
  in_flight: 0,
  queued: 0,
  requests_per_s: 0,
  error_ratio: null,
  overhead_p99_ms: null,
  ...NO_LATENCY,
};

/** For tests: a router with one endpoint; `traffic` is laid over an idle one's. */
export function statusOf(
  changes: Partial<Omit<StatusSnapshot, 'traffic'>> = {},
  traffic: Partial<TrafficStatus> = {},
): StatusSnapshot {
  return {
    seq: 0,
    now_at_ms: 1_000_000,
    router: {
      version: '0',
      pid: 1,
      runtime: 'Node',
      started_at_ms: 0,
      workers: 1,
      strategy: 'simple-shuffle',
      refresh_interval_ms: 2000,
      epoch: 1,
      memory_bytes: 0,
    },
    traffic: { ...IDLE, ...traffic },
    problems: [],
    sources: [],
    models: [modelRowOf()],
    endpoints: [endpointRowOf()],
    config: { problems: [], left_out: [], last_change: null },
    ...changes,
  };
}
