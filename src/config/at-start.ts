/**
 * The options that are read once, when the router starts: sockets, threads and files that are open.
 * All others count as soon as a reload brings them. Invariant: what runs is described by
 * `liveConfig`, never by what the file says about one of these.
 */
import type { Option } from './option.ts';
import { type Config, SECTIONS } from './schema.ts';

/** By path; exported for the documentation. */
export const AT_START: ReadonlySet<string> = new Set([
  'server.host',
  'server.port',
  'server.workers',
  'server.tls_cert_file',
  'server.tls_key_file',
  'routing.prefix_index_bytes',
  'health_check.prune_unhealthy_on_start',
  'dashboard.enabled',
  'dashboard.host',
  'dashboard.web_port',
  'dashboard.tls',
  'dashboard.keep_requests',
  'log.dir',
  'log.max_size_mb',
  'log.max_backups',
  'log.max_age_days',
  'log.access',
]);

type Values = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** `next`, but for the options that still are as they were at the start. */
export function liveConfig(atStart: Config, next: Config): Config {
  const config: Record<string, Record<string, unknown>> = {};
  for (const [name, section] of Object.entries(SECTIONS)) {
    const values: Record<string, unknown> = { ...(next as unknown as Values)[name] };
    for (const [field, option] of Object.entries<Option<unknown>>(section.options)) {
      if (!AT_START.has(`${section.key}.${option.key}`)) continue;
      values[field] = (atStart as unknown as Values)[name]![field];
    }
    config[name] = values;
  }
  return config as unknown as Config;
}
