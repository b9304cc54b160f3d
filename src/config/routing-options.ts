/** The options of `routing`: how a request finds its endpoint, and how it waits for one. */
import { STRATEGY_NAMES } from '../core/strategy.ts';
import { choice, flag, fraction, integer, millis, sessionNames } from './option.ts';

const GIB = 1024 ** 3;
/** The order in which a request is searched for a session's name. */
const SESSION_KEYS = [
  'x-session-id',
  'x-user-id',
  'x-tenant-id',
  'x-claude-code-session-id',
  'x-session-affinity',
  'session-id',
  'body.session_id',
  'body.user',
  'body.prompt_cache_key',
  'prefix',
];

export const ROUTING = {
  key: 'routing',
  doc: 'How a request finds its endpoint.',
  options: {
    strategy: choice(
      'strategy',
      'simple-shuffle',
      STRATEGY_NAMES,
      'How an endpoint is chosen: docs/routing.md says which when.',
    ),
    shadow: choice(
      'shadow',
      'none',
      ['none', ...STRATEGY_NAMES],
      'A strategy that is asked but not obeyed: each minute the log says what it would change.',
    ),
    sessionAffinity: flag(
      'session_affinity',
      false,
      'Whether requests of one session go to one endpoint, with any strategy.',
    ),
    sessionKeys: sessionNames(
      'session_keys',
      SESSION_KEYS,
      'What names a session: the first field, else key of the body, else prefix of a request.',
    ),
    prefixCacheTokens: integer(
      'prefix_cache_tokens',
      500_000,
      { min: 1, max: 100_000_000, unit: 'tokens' },
      'What the prefix cache of an engine holds that does not report it; for prefix-aware.',
    ),
    prefixIndexBytes: integer(
      'prefix_index_bytes',
      64 * 1024 * 1024,
      { min: 4096, max: 16 * GIB, unit: 'bytes' },
      'Memory for what is known of prefix caches, all endpoints together; for prefix-aware.',
    ),
    numRetries: integer(
      'num_retries',
      3,
      { max: 100 },
      'Further attempts after the first one fails.',
    ),
    queueTimeoutMs: millis(
      'queue_timeout_ms',
      1000,
      'How long a request waits when all endpoints of its model are at a limit.',
    ),
    maxQueue: integer(
      'max_queue',
      10_000,
      { max: 1_000_000, unit: 'requests' },
      'Requests that may wait at once for one model; further ones get 429.',
    ),
    maxQueueBytes: integer(
      'max_queue_bytes',
      256 * 1024 * 1024,
      { min: 1, max: 1024 * GIB, unit: 'bytes' },
      'What the bodies of those that wait for one model may hold; further ones get 429.',
    ),
    maxParallelRequests: integer(
      'max_parallel_requests',
      0,
      { max: 1_000_000, unit: 'requests' },
      'Requests of one model in progress at once; further ones wait. 0 means unlimited.',
    ),
    unavailableWaitMs: millis(
      'unavailable_wait_ms',
      2000,
      'How long a request waits for an available endpoint before 503.',
    ),
    panicThreshold: fraction(
      'panic_threshold',
      0,
      'Share of available endpoints of a model below which all are used; 0 = only when none is.',
    ),
  },
} as const;
