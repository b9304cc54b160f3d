/**
 * The files of a configuration, read together: the main file, then `<source>_*.yaml` of every
 * enabled source in `backends.config_dir`, and what LiteLLM files among them include.
 *
 * Invariant: never throws for what is on disk; a file that cannot be read or parsed is in `byFile`
 * with `ok: false`, so that a reload can keep that file's last good endpoints.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import type { EndpointEntry } from './endpoint-entry.ts';
import { fileReason } from './file-reason.ts';
import { LITELLM_TOP_KEYS, type LiteLLMSettings } from './litellm.ts';
import type { Overrides } from './main-reader.ts';
import { mergeRules, type NameRules, resolveNames } from './model-names.ts';
import {
  includesOf,
  type OpenedFile,
  openText,
  type ParsedFile,
  readEndpointFiles,
  readMain,
} from './parse.ts';
import { formatPlace, type Parsed, type Problem } from './problem.ts';
import type { Env } from './references.ts';
import type { Config } from './schema.ts';
import type { Settings } from './settings.ts';
import { FileReport, MAX_FILE_BYTES } from './yaml-tree.ts';

export interface LoadOptions {
  /** What references name, and LLM_ROUTER_*__* variables. */
  readonly env: Env;
  /** Wins over `backends.enabled_sources`. */
  readonly enabledSources?: readonly string[] | undefined;
  /** Flags, by dotted file key; they win over the file. */
  readonly overrides?: Overrides;
}

/** What one endpoint file said. */
export interface FileEndpoints {
  readonly sourceType: string;
  readonly entries: readonly EndpointEntry[];
  /** Aliases and fallbacks it names; absent = none. */
  readonly names?: NameRules;
  /** False: the file could not be read or parsed at all. */
  readonly ok: boolean;
}

export interface Loaded {
  /** Absent when the main file has an error; then no endpoint file was looked for. */
  readonly config?: Config;
  /** What the configuration was made of; present with it. */
  readonly settings?: Settings;
  /** All endpoints of all good files; an identity appears once. */
  readonly endpoints: readonly EndpointEntry[];
  readonly problems: readonly Problem[];
  /** The main file, then the endpoint files, in the order they were read. */
  readonly files: readonly string[];
  /** Endpoint files by path. */
  readonly byFile: ReadonlyMap<string, FileEndpoints>;
  /** Folder of the endpoint files, for the watcher; '' without a config. */
  readonly dir: string;
  /** False: the folder could not be listed, so absent files were not necessarily deleted. */
  readonly listed: boolean;
}

export async function loadAll(mainFile: string, options: LoadOptions): Promise<Loaded> {
  const main = await openMain(mainFile, options);
  const problems = [...main.problems];
  const files = main.files;
  const byFile = new Map<string, FileEndpoints>();
  if (main.value === undefined) {
    return { endpoints: [], problems, files, byFile, dir: '', listed: false };
  }
  for (const parsed of main.lists) byFile.set(parsed.file, endpointsOf(parsed, 'main'));
  const { configDir, enabledSources } = main.value.backends;
  const dir = isAbsolute(configDir) ? configDir : join(dirname(mainFile), configDir);
  const found = await listEndpointFiles(dir, enabledSources);
  // A LiteLLM file is complete in itself: it needs no folder that nobody named.
  const needsDir = main.lists.length === 0 || main.settings.has('backends.config_dir');
  if (needsDir || found.value !== undefined) problems.push(...found.problems);
  for (const { file, sourceType } of found.value ?? []) {
    const opened = await openWithIncludes(file, options.env, 'warning');
    const input = { files: opened, sourceType, env: options.env, inherited: main.shared };
    for (const parsed of readEndpointFiles(input)) {
      files.push(parsed.file);
      byFile.set(parsed.file, endpointsOf(parsed, sourceType));
      problems.push(...parsed.problems);
    }
  }
  const merged = mergeEndpoints(byFile);
  problems.push(...merged.problems, ...nameProblems(byFile, merged.value));
  return {
    config: main.value,
    settings: main.settings,
    endpoints: merged.value,
    problems,
    files,
    byFile,
    dir,
    listed: found.value !== undefined || !needsDir,
  };
}

function endpointsOf({ entries, ok, names }: ParsedFile, sourceType: string): FileEndpoints {
  return { sourceType, entries, ok, names };
}

function nameProblems(
  byFile: ReadonlyMap<string, FileEndpoints>,
  entries: readonly EndpointEntry[],
): readonly Problem[] {
  const rules = mergeRules([...byFile.values()].map(({ names }) => names));
  return resolveNames(rules, new Set(entries.map(({ modelName }) => modelName))).problems;
}

/**
 * The endpoints of several files as one list. Of two with one identity the later wins, and a
 * warning names both places.
 */
