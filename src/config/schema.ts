/**
 * Every option of the main configuration file, exactly once: key, type, range, default, unit and
 * one line of documentation. `Config`, `DEFAULTS`, the parser, the shipped config.yaml and
 * docs/configuration.md are all derived from this table. Invariant: an option that nothing reads
 * does not stand here.
 */
import { MAX_WORKERS } from '../core/ejection-state.ts';
import { HEALTH_SECTIONS } from './health-options.ts';
import {
  choice,
  flag,
  fraction,
  hidden,
  host,
  integer,
  keys,
  millis,
  names,
  type Option,
  seconds,
  text,
  webAddress,
} from './option.ts';
import { ROUTING } from './routing-options.ts';

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
const ROBOTS = ['wecom', 'feishu', 'dingtalk', 'slack', 'json'] as const;
const PORT = { max: 65535 };
const GIB = 1024 ** 3;

export const SECTIONS = {
  server: {
    key: 'server',
    doc: 'The listener that clients talk to, and how the process ends.',
    options: {
      host: host('host', '0.0.0.0', 'Address the API listens on.'),
      port: integer('port', 8000, PORT, 'Port the API listens on; 0 takes any free one.'),
      workers: integer(
        'workers',
        0,
        { max: MAX_WORKERS },
        'Threads that carry traffic; 0 means one per CPU core less one, at least one.',
      ),
      tlsCertFile: text(
        'tls_cert_file',
        '',
        'PEM file with the certificate chain of the API listener; empty means plain HTTP.',
      ),
      tlsKeyFile: text('tls_key_file', '', 'PEM file with the private key of that certificate.'),
      apiKeys: keys(
        'api_keys',
        'Keys that clients must show, with names for the logs; empty means that nobody asks.',
      ),
      explainHeaders: flag(
        'explain_headers',
        true,
        'Whether answers say which endpoint gave them, and after how many attempts.',
      ),
      maxRequests: integer(
        'max_requests',
        0,
        { max: 1_000_000, unit: 'requests' },
        'Requests in progress at once, all models together; further ones get 429. 0 = no limit.',
      ),
      maxBodyBytes: integer(
        'max_body_bytes',
        64 * 1024 * 1024,
        { min: 1, max: 16 * GIB, unit: 'bytes' },
        'Largest request body; a larger one is refused with 413.',
      ),
      retryBufferBytes: integer(
        'retry_buffer_bytes',
        GIB,
        { min: 1, max: 1024 * GIB, unit: 'bytes' },
        'Memory for request bodies; beyond it bodies that were sent are not kept for a retry.',
      ),
      drainDelayMs: seconds(
        'drain_delay',
        0,
        'After SIGTERM, how long new requests are still taken while /ready already says 503.',
      ),
      drainTimeoutMs: seconds(
        'drain_timeout',
        600,
        'After SIGTERM and drain_delay, how long running requests may go on before they are cut.',
      ),
    },
  },
  routing: ROUTING,
  httpClient: {
    key: 'http_client',
    doc: 'Connections from the router to the endpoints.',
    options: {
      requestTimeoutMs: seconds(
        'request_timeout',
        3600,
        'Longest time for one request, all attempts together.',
        0.001,
      ),
      connectTimeoutMs: seconds(
        'connect_timeout',
        10,
        'Longest time to open a connection, TLS included.',
        0.001,
      ),
      maxIdleConns: integer(
        'max_idle_conns',
        2000,
        { max: 1_000_000, unit: 'connections' },
        'Idle connections kept for reuse, all endpoints together; 0 keeps none.',
      ),
      maxConnsPerHost: integer(
        'max_conns_per_host',
        0,
        { max: 1_000_000, unit: 'connections' },
        'Connections to one endpoint address at once; 0 means no limit.',
      ),
      idleConnTimeoutMs: seconds(
        'idle_conn_timeout',
        0,
        'Age at which an idle connection is closed; 0 means 90, or 4 for self-deployed engines.',
      ),
    },
  },
  timeouts: {
    key: 'timeouts',
    doc: 'Limits for the single phases of a request.',
    options: {
      requestHeadMs: millis('request_head_ms', 10_000, 'Time for a complete request head.', 1),
      bodyGapMs: millis('body_gap_ms', 30_000, 'Longest silence inside a request body.', 1),
      keepAliveIdleMs: millis(
        'keep_alive_idle_ms',
        65_000,
        'A client connection without a request is closed after this time.',
        1,
      ),
      firstByteMs: millis(
        'first_byte_ms',
        0,
        'Time until an endpoint answers its first byte; 0 means no limit: prefill can be long.',
      ),
      streamGapMs: millis('stream_gap_ms', 300_000, 'Longest silence inside an answer.', 1),
      writeStallMs: millis(
        'write_stall_ms',
        30_000,
        'A client that takes nothing of its answer for so long is cut off.',
        1,
      ),
      headHoldMs: millis(
        'head_hold_ms',
        30_000,
        'How long an answer head waits for the first body byte, so that a retry stays possible.',
        1,
      ),
    },
  },
  retry: {
    key: 'retry',
    doc: 'Pauses between attempts, and when failed requests mark an endpoint as down.',
    options: {
      baseDelayMs: millis(
        'base_delay_ms',
        500,
        'First pause before the same endpoint is tried again; it doubles each time.',
      ),
      maxDelayMs: millis('max_delay_ms', 5000, 'Longest such pause.'),
      jitterFactor: fraction('jitter_factor', 0.2, 'Share of a pause that is left to chance.'),
      failureThreshold: integer(
        'failure_threshold',
        3,
        { min: 1, max: 1_000_000, unit: 'failures' },
        'Failed requests in a row that eject an endpoint.',
      ),
    },
  },
  ...HEALTH_SECTIONS,
  monitor: {
    key: 'monitor',
    doc: "Reading the engines' own metrics, and counting tokens.",
    options: {
      collectIntervalMs: seconds(
        'collect_interval',
        1,
        'Time between two readings of an engine; used by the strategy least-waiting.',
        0.1,
      ),
      streamUsage: flag(
        'stream_usage',
        true,
        'Whether engines are asked for the usage of streams, to count tokens; clients see nothing.',
      ),
    },
  },
  backends: {
    key: 'backends',
    doc: 'Where the endpoints are listed.',
    options: {
      configDir: text(
        'config_dir',
        'configs',
        'Folder with the endpoint files; a relative path starts at the folder of this file.',
      ),
      enabledSources: names(
        'enabled_sources',
        ['openai', 'self_deployed'],
        'Which files count: SOURCE_*.yaml for each name in the list.',
      ),
    },
  },
  dashboard: {
    key: 'dashboard',
    doc: 'The listener for operators, apart from the API: dashboard, metrics and admin API.',
    options: {
      enabled: flag('enabled', true, 'Whether it listens at all.'),
      host: host(
        'host',
        '127.0.0.1',
        'Its address; any other than a loopback address needs dashboard.token.',
      ),
      webPort: integer('web_port', 8080, PORT, 'Its port; 0 takes any free one.'),
      tls: flag(
        'tls',
        false,
        'Whether it speaks TLS, with the certificate of server.tls_cert_file.',
      ),
      keepRequests: integer(
        'keep_requests',
        256,
        { max: 100_000, unit: 'requests' },
        'Requests of each worker kept to be explained, and as many failed ones; 0 keeps none.',
      ),
      token: hidden(
        text('token', '', 'What every request there must carry as bearer; empty means nothing.'),
      ),
      refreshIntervalMs: seconds(
        'refresh_interval',
        2,
        'How often the terminal dashboard redraws; there is something new once a second.',
        0.1,
      ),
    },
  },
  log: {
    key: 'log',
    doc: 'What the router writes about itself.',
    options: {
      level: choice('level', 'info', LOG_LEVELS, 'Least severe level that is written.'),
      dir: text(
        'dir',
        'logs',
        'Folder for log files; a relative path starts at the folder of this file, "" = no files.',
      ),
      maxSizeMb: integer(
        'max_size_mb',
        100,
        { min: 1, max: 1_000_000, unit: 'MB' },
        'Size beyond which a log file is moved away and a new one begun.',
      ),
      maxBackups: integer(
        'max_backups',
        10,
        { max: 100_000, unit: 'files' },
        'Moved-away log files that are kept; 0 means no limit.',
      ),
      maxAgeDays: integer(
        'max_age_days',
        7,
        { max: 100_000, unit: 'days' },
        'Age at which a moved-away log file is removed; 0 means never.',
      ),
      access: flag('access', false, 'Whether each request gets a line in access.log.'),
    },
  },
  webhook: {
    key: 'webhook',
    doc: 'Alerts to a group robot or any other receiver.',
    options: {
      enabled: flag('enabled', false, 'Whether alerts are sent.'),
      type: choice('type', 'wecom', ROBOTS, 'What the receiver is; json is one object an alert.'),
      url: hidden(webAddress('url', '', 'Address of the robot; it holds the key: keep it secret.')),
      cooldownMs: seconds(
        'cooldown_seconds',
        300,
        'Quiet time after an alert about one endpoint; what fails then is told when it is over.',
      ),
      batchIntervalMs: seconds(
        'batch_interval',
        60,
        'Failures are collected for so long into one message; shorter ones are not told.',
      ),
      reportIntervalActiveMs: seconds(
        'report_interval_active',
        3600,
        'Time between reports while there is traffic; 0 means none.',
      ),
      reportIntervalIdleMs: seconds(
        'report_interval_idle',
        10_800,
        'Time between reports without traffic; 0 means none.',
      ),
    },
  },
} as const;

type Sections = typeof SECTIONS;
type ValueOf<O> = O extends Option<infer T> ? T : never;
type SectionConfig<S extends keyof Sections> = {
  readonly [O in keyof Sections[S]['options']]: ValueOf<Sections[S]['options'][O]>;
};

/** The whole configuration as the code uses it: camelCase, milliseconds and bytes. */
export type Config = { readonly [S in keyof Sections]: SectionConfig<S> };

/** What an empty file means; for tests, as the router always reads a file. */
export const DEFAULTS: Config = buildConfig((_section, option) => option.defaultValue);

/** Builds a Config from values in file units. */
export function buildConfig(
  lookUp: (section: keyof Sections, option: Option<unknown>) => unknown,
): Config {
  const config: Record<string, Record<string, unknown>> = {};
  for (const [name, section] of Object.entries(SECTIONS)) {
    const values: Record<string, unknown> = {};
    for (const [field, option] of Object.entries<Option<unknown>>(section.options)) {
      const value = lookUp(name as keyof Sections, option);
      values[field] =
        typeof value === 'number' ? Math.round(value * option.scale * 1e6) / 1e6 : value;
    }
    config[name] = values;
  }
  return config as unknown as Config;
}
