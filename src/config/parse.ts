/**
 * Text of a configuration file → values, with every problem of the file at once, each at its
 * line and column. Pure: the environment is an argument, no file is read here.
 *
 * Invariant: a main file with an error yields no value (the last good one stays); an endpoint file
 * yields every deployment that is good, and no value only when the file itself is not readable.
 */
import { readDeployment } from './deployment.ts';
import type { DeploymentContext } from './deployment-reader.ts';
import type { EndpointEntry } from './endpoint-entry.ts';
import { IgnoredKeys } from './endpoint-keys.ts';
import { LITELLM_TOP_KEYS, type LiteLLMSettings, readLiteLLM } from './litellm.ts';
import type { LiteLLMPart } from './litellm-reader.ts';
import { EXPECTED_SECTIONS, ignoredTopKeys, MainReader, type Overrides } from './main-reader.ts';
import type { NameRules } from './model-names.ts';
import type { Parsed, Problem } from './problem.ts';
import { type Env, fillIn } from './references.ts';
import type { Config } from './schema.ts';
import type { Settings } from './settings.ts';
import { nearest } from './suggest.ts';
import { describe, isNull, textOf } from './tree-values.ts';
import { FileReport, readTree, type Tree } from './yaml-tree.ts';

/** A file as YAML, before anybody asks what it means. */
export interface OpenedFile {
  readonly report: FileReport;
  /** Absent: it is no YAML, or not even a file; the reason is in the report. */
  readonly tree?: Tree | undefined;
}

/** The endpoints of one file. */
export interface ParsedFile {
  readonly file: string;
  readonly entries: readonly EndpointEntry[];
  readonly names: NameRules;
  /** False: the file could not be read at all. */
  readonly ok: boolean;
  readonly problems: readonly Problem[];
}

export interface ParsedMain extends Parsed<Config> {
  /** What the value was made of; present with it. */
  readonly settings?: Settings;
  /** What it says to all endpoints. */
  readonly shared?: LiteLLMSettings;
  /** Its own `model_list`, and those of the files it includes; without their problems. */
  readonly files?: readonly ParsedFile[];
}

export function openText(text: string, file: string, duplicateKeys: 'error' | 'warning') {
  const report = new FileReport(file);
  return { report, tree: readTree(text, report, duplicateKeys) };
}

/** The paths after `include`, as written. */
export function includesOf({ tree, report }: OpenedFile, env: Env): string[] {
  const value = tree?.kind === 'map' ? tree.entries.get('include')?.value : undefined;
  if (value === undefined || isNull(value)) return [];
  const items = value.kind === 'list' ? value.items : [value];
  return items.flatMap((item) => {
    const { tree: read, fault } = fillIn(item, env);
    const path = textOf(read);
    if (path !== undefined && fault === '') return [path];
    const message = fault || `must be a list of files, not ${describe(item)}`;
    report.add('error', item.at, 'include', { message });
    return [];
  });
}

export interface MainInput {
  readonly main: OpenedFile;
  readonly included: readonly OpenedFile[];
  readonly overrides: Overrides;
  readonly env: Env;
}

/** Reads the main file; `overrides` win over `env`, and that over the file. */
export function readMain({ main, included, overrides, env }: MainInput): ParsedMain {
  const { report, tree } = main;
  const reader = new MainReader(report, env);
  if (tree !== undefined && tree.kind !== 'map' && !isNull(tree)) {
    report.add('error', tree.at, '', { message: EXPECTED_SECTIONS });
  }
  const all = [main, ...included];
  const parts = all.flatMap(partOf);
  const shared = readLiteLLM(parts, { isMain: true, env });
  for (const option of shared.options) reader.readForeign(option);
  if (tree?.kind === 'map') reader.readFile(tree);
  reader.readEnvironment();
  reader.override(overrides);
  if (tree !== undefined) reader.checkTogether();
  const files = readLists(all, parts, { shared, sourceType: '' }, LITELLM_TOP_KEYS);
  const problems = all.flatMap(({ report: one }) => one.inOrder());
  const broken = report.problems.some(
    ({ path, severity }) => severity === 'error' && !isOfDeployment(path),
  );
  if (broken || included.some((one) => one.tree === undefined)) return { problems };
  return { value: reader.config(), problems, settings: reader.settings, shared, files };
}

/** An endpoint that cannot be used is no reason to refuse the whole file. */
function isOfDeployment(path: string): boolean {
  return /^model_list\[\d+\]/.test(path);
}

export interface EndpointInput {
  /** The file, then those it includes. */
  readonly files: readonly OpenedFile[];
  /** The prefix of its name. */
  readonly sourceType: string;
  readonly env: Env;
  readonly inherited?: LiteLLMSettings | undefined;
}