export function mergeEndpoints(byFile: ReadonlyMap<string, FileEndpoints>): {
  readonly value: EndpointEntry[];
  readonly problems: Problem[];
} {
  const byId = new Map<string, EndpointEntry>();
  const problems: Problem[] = [];
  for (const { entries } of byFile.values()) {
    for (const entry of entries) {
      const earlier = byId.get(entry.id);
      if (earlier !== undefined) {
        const message = `the same endpoint as at ${formatPlace(earlier.place)}; this one counts`;
        problems.push({ ...entry.place, path: entry.id, message, severity: 'warning' });
      }
      byId.set(entry.id, entry);
    }
  }
  return { value: [...byId.values()], problems };
}

type Main = { readonly files: string[]; readonly problems: readonly Problem[] } & (
  | { readonly value?: undefined }
  | {
      readonly value: Config;
      readonly settings: Settings;
      readonly shared: LiteLLMSettings | undefined;
      /** Its own list of endpoints and included ones; empty when it has none. */
      readonly lists: readonly ParsedFile[];
    }
);

async function openMain(file: string, options: LoadOptions): Promise<Main> {
  const { enabledSources, overrides = {}, env } = options;
  const [main, ...included] = await openWithIncludes(file, env, 'error');
  const all =
    enabledSources === undefined
      ? overrides
      : { ...overrides, 'backends.enabled_sources': enabledSources };
  const parsed = readMain({ main: main!, included, overrides: all, env });
  const { problems, value, settings = new Map(), shared } = parsed;
  const files = [file, ...included.map(({ report }) => report.file)];
  if (value === undefined) return { files, problems };
  const tree = main!.tree;
  const own = tree?.kind === 'map' && LITELLM_TOP_KEYS.some((key) => tree.entries.has(key));
  return { files, problems, value, settings, shared, lists: own ? (parsed.files ?? []) : [] };
}

/** The file, then those it includes; a path is relative to the file that names it. */
async function openWithIncludes(
  file: string,
  env: Env,
  duplicateKeys: 'error' | 'warning',
): Promise<OpenedFile[]> {
  const opened = await open(file, duplicateKeys);
  const included: OpenedFile[] = [];
  for (const path of includesOf(opened, env)) {
    included.push(await open(resolve(dirname(file), path), 'warning'));
  }
  return [opened, ...included];
}

async function open(file: string, duplicateKeys: 'error' | 'warning'): Promise<OpenedFile> {
  const text = await readText(file);
  if (text.value !== undefined) return openText(text.value, file, duplicateKeys);
  const report = new FileReport(file);
  report.problems.push(...text.problems);
  return { report };
}

interface EndpointFile {
  readonly file: string;
  readonly sourceType: string;
}

/** Sorted by name, so that "the later wins" does not depend on the file system. */
async function listEndpointFiles(
  dir: string,
  sources: readonly string[],
): Promise<Parsed<EndpointFile[]>> {
  let fileNames: string[];
  try {
    fileNames = await readdir(dir);
  } catch (error) {
    const message = `cannot list the endpoint files: ${fileReason(error)}`;
    return { problems: [wholeFile(dir, 'backends.config_dir', message)] };
  }
  const value: EndpointFile[] = [];
  for (const name of fileNames.sort()) {
    const sourceType = sourceOf(name, sources);
    if (sourceType !== undefined) value.push({ file: join(dir, name), sourceType });
  }
  return { value, problems: [] };
}

/** The longest enabled source that `name` starts with: `self_deployed_x.yaml` is not `self`'s. */
function sourceOf(name: string, sources: readonly string[]): string | undefined {
  if (!/\.ya?ml$/.test(name)) return undefined;
  let best: string | undefined;
  for (const source of sources) {
    if (name.startsWith(`${source}_`) && source.length > (best?.length ?? 0)) best = source;
  }
  return best;
}

/** Only a regular file of bounded size is read: a FIFO or a device would never end. */
async function readText(file: string): Promise<Parsed<string>> {
  try {
    const { size, ...kind } = await stat(file).then((found) => ({
      size: found.size,
      isFile: found.isFile(),
    }));
    if (!kind.isFile) return { problems: [wholeFile(file, '', 'is not a regular file')] };
    if (size > MAX_FILE_BYTES) {
      return { problems: [wholeFile(file, '', `is larger than ${MAX_FILE_BYTES} bytes`)] };
    }
    return {
      value: new TextDecoder('utf-8', { fatal: true }).decode(await readFile(file)),
      problems: [],
    };
  } catch (error) {
    return { problems: [wholeFile(file, '', `cannot be read: ${fileReason(error)}`)] };
  }
}

function wholeFile(file: string, path: string, message: string): Problem {
  return { file, line: 0, column: 0, path, message, severity: 'error' };
}
