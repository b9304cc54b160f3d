/**
 * Text of a configuration file → values, with every problem of the file at once, each at its
 * line and column. Pure: the environment is an argument, no file is read here.
 *
 * Invariant: a main file with an error yields no value (the last good one stays); an endpoint file
 * yields every deployment that is good, and no value only when the file itself is not readable.
 */
import { type DeploymentContext, type Env, readDeployment } from './deployment.ts';
import type { EndpointEntry } from './endpoint-entry.ts';
import { IgnoredKeys } from './endpoint-keys.ts';
import type { Option, Section } from './option.ts';
import type { Parsed } from './problem.ts';
import { buildConfig, type Config, SECTIONS } from './schema.ts';
import { nearest } from './suggest.ts';
import { describe, isNull, rawValue } from './tree-values.ts';
import { FileReport, type MapTree, readTree, type Tree } from './yaml-tree.ts';

/** Values that win over the file (flags), by dotted file key: `log.level` → `debug`. */
export type Overrides = { readonly [path: string]: string | number | boolean | readonly string[] };

/** Reads the main file. */
export function parseMain(text: string, file: string, overrides: Overrides = {}): Parsed<Config> {
  const report = new FileReport(file);
  const tree = readTree(text, report, 'error');
  if (tree === undefined) return { problems: report.inOrder() };
  const reader = new MainReader(report);
  if (tree.kind === 'map') reader.readFile(tree);
  else if (!isNull(tree)) report.add('error', tree.at, '', { message: EXPECTED_SECTIONS });
  reader.override(overrides);
  reader.warnWithoutEffect();
  reader.checkTogether();
  if (report.hasErrors) return { problems: report.inOrder() };
  return { value: reader.config(), problems: report.inOrder() };
}

