/** What each column of the endpoint table sorts by and writes into a file; null sorts last. */
import type { EndpointRow, EndpointState } from '../../control/status.ts';

/** The sick first. */
const SICKNESS: readonly EndpointState[] = [
  'down',
  'ejected',
  'probing',
  'busy',
  'unchecked',
  'draining',
  'maintenance',
  'healthy',
];

export function failuresOf(row: EndpointRow): number {
  return row.failed_connect + row.failed_status + row.failed_stream + row.failed_timeout;
}

/** `http://10.0.0.1:8000/v1` → `10.0.0.1:8000`: the rest is the same everywhere. */
export function addressOf(apiBase: string): string {
  return apiBase.replace(/^https?:\/\//, '').replace(/\/v1\/?$/, '');
}

/** The first ones are the reference's seventeen, some under a name that says more. */
export const VALUES = {
  endpoint: (row: EndpointRow) => row.id,
  state: (row: EndpointRow) => `${SICKNESS.indexOf(row.state)} ${row.state}`,
  since: (row: EndpointRow) => row.since_at_ms,
  reason: (row: EndpointRow) => row.reason,
  model: (row: EndpointRow) => row.model,
  engine: (row: EndpointRow) => row.engine,
  source: (row: EndpointRow) => row.source,
  connections: (row: EndpointRow) => row.connections,
  pending: (row: EndpointRow) => row.pending,
  send_rpm: (row: EndpointRow) => row.send_rpm,
  comp_rpm: (row: EndpointRow) => row.comp_rpm,
  rpm_limit: (row: EndpointRow) => row.rpm_limit,
  running: (row: EndpointRow) => row.running,
  waiting: (row: EndpointRow) => row.waiting,
  kv_usage: (row: EndpointRow) => row.kv_usage,
  ttft_p95_ms: (row: EndpointRow) => row.ttft_p95_ms,
  completion_tokens_per_s: (row: EndpointRow) => row.completion_tokens_per_s,
  errors_rpm: (row: EndpointRow) => row.errors_rpm,
  errors: failuresOf,
  retries: (row: EndpointRow) => row.retries,
  busy: (row: EndpointRow) => row.busy,
  total_requests: (row: EndpointRow) => row.total_requests,
  completed: (row: EndpointRow) => row.completed,
  prompt_tokens: (row: EndpointRow) => row.prompt_tokens,
  generation_tokens: (row: EndpointRow) => row.generation_tokens,
  weight: (row: EndpointRow) => row.weight,
} satisfies Record<string, (row: EndpointRow) => string | number | null>;

export type ColumnKey = keyof typeof VALUES;

export function isColumn(key: string): key is ColumnKey {
  return Object.hasOwn(VALUES, key);
}
