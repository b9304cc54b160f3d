/** The options of health: when an endpoint is taken out and let in again, and how it is probed. */
import { flag, fraction, integer, millis, seconds } from './option.ts';

export const HEALTH_SECTIONS = {
  ejection: {
    key: 'ejection',
    doc: 'How long an endpoint that failed requests stays without traffic.',
    options: {
      baseMs: millis('base_ms', 5000, 'First ejection; each further one in a row adds as much.', 1),
      maxMs: millis('max_ms', 300_000, 'Longest ejection.', 1),
      successRatio: fraction(
        'success_ratio',
        0.5,
        'Below this share of requests that went well, an endpoint is ejected; 0 asks for none.',
      ),
      windowMs: millis(
        'window_ms',
        30_000,
        'How far back that share looks, between half and all of this.',
        1000,
      ),
      minRequests: integer(
        'min_requests',
        20,
        { min: 1, max: 1_000_000, unit: 'requests' },
        'With fewer requests in that time the share proves nothing.',
      ),
      slowStartMs: millis(
        'slow_start_ms',
        30_000,
        'Time in which an endpoint that recovered grows from a tenth to all of its share.',
      ),
    },
  },
  healthCheck: {
    key: 'health_check',
    doc: 'Active probing: GET {api_base}/models on every endpoint.',
    options: {
      intervalMs: seconds('interval', 30, 'Time between two probes of an endpoint.', 0.1),
      timeoutMs: seconds('timeout', 10, 'A probe that takes longer has failed.', 0.1),
      failureThreshold: integer(
        'failure_threshold',
        3,
        { min: 1, max: 1_000_000, unit: 'failures' },
        'Failed probes in a row that mark an endpoint as down.',
      ),
      recoveryThreshold: integer(
        'recovery_threshold',
        1,
        { min: 1, max: 1_000_000, unit: 'successes' },
        'Good probes in a row that mark an endpoint that was down as up again.',
      ),
      maxConcurrency: integer(
        'max_concurrency',
        20,
        { min: 1, max: 10_000, unit: 'probes' },
        'Probes running at once.',
      ),
      pruneUnhealthyOnStart: flag(
        'prune_unhealthy_on_start',
        false,
        'Whether endpoints that fail their first probe leave the files, of which copies stay.',
      ),
    },
  },
} as const;
