/**
 * What a reload changes: options, endpoints, aliases and fallbacks, as data for the log and the
 * admin API. Pure. Invariant: no value of a secret gets into it; that it changed does.
 */
import { AT_START } from './at-start.ts';
import type { EndpointEntry, OwnEntry } from './endpoint-entry.ts';
import type { NameRules } from './model-names.ts';
import type { Option } from './option.ts';
import { OPTION_PATHS } from './option-paths.ts';
import { NO_OWN } from './own-settings.ts';
import type { Settings } from './settings.ts';

/** Values as the files write them; absent ones are null. */
export interface ValueChange {
  readonly from: unknown;
  readonly to: unknown;
}

export interface OptionChange extends ValueChange {
  /** Such as `routing.strategy`. */
  readonly path: string;
  /** It counts from the next start on. */
  readonly needsRestart: boolean;
}

export interface EndpointChange {
  readonly id: string;
  /** By the name that the files give the value. */
  readonly fields: { readonly [key: string]: ValueChange };
}

export interface NameChange extends ValueChange {
  /** `alias NAME` or `fallbacks of NAME`. */
  readonly name: string;
}

export interface ConfigDiff {
  readonly options: readonly OptionChange[];
  readonly endpoints: {
    readonly added: readonly string[];
    readonly removed: readonly string[];
    readonly changed: readonly EndpointChange[];
  };
  readonly names: readonly NameChange[];
}

/** One state of the configuration, as far as it can change. */
export interface ConfigState {
  readonly settings: Settings;
  /** Each identity once. */
  readonly entries: readonly EndpointEntry[];
  readonly names: NameRules;
}

const MASK = '***';

export function diffConfig(before: ConfigState, after: ConfigState): ConfigDiff {
  return {
    options: diffOptions(before.settings, after.settings),
    endpoints: diffEndpoints(before.entries, after.entries),
    names: diffNames(before.names, after.names),
  };
}

export function isEmptyDiff({ options, endpoints, names }: ConfigDiff): boolean {
  const { added, removed, changed } = endpoints;
  return [options, names, added, removed, changed].every((list) => list.length === 0);
}

export function diffOptions(before: Settings, after: Settings): OptionChange[] {
  const changes: OptionChange[] = [];
  for (const [path, option] of OPTION_PATHS) {
    const from = before.get(path)?.value ?? option.defaultValue;
    const to = after.get(path)?.value ?? option.defaultValue;
    if (isSame(from, to)) continue;
    const shown = { from: shownValue(option, from), to: shownValue(option, to) };
    changes.push({ path, ...shown, needsRestart: AT_START.has(path) });
  }
  return changes;
}

function shownValue(option: Option<unknown>, value: unknown): unknown {
  if (!option.secret) return value;
  const isSet = Array.isArray(value) ? value.length > 0 : value !== '';
  return isSet ? MASK : value;
}

function diffEndpoints(
  before: readonly EndpointEntry[],
  after: readonly EndpointEntry[],
): ConfigDiff['endpoints'] {
  const old = new Map(before.map((entry) => [entry.id, entry]));
  const added: string[] = [];
  const changed: EndpointChange[] = [];
  for (const entry of after) {
    const known = old.get(entry.id);
    old.delete(entry.id);
    if (known === undefined) added.push(entry.id);
    else if (known !== entry) {
      const fields = diffFields(known, entry);
      if (Object.keys(fields).length > 0) changed.push({ id: entry.id, fields });
    }
  }
  return { added, removed: [...old.keys()], changed };
}

/** By type one name for each, so that none can be left out. */
const OWN_NAMES: Readonly<Record<Exclude<keyof OwnEntry, 'headers'>, string>> = {
  order: 'order',
  maxParallel: 'max_parallel_requests',
  tpmLimit: 'tpm_limit',
  timeoutMs: 'timeout_ms',
  streamTimeoutMs: 'stream_timeout_ms',
  numRetries: 'num_retries',
  cooldownMs: 'cooldown_ms',
  probed: 'probed',
};
const OWN_FIELDS = Object.entries(OWN_NAMES) as [keyof typeof OWN_NAMES, string][];

/** What an entry says, under the names of the file, secrets in the clear: never give it out. */
function fieldsOf({ own = NO_OWN, ...entry }: EndpointEntry): Map<string, unknown> {
  const headers = own.headers.map(([name, value]) => [name, value.reveal()]);
  return new Map<string, unknown>([
    ['model', entry.upstreamModel],
    ['api_key', entry.apiKey.reveal()],
    ['weight', entry.weight],
    ['rpm_limit', entry.rpmLimit],
    ['supports_vision', entry.supportsVision],
    ['source_type', entry.sourceType],
    // What it does not say for itself is absent, whatever else it says.
    ...OWN_FIELDS.map(([field, name]) => {
      return [name, own[field] === NO_OWN[field] ? undefined : own[field]] as const;
    }),
    ['extra_headers', headers.length === 0 ? undefined : headers],
  ]);
}

/** All that an entry says but its place, to be compared. Secrets are in it: never give it out. */
export function meaningOf(entry: EndpointEntry): string {
  return JSON.stringify([entry.id, ...fieldsOf(entry)]);
}

const SECRET_FIELDS = new Set(['api_key', 'extra_headers']);

function diffFields(before: EndpointEntry, after: EndpointEntry): Record<string, ValueChange> {
  const [old, next] = [fieldsOf(before), fieldsOf(after)];
  const fields: Record<string, ValueChange> = {};
  for (const [key, to] of next) {
    const from = old.get(key);
    if (isSame(from, to)) continue;
    const shown = (value: unknown) => (SECRET_FIELDS.has(key) ? MASK : (value ?? null));
    fields[key] = { from: shown(from), to: shown(to) };
  }
  return fields;
}

function diffNames(before: NameRules, after: NameRules): NameChange[] {
  const [old, next] = [namesOf(before), namesOf(after)];
  const changes: NameChange[] = [];
  for (const name of new Set([...old.keys(), ...next.keys()])) {
    const [from, to] = [old.get(name) ?? null, next.get(name) ?? null];
    if (!isSame(from, to)) changes.push({ name, from, to });
  }
  return changes;
}

function namesOf({ aliases, fallbacks }: NameRules): Map<string, unknown> {
  return new Map<string, unknown>([
    ...aliases.map(({ name, model, listed }) => {
      return [`alias ${name}`, listed ? model : `${model} (hidden)`] as const;
    }),
    ...fallbacks.map(({ name, models }) => [`fallbacks of ${name}`, models] as const),
  ]);
}

/** Most values are the very same, and of thousands of endpoints nearly all. */
function isSame(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
