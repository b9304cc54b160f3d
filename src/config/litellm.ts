/**
 * What a LiteLLM file says beside its `model_list`: settings of the router, credentials, variables,
 * aliases and fallbacks. Nothing in it is fatal but a client key that cannot be read: without
 * effect, the router would be open to everybody.
 *
 * Invariant: sections are read in the order of LITELLM_KEYS whatever the order in the file, so the
 * same rules win everywhere.
 */

import type { EndpointDefaults } from './endpoint-entry.ts';
import {
  Collected,
  type LiteLLMOption,
  type LiteLLMPart,
  LiteLLMReader,
} from './litellm-reader.ts';
import { LITELLM_KEYS, type LiteLLMSection } from './litellm-sections.ts';
import type { NameRules } from './model-names.ts';
import { type Env, fillIn } from './references.ts';
import { describe, isNull, textOf } from './tree-values.ts';
import type { MapTree } from './yaml-tree.ts';

/** Top-level keys of a LiteLLM file. */
export const LITELLM_TOP_KEYS = [
  'model_list',
  'router_settings',
  'litellm_settings',
  'general_settings',
  'environment_variables',
  'credential_list',
  'include',
] as const;

export interface LiteLLMSettings {
  /** The environment with the file's `environment_variables` laid over it. */
  readonly env: Env;
  /** `credential_values` by `credential_name`. */
  readonly credentials: ReadonlyMap<string, MapTree>;
  readonly defaults: EndpointDefaults;
  readonly names: NameRules;
  /** Weakest first; empty for an endpoint file. */
  readonly options: readonly LiteLLMOption[];
}

export interface LiteLLMContext {
  readonly isMain: boolean;
  /** What the main file says to all; absent for that one. */
  readonly inherited?: LiteLLMSettings | undefined;
  readonly env: Env;
}

const SECTIONS: readonly LiteLLMSection[] = [
  'litellm_settings',
  'router_settings',
  'general_settings',
];

export function readLiteLLM(
  parts: readonly LiteLLMPart[],
  context: LiteLLMContext,
): LiteLLMSettings {
  const { inherited, isMain } = context;
  const env = { ...(inherited?.env ?? context.env) };
  const credentials = new Map(inherited?.credentials);
  for (const part of parts) readVariables(part, env);
  for (const part of parts) readCredentials(part, credentials);
  const collected = new Collected(inherited?.defaults ?? {});
  for (const { section, key, read } of LITELLM_KEYS) {
    for (const part of parts) {
      const value = sectionOf(part, section)?.entries.get(key)?.value;
      if (value === undefined || isNull(value)) continue;
      const { tree, fault } = fillIn(value, env);
      const reader = new LiteLLMReader(part, `${section}.${key}`, { isMain, collected, env });
      if (fault !== '') reader.unreadable(value, fault);
      else if (!isNull(tree)) read(reader, tree);
      else if (key === 'master_key') reader.unreadable(value, 'is empty');
    }
  }
  for (const part of parts) noteIgnored(part);
  const { defaults, aliases, fallbacks, options } = collected;
  return { env, credentials, defaults, names: { aliases, fallbacks }, options };
}

function sectionOf({ root, report }: LiteLLMPart, key: string): MapTree | undefined {
  const value = root.entries.get(key)?.value;
  if (value === undefined || isNull(value)) return undefined;
  if (value.kind === 'map') return value;
  const message = `must be a section with keys, not ${describe(value)}; it has no effect`;
  if (!report.problems.some((one) => one.path === key)) {
    report.add('warning', value.at, key, { message });
  }
  return undefined;
}

function readVariables(part: LiteLLMPart, env: Record<string, string | undefined>): void {
  for (const [name, { value }] of sectionOf(part, 'environment_variables')?.entries ?? []) {
    const { tree, fault } = fillIn(value, env);
    const text = textOf(tree);
    const path = `environment_variables.${name}`;
    if (fault !== '') part.report.add('warning', value.at, path, { message: fault });
    else if (text !== undefined) env[name] = text;
  }
}

function readCredentials({ root, report }: LiteLLMPart, into: Map<string, MapTree>): void {
  const list = root.entries.get('credential_list')?.value;
  for (const item of list?.kind === 'list' ? list.items : []) {
    const entries = item.kind === 'map' ? item.entries : undefined;
    const name = entries?.get('credential_name')?.value;
    const values = entries?.get('credential_values')?.value;
    const text = name === undefined ? undefined : textOf(name);
    if (text !== undefined && values?.kind === 'map') into.set(text, values);
    else {
      const message = 'must have credential_name and credential_values; it has no effect';
      report.add('warning', item.at, 'credential_list', { message });
    }
  }
}

function noteIgnored(part: LiteLLMPart): void {
  for (const section of SECTIONS) {
    const map = sectionOf(part, section);
    const known = LITELLM_KEYS.filter((row) => row.section === section).map(({ key }) => key);
    if (map !== undefined) part.ignored.note(`${section}.`, map, known);
  }
}