/** Reads an endpoint file and what it includes: one result for each of them. */
export function readEndpointFiles(input: EndpointInput): ParsedFile[] {
  const { files, sourceType, env, inherited } = input;
  for (const { report, tree } of files) {
    if (tree === undefined || tree.kind === 'map' || isNull(tree)) continue;
    const message = 'expected a key "model_list" with a list of endpoints';
    report.add('error', tree.at, '', { message });
  }
  const parts = files.flatMap(partOf);
  const shared = readLiteLLM(parts, { isMain: false, env, inherited });
  return readLists(files, parts, { shared, sourceType }, LITELLM_TOP_KEYS).map((file, index) => ({
    ...file,
    problems: files[index]!.report.inOrder(),
  }));
}

function partOf({ report, tree }: OpenedFile): LiteLLMPart[] {
  return tree?.kind === 'map' ? [{ root: tree, report, ignored: new IgnoredKeys() }] : [];
}

interface ListContext {
  readonly shared: LiteLLMSettings;
  readonly sourceType: string;
}

/** The `model_list` of each file, in order. */
function readLists(
  files: readonly OpenedFile[],
  parts: readonly LiteLLMPart[],
  context: ListContext,
  known: readonly string[],
): ParsedFile[] {
  return files.map(({ report, tree }, index) => {
    const part = parts.find((one) => one.report === report);
    const entries = part === undefined ? undefined : readList(part, context);
    if (part !== undefined) {
      // The main file has sections of ours, and mistakes in them, which its reader knows.
      const isMain = context.sourceType === '' && index === 0;
      const ignored = isMain ? ignoredTopKeys(part.root) : [];
      const others = [...part.root.entries.keys()].filter((key) => !ignored.includes(key));
      part.ignored.note('', part.root, isMain ? others : known);
      part.ignored.report(report, part.root.at);
    }
    const names = index === 0 ? context.shared.names : { aliases: [], fallbacks: [] };
    const ok = entries !== undefined || (tree !== undefined && isNull(tree));
    return { file: report.file, entries: entries ?? [], names, ok, problems: [] };
  });
}

function readList(part: LiteLLMPart, context: ListContext): EndpointEntry[] | undefined {
  const { report, ignored, root } = part;
  const list = root.entries.get('model_list');
  if (list === undefined && isMisspelt(part, context)) return undefined;
  if (list !== undefined && list.value.kind !== 'list' && !isNull(list.value)) {
    const message = `must be a list of endpoints, not ${describe(list.value)}`;
    report.add('error', list.value.at, 'model_list', { message });
    return undefined;
  }
  const items = list?.value.kind === 'list' ? list.value.items : [];
  const { shared, sourceType } = context;
  const { env } = shared;
  return readDeployments(items, { report, ignored, env, sourceType, zeroWeights: [], shared });
}

/** Without its list a file would silently lose all its endpoints. */
function isMisspelt({ root, report }: LiteLLMPart, { sourceType }: ListContext): boolean {
  // The main file's own reader looks at its keys.
  if (sourceType === '') return false;
  for (const [key, { value }] of root.entries) {
    if ((LITELLM_TOP_KEYS as readonly string[]).includes(key)) continue;
    if (nearest(key, LITELLM_TOP_KEYS) !== 'model_list') continue;
    report.add('error', value.at, key, { message: 'unknown key', suggestion: 'model_list' });
    return true;
  }
  return false;
}

function readDeployments(items: readonly Tree[], context: DeploymentContext): EndpointEntry[] {
  const entries: EndpointEntry[] = [];
  items.forEach((item, index) => {
    const entry = readDeployment(item, `model_list[${index}]`, context);
    if (entry !== undefined) entries.push(entry);
  });
  const { zeroWeights, report } = context;
  if (zeroWeights.length > 0) {
    const message = `${zeroWeights.length} of ${items.length} weights are 0, which means 1`;
    report.add('notice', zeroWeights[0]!, '', { message });
  }
  return entries;
}

/** `readMain` of one text; exported for tests. */
export function parseMain(
  text: string,
  file: string,
  overrides: Overrides = {},
  env: Env = {},
): ParsedMain {
  return readMain({ main: openText(text, file, 'error'), included: [], overrides, env });
}

/** `readEndpointFiles` of one text; exported for tests. */
export function parseEndpoints(
  text: string,
  file: string,
  sourceType: string,
  env: Env = {},
): Parsed<EndpointEntry[]> {
  const files = [openText(text, file, 'warning')];
  const [{ entries, ok, problems }] = readEndpointFiles({ files, sourceType, env }) as [ParsedFile];
  return ok ? { value: [...entries], problems: [...problems] } : { problems: [...problems] };
}
