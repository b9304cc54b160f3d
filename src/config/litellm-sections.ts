/**
 * The keys of LiteLLM's `router_settings`, `litellm_settings` and `general_settings`, each once:
 * what it does here and the function that does it. docs/litellm.md prints this table. A key that is
 * not in it has no effect, which one notice per file says.
 */
import { STRATEGY_NAMES } from '../core/strategy.ts';
import type { LiteLLMReader } from './litellm-reader.ts';
import type { Tree } from './yaml-tree.ts';

export type LiteLLMSection = 'litellm_settings' | 'router_settings' | 'general_settings';

export interface LiteLLMKey {
  readonly section: LiteLLMSection;
  readonly key: string;
  /** One line. */
  readonly doc: string;
  readonly read: (reader: LiteLLMReader, tree: Tree) => void;
}

const STRATEGIES = new Map([
  ['simple-shuffle', 'simple-shuffle'],
  ['least-busy', 'least-connections'],
  ['latency-based-routing', 'least-latency'],
]);

const NUM_RETRIES = 'routing.num_retries; in an endpoint file, for its endpoints.';
const COOLDOWN =
  'First ejection of each endpoint that does not say otherwise; 0: failed requests eject none.';
const FALLBACKS = 'Models to go on with when a model cannot answer; "*" means every other model.';
const DEFAULT_FALLBACKS = 'The same for every model without a list of its own.';
const ALLOWED_FAILS = 'retry.failure_threshold is one more: the failure that is too many ejects.';
const TIMEOUT = 'timeout of each endpoint that does not say otherwise.';

/** Of two keys for one thing the later row counts: router_settings wins over litellm_settings. */
export const LITELLM_KEYS: readonly LiteLLMKey[] = [
  row('litellm_settings', 'request_timeout', TIMEOUT, readTimeout),
  row('litellm_settings', 'num_retries', NUM_RETRIES, readRetries),
  row('litellm_settings', 'allowed_fails', ALLOWED_FAILS, readAllowedFails),
  row('litellm_settings', 'cooldown_time', COOLDOWN, readCooldown),
  row('litellm_settings', 'fallbacks', FALLBACKS, (to, tree) => to.fallbacks(tree)),
  row('litellm_settings', 'default_fallbacks', DEFAULT_FALLBACKS, (to, tree) =>
    to.defaultFallbacks(tree),
  ),
  row(
    'router_settings',
    'routing_strategy',
    'routing.strategy: least-busy is least-connections, latency-based-routing is least-latency.',
    readStrategy,
  ),
  row('router_settings', 'num_retries', NUM_RETRIES, readRetries),
  row('router_settings', 'retry_after', 'retry.base_delay_ms.', (to, tree) => {
    const ms = to.number(tree, 1000);
    if (ms === undefined || ms === 0) return;
    to.option('retry.base_delay_ms', ms, tree);
    if (ms > 5000) to.option('retry.max_delay_ms', ms, tree);
  }),
  row('router_settings', 'allowed_fails', ALLOWED_FAILS, readAllowedFails),
  row('router_settings', 'cooldown_time', COOLDOWN, readCooldown),
  row(
    'router_settings',
    'disable_cooldowns',
    'As cooldown_time 0 for every endpoint.',
    (to, tree) => {
      if (to.flag(tree) === true) to.defaults({ cooldownMs: 0 });
    },
  ),
  row('router_settings', 'fallbacks', FALLBACKS, (to, tree) => to.fallbacks(tree)),
  row('router_settings', 'default_fallbacks', DEFAULT_FALLBACKS, (to, tree) =>
    to.defaultFallbacks(tree),
  ),
  row(
    'router_settings',
    'model_group_alias',
    'Further names of a model, as a text or as {model, hidden}; GET /v1/models omits hidden ones.',
    (to, tree) => to.aliases(tree),
  ),
  row('router_settings', 'timeout', TIMEOUT, readTimeout),
  row(
    'router_settings',
    'stream_timeout',
    'stream_timeout of each endpoint that does not say otherwise.',
    (to, tree) => {
      const streamTimeoutMs = to.number(tree, 1000);
      if (streamTimeoutMs !== undefined) to.defaults({ streamTimeoutMs });
    },
  ),
  row(
    'router_settings',
    'default_max_parallel_requests',
    'max_parallel_requests of each endpoint that does not say otherwise.',
    (to, tree) => {
      const maxParallel = to.number(tree);
      if (maxParallel !== undefined) to.defaults({ maxParallel });
    },
  ),
  row('general_settings', 'master_key', 'One of server.api_keys, named master.', (to, tree) => {
    const key = to.secret(tree);
    if (key !== undefined) to.option('server.api_keys', [{ name: 'master', key }], tree);
  }),
  row('general_settings', 'health_check_interval', 'health_check.interval.', (to, tree) => {
    const seconds = to.number(tree);
    if (seconds !== undefined) to.option('health_check.interval', seconds, tree);
  }),
  row('general_settings', 'global_max_parallel_requests', 'server.max_requests.', (to, tree) => {
    const requests = to.number(tree);
    if (requests !== undefined) to.option('server.max_requests', requests, tree);
  }),
  row('general_settings', 'max_request_size_mb', 'server.max_body_bytes.', (to, tree) => {
    const bytes = to.number(tree, 1024 * 1024);
    if (bytes !== undefined) to.option('server.max_body_bytes', Math.floor(bytes), tree);
  }),
];

function row(
  section: LiteLLMSection,
  key: string,
  doc: string,
  read: LiteLLMKey['read'],
): LiteLLMKey {
  return { section, key, doc, read };
}

function readStrategy(to: LiteLLMReader, tree: Tree): void {
  const name = to.text(tree);
  if (name === undefined) return;
  const strategy = STRATEGIES.get(name) ?? name;
  if ((STRATEGY_NAMES as readonly string[]).includes(strategy)) {
    to.option('routing.strategy', strategy, tree);
  } else {
    to.warn(tree, `no strategy here is like "${name}"; routing.strategy stays as it is`);
  }
}

function readRetries(to: LiteLLMReader, tree: Tree): void {
  const numRetries = to.number(tree);
  if (numRetries === undefined) return;
  if (to.isMain) to.option('routing.num_retries', numRetries, tree);
  else to.defaults({ numRetries });
}

function readAllowedFails(to: LiteLLMReader, tree: Tree): void {
  const allowed = to.number(tree);
  if (allowed !== undefined) to.option('retry.failure_threshold', allowed + 1, tree);
}

function readCooldown(to: LiteLLMReader, tree: Tree): void {
  const cooldownMs = to.number(tree, 1000);
  if (cooldownMs !== undefined) to.defaults({ cooldownMs });
}

function readTimeout(to: LiteLLMReader, tree: Tree): void {
  const timeoutMs = to.number(tree, 1000);
  if (timeoutMs !== undefined) to.defaults({ timeoutMs });
}
