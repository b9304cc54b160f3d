/**
 * The files of a configuration, read together: the main file, then `<source>_*.yaml` of every
 * enabled source in `backends.config_dir`.
 *
 * Invariant: never throws for what is on disk; a file that cannot be read or parsed is in `byFile`
 * with `ok: false`, so that a reload can keep that file's last good endpoints.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import type { EndpointEntry } from './endpoint-entry.ts';
import type { Overrides } from './main-reader.ts';
import { type ParsedMain, parseEndpoints, parseMain } from './parse.ts';
import { formatPlace, type Parsed, type Problem } from './problem.ts';
import type { Env } from './references.ts';
import type { Config } from './schema.ts';
import type { Settings } from './settings.ts';
import { MAX_FILE_BYTES } from './yaml-tree.ts';

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
  const main = await readMain(mainFile, options);
  const problems = [...main.problems];
  const files = [mainFile];
  const byFile = new Map<string, FileEndpoints>();
  if (main.value === undefined) {
    return { endpoints: [], problems, files, byFile, dir: '', listed: false };
  }
  const { configDir, enabledSources } = main.value.backends;
  const dir = isAbsolute(configDir) ? configDir : join(dirname(mainFile), configDir);
  const found = await listEndpointFiles(dir, enabledSources);
  problems.push(...found.problems);
  for (const { file, sourceType } of found.value ?? []) {
    const { value, problems: faults } = await readEndpoints(file, sourceType, options.env);
    files.push(file);
    byFile.set(file, { sourceType, entries: value ?? [], ok: value !== undefined });
    problems.push(...faults);
  }
  const merged = mergeEndpoints(byFile);
  problems.push(...merged.problems);
  return {
    config: main.value,
    settings: main.settings ?? new Map(),
    endpoints: merged.value,
    problems,
    files,
    byFile,
    dir,
    listed: found.value !== undefined,
  };
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

async function readMain(file: string, options: LoadOptions): Promise<ParsedMain> {
  const text = await readText(file);
  if (text.value === undefined) return { problems: text.problems };
  const { enabledSources, overrides = {} } = options;
  const all =
    enabledSources === undefined
      ? overrides
      : { ...overrides, 'backends.enabled_sources': enabledSources };
  return parseMain(text.value, file, all, options.env);
}

async function readEndpoints(
  file: string,
  sourceType: string,
  env: Env,
): Promise<Parsed<EndpointEntry[]>> {
  const text = await readText(file);
  if (text.value === undefined) return { problems: text.problems };
  return parseEndpoints(text.value, file, sourceType, env);
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
    const message = `cannot list the endpoint files: ${reason(error)}`;
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
    return { problems: [wholeFile(file, '', `cannot be read: ${reason(error)}`)] };
  }
}

function wholeFile(file: string, path: string, message: string): Problem {
  return { file, line: 0, column: 0, path, message, severity: 'error' };
}

const REASONS: Record<string, string> = {
  ENOENT: 'it does not exist',
  EACCES: 'permission denied',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of the path is not a folder',
  ELOOP: 'its symbolic links go in a circle',
  EMFILE: 'too many open files',
  ERR_ENCODING_INVALID_ENCODED_DATA: 'it is not UTF-8 text',
};

function reason(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
  return REASONS[code] ?? code;
}
