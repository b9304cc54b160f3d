/**
 * What was set, and by whom: flags win over the environment, that over the file, that over the
 * defaults. Invariant: the last `set` of a path wins, so callers go from weak to strong.
 */
import type { Place } from './problem.ts';

export type Origin =
  | { readonly kind: 'file'; readonly place: Place }
  | { readonly kind: 'environment'; readonly name: string }
  | { readonly kind: 'flag' };

export interface Setting {
  /** In the unit of the file. */
  readonly value: unknown;
  readonly origin: Origin;
}

/** By dotted path; what is absent has its default. */
export type Settings = ReadonlyMap<string, Setting>;

const COMMAND_LINE = '(command line)';

/** Where to point a user who should change the value. */
export function placeOf(origin: Origin): Place {
  if (origin.kind === 'file') return origin.place;
  const file = origin.kind === 'flag' ? COMMAND_LINE : environmentPlace(origin.name);
  return { file, line: 0, column: 0 };
}

/** What stands for the file when an environment variable is to blame. */
export function environmentPlace(name: string): string {
  return `environment ${name}`;
}
