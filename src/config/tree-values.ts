/**
 * What a scalar of a YAML file means where a number, a yes/no or a text is expected. Lenient where
 * people are: `"60"` is a number, `on` is true, `1.10` as a name stays `1.10`.
 */
import type { Option } from './option.ts';
import { printable } from './problem.ts';
import type { Tree } from './yaml-tree.ts';

/** The value to hand to an option's schema; unsuitable trees come back as they are. */
export function rawValue(option: Option<unknown>, tree: Tree): unknown {
  if (option.kind === 'list') {
    return tree.kind === 'list' ? tree.items.map(itemOf) : undefined;
  }
  if (option.kind === 'number') return numberOf(tree);
  return option.kind === 'boolean' ? booleanOf(tree) : textOf(tree);
}

/** A text, or the texts of a section by their keys. */
function itemOf(item: Tree): unknown {
  if (item.kind !== 'map') return textOf(item);
  return Object.fromEntries([...item.entries].map(([key, { value }]) => [key, textOf(value)]));
}

export function isNull(tree: Tree): boolean {
  return tree.kind === 'scalar' && tree.value === null;
}

/** A number, or a text that is one. */
export function numberOf(tree: Tree): number | undefined {
  if (tree.kind !== 'scalar') return undefined;
  if (typeof tree.value === 'number') return tree.value;
  const text = typeof tree.value === 'string' ? tree.value.trim() : '';
  return /^[+-]?\d+(\.\d+)?$/.test(text) ? Number(text) : undefined;
}

const WORDS = new Map([
  ...['true', 'yes', 'on'].map((word) => [word, true] as const),
  ...['false', 'no', 'off'].map((word) => [word, false] as const),
]);

/** A boolean, or a text that is one. */
export function booleanOf(tree: Tree): boolean | undefined {
  if (tree.kind !== 'scalar') return undefined;
  if (typeof tree.value === 'boolean') return tree.value;
  return typeof tree.value === 'string' ? WORDS.get(tree.value.toLowerCase()) : undefined;
}

/** The text as written; `undefined` for null, maps and lists. */
export function textOf(tree: Tree): string | undefined {
  return tree.kind !== 'scalar' || tree.value === null ? undefined : tree.source;
}

/** Names a value in a message: `"abc"`, `70000`, `a list`. */
export function describe(tree: Tree): string {
  if (tree.kind !== 'scalar') return tree.kind === 'map' ? 'a section' : 'a list';
  if (tree.value === null) return 'nothing';
  const shown = printable(tree.source, 60);
  return typeof tree.value === 'string' ? `"${shown}"` : shown;
}
