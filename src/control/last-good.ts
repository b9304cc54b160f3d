/**
 * What is to count of the endpoint files while something in them is wrong: a slip of the hand must
 * not take a healthy engine out.
 *
 * Invariants: a file that cannot be read counts as it was last; while a file has a fault that it
 * did not have before, what is missing from it stays; while a file that has come cannot be read,
 * files that left stay, since one may be the other under a new name. With the faults it had before,
 * what is missing was removed.
 */
import type { EndpointEntry } from '../config/endpoint-entry.ts';
import type { FileEndpoints, Loaded } from '../config/load.ts';
import { type NameRules, NO_RULES } from '../config/model-names.ts';
import type { Problem } from '../config/problem.ts';

/** What counts of a file, and the faults it had when all of that was read. */
export interface HeldFile extends FileEndpoints {
  readonly faults: readonly string[];
  /** It came while the router ran, and was never good. */
  readonly isSlip: boolean;
}

export type HeldFiles = ReadonlyMap<string, HeldFile>;

/** `before`: what has counted so far; empty at the start. */
export function withLastGood(loaded: Loaded, before: HeldFiles): HeldFiles {
  if (!loaded.listed) return before;
  const files = new Map<string, HeldFile>();
  for (const [file, found] of loaded.byFile) {
    const faults = faultsOf(file, loaded.problems);
    const isSlip = !found.ok && before.size > 0;
    files.set(file, held({ ...found, faults, isSlip }, before.get(file)));
  }
  if (![...files.values()].some(({ isSlip }) => isSlip)) return files;
  const left = [...before].filter(([file]) => !files.has(file));
  return new Map([...left, ...files]);
}

function held(found: HeldFile, old: HeldFile | undefined): HeldFile {
  if (old === undefined) return found;
  if (!found.ok) return old;
  if (!hasMore(found.faults, old.faults)) return found;
  const { entries, names } = withMissing(found, old);
  return { ...found, entries, names, faults: old.faults };
}

/** Sorted, without places: lines that only moved are no news. */
function faultsOf(file: string, problems: readonly Problem[]): readonly string[] {
  return problems
    .filter((one) => one.file === file && takesSomethingOut(one))
    .map(({ path, message }) => `${path.replace(/\[\d+\]/g, '[]')}: ${message}`)
    .sort();
}

/** An error takes its endpoint out; a warning about names, its alias or fallback. */
function takesSomethingOut({ severity, path }: Problem): boolean {
  if (severity === 'error') return true;
  return severity === 'warning' && /_settings\.(model_group_alias|.*fallbacks)$/.test(path);
}

/** Is there one that was not there, or more of one? Both sorted. */
function hasMore(faults: readonly string[], before: readonly string[]): boolean {
  let at = 0;
  for (const fault of faults) {
    while (at < before.length && before[at]! < fault) at++;
    if (before[at] !== fault) return true;
    at++;
  }
  return false;
}

function withMissing(found: FileEndpoints, old: FileEndpoints) {
  const present = new Set(found.entries.map(({ id }) => id));
  const missing = old.entries.filter(({ id }) => !present.has(id));
  const entries: readonly EndpointEntry[] = [...found.entries, ...missing];
  return { entries, names: namesWithMissing(found.names, old.names) };
}

function namesWithMissing(found: NameRules = NO_RULES, old: NameRules = NO_RULES): NameRules {
  return {
    aliases: [...missingOf(found.aliases, old.aliases), ...found.aliases],
    fallbacks: [...missingOf(found.fallbacks, old.fallbacks), ...found.fallbacks],
  };
}

function missingOf<T extends { readonly name: string }>(found: readonly T[], old: readonly T[]) {
  const present = new Set(found.map(({ name }) => name));
  return old.filter(({ name }) => !present.has(name));
}
