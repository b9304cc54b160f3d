/** A status for tests of the terminal dashboard. */
import type { EndpointRow, EndpointState, Problem, StatusSnapshot } from '../../control/status.ts';

const NO_LATENCY = {
  ttft_p50_ms: 100,
  ttft_p95_ms: 250,
  itl_p95_ms: 30,
  total_p95_ms: 900,
  prompt_tokens_per_s: 10,
  completion_tokens_per_s: 1234,
};

/** An endpoint, for tests. */
export function fixtureEndpoint(
  model: string,
  port: number,
  state: EndpointState = 'healthy',
  changes: Partial<EndpointRow> = {},
): EndpointRow {
  return {
    ...NO_LATENCY,
    id: `${model}@http://10.0.0.1:${port}/v1`,
    model,
    api_base: `http://10.0.0.1:${port}/v1`,
    source: 'self_deployed',
    engine: 'vllm',
    state,
    reason: state === 'healthy' ? '' : 'connection refused',
    since_at_ms: 1000,
    weight: 1,
    rpm_limit: null,
    rpm_used: null,
    connections: 3,
    pending: 1,
    send_rpm: port,
    comp_rpm: 50,
    errors_rpm: 0,
    running: 2,
    waiting: 0,
    kv_usage: 0.25,
    prompt_tokens: 5,
    generation_tokens: 6,
    report_stale: false,
    total_requests: 100,
    completed: 90,
    failed_connect: 1,
    failed_status: 2,
    failed_stream: 3,
    failed_timeout: 4,
    busy: 0,
    client_gone: 0,
    retries: 7,
    ...changes,
  };
}

/** A status of these endpoints, for tests. */
export function fixtureStatus(
  endpoints: readonly EndpointRow[],
  problems: readonly Problem[] = [],
): StatusSnapshot {
  const healthy = endpoints.filter(({ state }) => state === 'healthy').length;
  const sums = { connections: 3, pending: 1, send_rpm: 60, comp_rpm: 50, running: 2, waiting: 0 };
  const row = { ...sums, total: endpoints.length, healthy, completed: 90 };
  return {
    seq: 1,
    now_at_ms: 100_000,
    router: {
      version: '1.2.3',
      pid: 1,
      runtime: 'node',
      started_at_ms: 0,
      workers: 2,
      strategy: 'least-waiting',
      refresh_interval_ms: 2000,
      epoch: 4,
      memory_bytes: 1e8,
    },
    traffic: {
      ...NO_LATENCY,
      requests: 1000,
      ok: 990,
      client_errors: 1,
      server_errors: 9,
      client_gone: 0,
      rejected_heads: 0,
      retries: 5,
      client_connections: 12,
      in_flight: 34,
      queued: 2,
      requests_per_s: 12.34,
      error_ratio: 0.02,
      overhead_p99_ms: 0.42,
    },
    problems,
    sources: [{ ...row, source: 'self_deployed' }],
    models: [{ ...NO_LATENCY, ...row, model: endpoints[0]?.model ?? 'none', errors_rpm: 0 }],
    endpoints,
    config: { problems: [], left_out: [], last_change: null },
  };
}