/** Reads an endpoint file; `sourceType` is the prefix of its name. */
export function parseEndpoints(
  text: string,
  file: string,
  sourceType: string,
  env: Env = {},
): Parsed<EndpointEntry[]> {
  const report = new FileReport(file);
  const tree = readTree(text, report, 'warning');
  if (tree === undefined) return { problems: report.inOrder() };
  if (isNull(tree)) return { value: [], problems: report.inOrder() };
  if (tree.kind !== 'map') {
    const message = 'expected a key "model_list" with a list of endpoints';
    report.add('error', tree.at, '', { message });
    return { problems: report.inOrder() };
  }
  const ignored = new IgnoredKeys();
  ignored.note('', tree, ['model_list']);
  const list = tree.entries.get('model_list');
  if (list !== undefined && list.value.kind !== 'list' && !isNull(list.value)) {
    const message = `must be a list of endpoints, not ${describe(list.value)}`;
    report.add('error', list.value.at, 'model_list', { message });
    return { problems: report.inOrder() };
  }
  const items = list?.value.kind === 'list' ? list.value.items : [];
  const value = readDeployments(items, { report, ignored, env, sourceType, zeroWeights: [] });
  ignored.report(report, tree.at);
  return { value, problems: report.inOrder() };
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

const EXPECTED_SECTIONS = 'expected sections such as "server:" and "routing:"';

/** Sections of a LiteLLM file, which someone may start us with. */
const LITELLM_SECTIONS = new Set([
  'model_list',
  'router_settings',
  'litellm_settings',
  'general_settings',
  'environment_variables',
  'credential_list',
  'include',
]);

class MainReader {
  readonly #report: FileReport;
  readonly #values = new Map<string, { value: unknown; at: number }>();

  constructor(report: FileReport) {
    this.#report = report;
  }

  readFile(root: MapTree): void {
    const foreign: string[] = [];
    for (const [key, { keyAt, value }] of root.entries) {
      const section = SECTION_LIST.find((candidate) => candidate.key === key);
      if (section !== undefined) this.#readSection(section, value);
      else if (LITELLM_SECTIONS.has(key)) foreign.push(key);
      else this.#unknown(key, keyAt, '');
    }
    if (foreign.length > 0) {
      const message = `LiteLLM sections without effect in this file: ${foreign.join(', ')}`;
      this.#report.add('warning', root.at, '', { message });
    }
  }

  #readSection(section: Section, tree: Tree): void {
    if (isNull(tree)) return;
    if (tree.kind !== 'map') {
      const message = `must be a section with keys, not ${describe(tree)}`;
      this.#report.add('error', tree.at, section.key, { message });
      return;
    }
    for (const [key, { keyAt, value }] of tree.entries) {
      const option = Object.values(section.options).find((candidate) => candidate.key === key);
      if (option === undefined) this.#unknown(key, keyAt, section.key);
      else this.#readOption(`${section.key}.${key}`, option, value);
    }
  }

  #readOption(path: string, option: Option<unknown>, tree: Tree): void {
    // A key with nothing behind it keeps its default.
    if (isNull(tree)) return;
    const result = option.schema.safeParse(rawValue(option, tree));
    if (result.success) {
      this.#values.set(path, { value: result.data, at: tree.at });
      return;
    }
    const given = option.secret ? '' : `, not ${describe(tree)}`;
    const suggestion = tree.kind === 'scalar' ? nearest(tree.source, option.words) : undefined;
    const message = `must be ${option.expects}${given}`;
    this.#report.add('error', tree.at, path, { message, suggestion });
  }

  #unknown(key: string, at: number, section: string): void {
    const path = section === '' ? key : `${section}.${key}`;
    const siblings = SECTION_LIST.find((candidate) => candidate.key === section);
    const known = siblings === undefined ? SECTION_LIST : Object.values(siblings.options);
    const near = nearest(
      key,
      known.map((candidate) => candidate.key),
    );
    const elsewhere = SECTION_LIST.find((candidate) =>
      Object.values(candidate.options).some((option) => option.key === key),
    );
    const moved = elsewhere === undefined ? undefined : `${elsewhere.key}.${key}`;
    this.#report.add('error', at, path, { message: 'unknown key', suggestion: near ?? moved });
  }

  override(overrides: Overrides): void {
    for (const [path, value] of Object.entries(overrides)) {
      const option = optionAt(path);
      if (option === undefined) throw new RangeError(`no option ${path}`);
      const result = option.schema.safeParse(value);
      if (result.success) {
        this.#values.set(path, { value: result.data, at: 0 });
        continue;
      }
      const given = option.secret ? '' : `, not ${JSON.stringify(value)}`;
      this.#report.problems.push({
        ...{ file: '(command line)', line: 0, column: 0, path, severity: 'error' },
        message: `must be ${option.expects}${given}`,
      });
    }
  }

  warnWithoutEffect(): void {
    const set: string[] = [];
    let firstAt = 0;
    for (const [path, { value, at }] of this.#values) {
      const option = optionAt(path)!;
      if (!option.later || value === option.defaultValue) continue;
      if (set.length === 0) firstAt = at;
      set.push(path);
    }
    if (set.length === 0) return;
    const message = `these settings have no effect in this version: ${set.join(', ')}`;
    this.#report.add('warning', firstAt, '', { message });
  }

  /** Rules over two options at once. */
  checkTogether(): void {
    this.#checkOrder('retry.base_delay_ms', 'retry.max_delay_ms');
    this.#checkOrder('ejection.base_ms', 'ejection.max_ms');
    const port = this.#value('server.port');
    if (this.#value('dashboard.enabled') !== true || port === 0) return;
    if (this.#value('dashboard.web_port') === port) {
      const message = `must differ from server.port (${port})`;
      const at = this.#at('dashboard.web_port') || this.#at('server.port');
      this.#report.add('error', at, 'dashboard.web_port', { message });
    }
  }

  #checkOrder(lower: string, upper: string): void {
    const [least, most] = [this.#value(lower) as number, this.#value(upper) as number];
    if (least <= most) return;
    const at = this.#at(upper) || this.#at(lower);
    this.#report.add('error', at, upper, { message: `${most} is less than ${lower} (${least})` });
  }

  #value(path: string): unknown {
    return this.#values.get(path)?.value ?? optionAt(path)!.defaultValue;
  }

  #at(path: string): number {
    return this.#values.get(path)?.at ?? 0;
  }

  config(): Config {
    return buildConfig((section, option) => this.#value(`${SECTIONS[section].key}.${option.key}`));
  }
}

const SECTION_LIST: readonly Section[] = Object.values(SECTIONS);

function optionAt(path: string): Option<unknown> | undefined {
  const [sectionKey, optionKey] = path.split('.');
  const section = SECTION_LIST.find((candidate) => candidate.key === sectionKey);
  return Object.values(section?.options ?? {}).find((option) => option.key === optionKey);
}
