/**
 * Options from the environment: `LLM_ROUTER_SERVER__PORT=9000` is `server.port`. The two
 * underscores keep them apart from other variables of that prefix, such as those that container
 * platforms make for a service called llm-router-server (`LLM_ROUTER_SERVER_PORT=tcp://…`).
 * An empty value counts as not given, as with flags; a list has commas.
 */
import type { Option } from './option.ts';
import { OPTION_PATHS } from './option-paths.ts';
import type { Problem } from './problem.ts';
import type { Env } from './references.ts';
import { environmentPlace, type Setting } from './settings.ts';
import { nearest } from './suggest.ts';
import { describe, rawValue } from './tree-values.ts';
import type { Tree } from './yaml-tree.ts';

const PREFIX = 'LLM_ROUTER_';

/** `server.port` → `LLM_ROUTER_SERVER__PORT`; exported for tests. */
export function variableOf(path: string): string {
  return PREFIX + path.replace('.', '__').toUpperCase();
}

const PATH_OF = new Map([...OPTION_PATHS.keys()].map((path) => [variableOf(path), path]));

/** What the environment sets, by path, and every variable that is wrong. */
export function readEnvironment(env: Env): {
  readonly settings: ReadonlyMap<string, Setting>;
  readonly problems: readonly Problem[];
} {
  const settings = new Map<string, Setting>();
  const problems: Problem[] = [];
  for (const name of Object.keys(env).sort()) {
    if (!name.startsWith(PREFIX) || !name.includes('__')) continue;
    const text = env[name]?.trim() ?? '';
    const path = PATH_OF.get(name);
    if (path === undefined) {
      problems.push(unknownVariable(name));
      continue;
    }
    if (text === '') continue;
    const option = OPTION_PATHS.get(path)!;
    const tree = treeOf(option, text);
    const result = option.schema.safeParse(rawValue(option, tree));
    if (result.success) {
      settings.set(path, { value: result.data, origin: { kind: 'environment', name } });
      continue;
    }
    const given = option.secret ? '' : `, not ${describe(scalar(text))}`;
    const message = `must be ${option.expects}${given}`;
    problems.push(problem(name, message, nearest(text, option.words)));
  }
  return { settings, problems };
}

function treeOf(option: Option<unknown>, text: string): Tree {
  if (option.kind !== 'list') return scalar(text);
  return { kind: 'list', at: 0, items: text.split(',').map((item) => scalar(item.trim())) };
}

function scalar(text: string): Tree {
  return { kind: 'scalar', at: 0, value: text, source: text };
}

function unknownVariable(name: string): Problem {
  // Compared without the prefix, which alone makes any two variables look alike.
  const known = [...PATH_OF.keys()].map((variable) => variable.slice(PREFIX.length));
  const close = nearest(name.slice(PREFIX.length), known);
  const near = close === undefined ? undefined : PREFIX + close;
  const key = name.slice(name.indexOf('__'));
  const sameKey = [...PATH_OF.keys()].find((variable) => variable.endsWith(key));
  // A key that exists in another section was rather put wrong than misspelt.
  const meant = near?.endsWith(key) ? near : (sameKey ?? near);
  return problem(name, 'there is no such option', meant);
}

function problem(name: string, message: string, suggestion: string | undefined): Problem {
  const place = { file: environmentPlace(name), line: 0, column: 0 };
  const found: Problem = { ...place, path: '', message, severity: 'error' };
  return suggestion === undefined ? found : { ...found, suggestion };
}
