/**
 * Every key of an endpoint file that this version honours, once; the reader asks it what is
 * ignored and docs/configuration.md prints it. Files come from LiteLLM too, so an unknown key is
 * never fatal: one notice per file lists them all.
 */
import { printable } from './problem.ts';
import { nearest } from './suggest.ts';
import type { FileReport, MapTree } from './yaml-tree.ts';

export interface EndpointKey {
  readonly key: string;
  readonly type: string;
  readonly defaultText: string;
  readonly doc: string;
}

/** Keys of one item of `model_list`. */
export const ENTRY_KEYS: readonly EndpointKey[] = [
  {
    key: 'model_name',
    type: 'text',
    defaultText: 'required',
    doc: 'Name that clients ask for; endpoints with the same name share the load.',
  },
  { key: 'litellm_params', type: 'section', defaultText: 'required', doc: 'The keys below.' },
  {
    key: 'model_info',
    type: 'section',
    defaultText: '–',
    doc: 'The keys below it; others describe the model and change nothing.',
  },
  {
    key: 'rpm_limit',
    type: 'number',
    defaultText: '–',
    doc: 'As below; the entry itself is looked at first.',
  },
  { key: 'rpm', type: 'number', defaultText: '–', doc: 'Another name of rpm_limit.' },
];

/** Keys of `litellm_params`. */
export const PARAM_KEYS: readonly EndpointKey[] = [
  {
    key: 'model',
    type: 'text',
    defaultText: 'model_name',
    doc: 'Name the engine knows; a provider in front (openai/, hosted_vllm/, …) is dropped.',
  },
  {
    key: 'api_base',
    type: 'address',
    defaultText: 'required',
    doc: 'http(s) address up to and including /v1.',
  },
  {
    key: 'api_key',
    type: 'text',
    defaultText: 'none',
    doc: "Sent as a bearer token. Without one the client's own Authorization passes.",
  },
  {
    key: 'weight',
    type: 'number',
    defaultText: '1',
    doc: 'Share of the load; 0 means 1.',
  },
  {
    key: 'rpm_limit',
    type: 'number',
    defaultText: 'unlimited',
    doc: 'Requests in any 60 seconds; null or 0 means unlimited.',
  },
  { key: 'rpm', type: 'number', defaultText: '–', doc: 'Another name of rpm_limit.' },
  {
    key: 'tpm_limit',
    type: 'number',
    defaultText: 'unlimited',
    doc: 'Tokens in any 60 seconds, prompts and answers together; 0 means unlimited.',
  },
  { key: 'tpm', type: 'number', defaultText: '–', doc: 'Another name of tpm_limit.' },
  {
    key: 'supports_vision',
    type: 'true/false',
    defaultText: 'false',
    doc: 'Whether the engine takes images; for information.',
  },
  {
    key: 'source_type',
    type: 'text',
    defaultText: "the file's prefix",
    doc: 'Kind of endpoint; engines that are not "openai" are asked for metrics.',
  },
  {
    key: 'order',
    type: 'number',
    defaultText: 'last',
    doc: 'Endpoints of a lower order get everything while one of them can take it.',
  },
  {
    key: 'max_parallel_requests',
    type: 'number',
    defaultText: 'unlimited',
    doc: 'Requests at once; further ones go elsewhere or wait. 0 means unlimited.',
  },
  {
    key: 'timeout',
    type: 'seconds',
    defaultText: "the router's",
    doc: 'Longest attempt at this endpoint; of a stream, the time to its first event.',
  },
  {
    key: 'stream_timeout',
    type: 'seconds',
    defaultText: 'timeout',
    doc: 'Longest silence of a stream, the time to its first event included.',
  },
  {
    key: 'num_retries',
    type: 'number',
    defaultText: 'routing.num_retries',
    doc: 'Further attempts after a first one at this endpoint failed.',
  },
  {
    key: 'cooldown_time',
    type: 'seconds',
    defaultText: 'ejection.base_ms',
    doc: 'Its first ejection; 0 means that failed requests never eject it.',
  },
  {
    key: 'organization',
    type: 'text',
    defaultText: 'none',
    doc: 'Sent as OpenAI-Organization.',
  },
  {
    key: 'extra_headers',
    type: 'section',
    defaultText: 'none',
    doc: 'Header fields of each request, probe and scrape, instead of what the client sends.',
  },
  {
    key: 'litellm_credential_name',
    type: 'text',
    defaultText: 'none',
    doc: "Entry of the file's credential_list that fills in what is not given here.",
  },
];

/** Keys of `model_info`. */
export const INFO_KEYS: readonly EndpointKey[] = [
  { key: 'rpm_limit', type: 'number', defaultText: '–', doc: 'As above; looked at last.' },
  { key: 'rpm', type: 'number', defaultText: '–', doc: 'Another name of rpm_limit.' },
  { key: 'tpm_limit', type: 'number', defaultText: '–', doc: 'As above; looked at last.' },
  { key: 'tpm', type: 'number', defaultText: '–', doc: 'Another name of tpm_limit.' },
  {
    key: 'blocked',
    type: 'true/false',
    defaultText: 'false',
    doc: 'Leaves the endpoint out.',
  },
  {
    key: 'disable_background_health_check',
    type: 'true/false',
    defaultText: 'false',
    doc: 'Takes the endpoint for healthy without ever probing it.',
  },
];

export const ENTRY_KEY_NAMES = ENTRY_KEYS.map((entry) => entry.key);
export const PARAM_KEY_NAMES = PARAM_KEYS.map((entry) => entry.key);
/** What describes a model for people: nobody misses an effect. */
const DESCRIPTIVE = ['id', 'mode', 'base_model', 'max_tokens', 'max_input_tokens'];
export const INFO_KEY_NAMES = [
  ...INFO_KEYS.map((entry) => entry.key),
  ...[...DESCRIPTIVE, 'max_output_tokens', 'input_cost_per_token', 'output_cost_per_token'],
];
export const RPM_KEY_NAMES = ['rpm_limit', 'rpm'];

/** More than this is a flood, not a list. */
const MAX_LISTED = 20;

/** Collects the keys of one file that have no effect. */
export class IgnoredKeys {
  readonly #texts = new Map<string, string>();

  /** Notes what `map` has beside `known`; `prefix` is '' or ends in a dot. */
  note(prefix: string, map: MapTree, known: readonly string[]): void {
    for (const key of map.entries.keys()) {
      const path = prefix + key;
      if (known.includes(key) || this.#texts.has(path)) continue;
      const near = nearest(key, known);
      const hint = near === undefined ? '' : ` (did you mean ${near}?)`;
      this.#texts.set(path, printable(path) + hint);
    }
  }

  /** Adds the one notice, when there is something to say. */
  report(report: FileReport, at: number): void {
    if (this.#texts.size === 0) return;
    const listed = [...this.#texts.values()].sort().slice(0, MAX_LISTED);
    const more = this.#texts.size - listed.length;
    const rest = more > 0 ? ` and ${more} more` : '';
    report.add('notice', at, '', { message: `ignored keys: ${listed.join(', ')}${rest}` });
  }
}
