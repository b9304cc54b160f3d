/**
 * References to the environment in the strings of a YAML file: `os.environ/NAME` (a whole string,
 * LiteLLM's spelling), `${NAME}` and `${NAME:-default}` (also within a string; as in a shell the
 * default counts when the variable is missing or empty), and `$${` for a literal `${`.
 *
 * They are filled in where a value is read, not when the file is: a reference in a key that nothing
 * reads must not fail. Invariant: a message about a value quotes the reference, never what stood in
 * the environment, since that may be a secret.
 */
import { printable } from './problem.ts';
import { describe } from './tree-values.ts';
import type { MapTree, ScalarTree, Tree } from './yaml-tree.ts';

/** The environment that references name. */
export type Env = { readonly [name: string]: string | undefined };

export interface Read {
  /** The value with references filled in; the same object when there are none. */
  readonly tree: Tree;
  /** Why that is not possible; '' when it is. */
  readonly fault: string;
}

const UNFINISHED =
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it speaks about them.
  'has a "${" that does not begin ${NAME} or ${NAME:-default}; a literal one is written "$${"';
const WHOLE = 'os.environ/';
const REFERENCE = /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^{}]*))?\}|\$\{/g;

/** Fills in a scalar, or what a list holds; other maps are filled in when their keys are read. */
export function fillIn(tree: Tree, env: Env): Read {
  if (tree.kind === 'list') return fillInList(tree, env);
  if (tree.kind === 'map' || typeof tree.value !== 'string') return { tree, fault: '' };
  const written = tree.value.trim();
  if (written.startsWith(WHOLE)) {
    const name = written.slice(WHOLE.length);
    const value = env[name];
    return value === undefined ? missing(tree, name) : filled(tree, value);
  }
  return written.includes('${') ? fillInText(tree, tree.value, env) : { tree, fault: '' };
}

/** Names a value in a message: as it is, or by the reference it came from. */
export function describeRead(written: Tree, read: Tree): string {
  return written === read ? describe(read) : `the value of ${describe(written)}`;
}

function fillInList(tree: Tree & { kind: 'list' }, env: Env): Read {
  const items = tree.items.map((item) =>
    item.kind === 'map' ? fillInMap(item, env) : fillIn(item, env),
  );
  const fault = items.find((item) => item.fault !== '')?.fault ?? '';
  const changed = items.some((item, index) => item.tree !== tree.items[index]);
  return { tree: changed ? { ...tree, items: items.map((item) => item.tree) } : tree, fault };
}

/** A section within a list: nobody reads its keys one by one. */
function fillInMap(tree: MapTree, env: Env): Read {
  const entries = new Map(tree.entries);
  let fault = '';
  for (const [key, entry] of tree.entries) {
    const read = fillIn(entry.value, env);
    fault ||= read.fault;
    entries.set(key, { ...entry, value: read.tree });
  }
  return { tree: { ...tree, entries }, fault };
}

function fillInText(tree: ScalarTree, text: string, env: Env): Read {
  let fault = '';
  const value = text.replace(REFERENCE, (whole, name?: string, fallback?: string) => {
    if (whole === '$${') return '${';
    if (name === undefined) {
      fault ||= UNFINISHED;
      return '';
    }
    const found = env[name];
    if (fallback !== undefined) return found === undefined || found === '' ? fallback : found;
    if (found === undefined) fault ||= missing(tree, name).fault;
    return found ?? '';
  });
  return fault === '' ? filled(tree, value) : { tree, fault };
}

function missing(tree: Tree, name: string): Read {
  return { tree, fault: `the environment has no variable ${printable(name)}` };
}

/** An empty variable says nothing, so that the key keeps its default. */
function filled({ at }: Tree, value: string): Read {
  const source = value.trim();
  return { tree: { kind: 'scalar', at, value: source === '' ? null : source, source }, fault: '' };
}
