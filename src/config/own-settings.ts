/**
 * What a deployment has of its own (`order`, `timeout`, `max_parallel_requests`, …) → the part of
 * an endpoint entry that most do without. A file's defaults fill in what it does not say.
 */
import { LAST_ORDER } from '../core/cluster.ts';
import type { DeploymentReader } from './deployment-reader.ts';
import type { EndpointDefaults, OwnEntry } from './endpoint-entry.ts';
import { Secret } from './secret.ts';
import type { MapTree } from './yaml-tree.ts';

/** What a deployment has that says nothing for itself. */
export const NO_OWN: OwnEntry = {
  order: LAST_ORDER,
  maxParallel: 0,
  tpmLimit: 0,
  timeoutMs: 0,
  streamTimeoutMs: 0,
  numRetries: -1,
  cooldownMs: -1,
  headers: [],
  probed: true,
};

interface Sections {
  readonly params: MapTree;
  readonly info: MapTree | undefined;
}

/** `undefined` when nothing is its own. */
export function readOwn(
  reader: DeploymentReader,
  sections: Sections,
  defaults: EndpointDefaults,
): OwnEntry | undefined {
  const { params, info } = sections;
  const number = (key: string, scale = 1) => reader.number(params, `litellm_params.${key}`, scale);
  const own: OwnEntry = {
    order: number('order') ?? LAST_ORDER,
    maxParallel: number('max_parallel_requests') ?? defaults.maxParallel ?? 0,
    tpmLimit: readTpm(reader, sections),
    timeoutMs: number('timeout', 1000) ?? defaults.timeoutMs ?? 0,
    streamTimeoutMs: number('stream_timeout', 1000) ?? defaults.streamTimeoutMs ?? 0,
    numRetries: number('num_retries') ?? defaults.numRetries ?? -1,
    cooldownMs: number('cooldown_time', 1000) ?? defaults.cooldownMs ?? -1,
    headers: readHeaders(reader, params),
    probed: !reader.flag(info, 'model_info.disable_background_health_check'),
  };
  return JSON.stringify(own) === JSON.stringify(NO_OWN) ? undefined : own;
}

/** As with rpm, `model_info` is looked at last. */
function readTpm(reader: DeploymentReader, { params, info }: Sections): number {
  for (const key of ['tpm_limit', 'tpm']) {
    const limit = reader.number(params, `litellm_params.${key}`);
    if (limit !== undefined) return limit;
  }
  for (const key of ['tpm_limit', 'tpm']) {
    const limit = reader.number(info, `model_info.${key}`);
    if (limit !== undefined) return limit;
  }
  return 0;
}

/** Fields that the router itself writes, or that would change how a message is read. */
const RESERVED = new Set([
  'host',
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'te',
  'trailer',
  'upgrade',
  'expect',
  'content-encoding',
  'x-request-id',
]);

function readHeaders(reader: DeploymentReader, params: MapTree): OwnEntry['headers'] {
  const key = 'litellm_params.extra_headers';
  const fields = reader.texts(params, key);
  const organization = reader.text(params, 'litellm_params.organization');
  if (organization !== '') fields.push(['OpenAI-Organization', organization]);
  const bad = (message: string) => reader.fault(params, key, message);
  for (const [name, value] of fields) {
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/.test(name)) bad('has a name no header can have');
    else if (RESERVED.has(name.toLowerCase())) bad(`must not contain ${name}`);
    else if (!/^[\x20-\x7e]*$/.test(value)) bad(`has characters that ${name} cannot carry`);
  }
  return fields.map(([name, value]) => [name, new Secret(value)]);
}
