/**
 * Text of a configuration file → values, with every problem of the file at once, each at its
 * line and column. Pure: the environment is an argument, no file is read here.
 *
 * Invariant: a main file with an error yields no value (the last good one stays); an endpoint file
 * yields every deployment that is good, and no value only when the file itself is not readable.
 */
import { type DeploymentContext, readDeployment } from './deployment.ts';
import type { EndpointEntry } from './endpoint-entry.ts';
import { IgnoredKeys } from './endpoint-keys.ts';
import { EXPECTED_SECTIONS, MainReader, type Overrides } from './main-reader.ts';
import type { Parsed } from './problem.ts';
import type { Env } from './references.ts';
import type { Config } from './schema.ts';
import type { Settings } from './settings.ts';
import { describe, isNull } from './tree-values.ts';
import { FileReport, readTree, type Tree } from './yaml-tree.ts';

export interface ParsedMain extends Parsed<Config> {
  /** What the value was made of; present with it. */
  readonly settings?: Settings;
}

/** Reads the main file; `overrides` win over `env`, and that over the file. */
export function parseMain(
  text: string,
  file: string,
  overrides: Overrides = {},
  env: Env = {},
): ParsedMain {
  const report = new FileReport(file);
  const tree = readTree(text, report, 'error');
  const reader = new MainReader(report, env);
  if (tree?.kind === 'map') reader.readFile(tree);
  else if (tree !== undefined && !isNull(tree)) {
    report.add('error', tree.at, '', { message: EXPECTED_SECTIONS });
  }
  reader.readEnvironment();
  reader.override(overrides);
  if (tree !== undefined) {
    reader.warnWithoutEffect();
    reader.checkTogether();
  }
  if (report.hasErrors) return { problems: report.inOrder() };
  return { value: reader.config(), problems: report.inOrder(), settings: reader.settings };
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
