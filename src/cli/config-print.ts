/**
 * `llm-router config print`: the configuration as it counts, in the shape of the files, with
 * `-origin` a remark behind each value about who set it. Invariant: no secret is printed.
 * Exit codes: 0, or 3 when the configuration is not valid.
 */
import { stringify } from 'yaml';
import type { EndpointEntry, OwnEntry } from '../config/endpoint-entry.ts';
import { loadAll } from '../config/load.ts';
import { mergeRules, type NameRules } from '../config/model-names.ts';
import { SECTION_LIST } from '../config/option-paths.ts';
import { formatProblem, type Place, printable } from '../config/problem.ts';
import type { Origin, Settings } from '../config/settings.ts';
import { LAST_ORDER } from '../core/cluster.ts';
import { EXIT_CONFIG, EXIT_OK } from './exit-codes.ts';
import { configFile, FLAG_OF, loadOptions } from './load-options.ts';

interface Line {
  readonly text: string;
  /** '' = nothing to say. */
  readonly origin: string;
}

export async function runConfigPrint(flags: Readonly<Record<string, string>>): Promise<number> {
  const loaded = await loadAll(configFile(flags), loadOptions(flags));
  const { settings, endpoints, problems, byFile } = loaded;
  for (const problem of problems) process.stderr.write(`${formatProblem(problem)}\n`);
  if (settings === undefined) return EXIT_CONFIG;
  const names = mergeRules([...byFile.values()].map((file) => file.names));
  const lines = [...sectionLines(settings), ...endpointLines(endpoints), ...nameLines(names)];
  process.stdout.write(render(lines, flags.origin !== undefined));
  return EXIT_OK;
}

function render(lines: readonly Line[], withOrigin: boolean): string {
  if (!withOrigin) return lines.map(({ text }) => `${text}\n`).join('');
  const widths = lines.filter(({ origin }) => origin !== '').map(({ text }) => text.length);
  // Beyond that a remark stands right behind its value, so that one long value moves no other.
  const column = Math.min(Math.max(...widths), 48);
  return lines
    .map(({ text, origin }) => (origin === '' ? text : `${text.padEnd(column)}  # ${origin}`))
    .map((line) => `${line}\n`)
    .join('');
}

function sectionLines(settings: Settings): Line[] {
  return SECTION_LIST.flatMap(({ key, options }) => {
    const lines: Line[] = [{ text: `${key}:`, origin: '' }];
    for (const option of Object.values(options)) {
      const path = `${key}.${option.key}`;
      const setting = settings.get(path);
      const value = setting === undefined ? option.defaultValue : setting.value;
      const shown = option.secret && !isEmpty(value) ? '***' : value;
      const origin = originOf(path, setting?.origin);
      lines.push({ text: `  ${option.key}: ${inline(shown)}`, origin });
    }
    return lines;
  });
}

function isEmpty(value: unknown): boolean {
  return Array.isArray(value) ? value.length === 0 : value === '';
}

function originOf(path: string, origin: Origin | undefined): string {
  if (origin === undefined) return 'default';
  if (origin.kind === 'flag') return `flag -${FLAG_OF.get(path)}`;
  return origin.kind === 'environment' ? `environment ${origin.name}` : where(origin.place);
}

function where({ file, line }: Place): string {
  return `${printable(file, 300)}:${line}`;
}

/** A value on one line, quoted where YAML needs it. */
function inline(value: unknown): string {
  const style = { collectionStyle: 'flow', lineWidth: 0, version: '1.1' } as const;
  return stringify(value, { ...style, flowCollectionPadding: false }).trimEnd();
}

function endpointLines(endpoints: readonly EndpointEntry[]): Line[] {
  if (endpoints.length === 0) return [{ text: 'model_list: []', origin: '' }];
  const lines: Line[] = [{ text: 'model_list:', origin: '' }];
  for (const entry of endpoints) {
    const origin = where(entry.place);
    lines.push({ text: `  - model_name: ${inline(entry.modelName)}`, origin });
    lines.push({ text: '    litellm_params:', origin: '' });
    const params = {
      model: entry.upstreamModel,
      api_base: entry.apiBase,
      api_key: entry.apiKey.isEmpty ? '' : String(entry.apiKey),
      weight: entry.weight,
      rpm_limit: entry.rpmLimit,
      supports_vision: entry.supportsVision,
      source_type: entry.sourceType,
      ...ownParams(entry.own),
    };
    for (const [key, value] of Object.entries(params)) {
      lines.push({ text: `      ${key}: ${inline(value)}`, origin });
    }
    if (entry.own?.probed === false) {
      const info = 'model_info: {disable_background_health_check: true}';
      lines.push({ text: `    ${info}`, origin });
    }
  }
  return lines;
}

/** What it has of its own, under the names and in the units of the file. */
function ownParams(own: OwnEntry | undefined): object {
  if (own === undefined) return {};
  const { headers } = own;
  return {
    ...(own.order < LAST_ORDER ? { order: own.order } : {}),
    ...(own.maxParallel > 0 ? { max_parallel_requests: own.maxParallel } : {}),
    ...(own.tpmLimit > 0 ? { tpm_limit: own.tpmLimit } : {}),
    ...(own.timeoutMs > 0 ? { timeout: own.timeoutMs / 1000 } : {}),
    ...(own.streamTimeoutMs > 0 ? { stream_timeout: own.streamTimeoutMs / 1000 } : {}),
    ...(own.numRetries >= 0 ? { num_retries: own.numRetries } : {}),
    ...(own.cooldownMs >= 0 ? { cooldown_time: own.cooldownMs / 1000 } : {}),
    ...(headers.length > 0
      ? { extra_headers: Object.fromEntries(headers.map(([name, value]) => [name, String(value)])) }
      : {}),
  };
}

/** Aliases and fallbacks, in LiteLLM's shape. */
function nameLines({ aliases, fallbacks }: NameRules): Line[] {
  if (aliases.length + fallbacks.length === 0) return [];
  const lines: Line[] = [{ text: 'router_settings:', origin: '' }];
  if (aliases.length > 0) lines.push({ text: '  model_group_alias:', origin: '' });
  for (const { name, model, listed, place } of aliases) {
    const value = listed ? model : { model, hidden: true };
    lines.push({ text: `    ${inline(name)}: ${inline(value)}`, origin: where(place) });
  }
  if (fallbacks.length > 0) lines.push({ text: '  fallbacks:', origin: '' });
  for (const { name, models, place } of fallbacks) {
    lines.push({ text: `    - ${inline({ [name]: models })}`, origin: where(place) });
  }
  return lines;
}
