/** Reads an engine profile: a YAML mapping of the keys of PROFILE_KEYS to positive numbers. */
import { parse } from 'yaml';
import { DEFAULT_PROFILE, type EngineProfile, PROFILE_KEYS } from './engine-profile.ts';

/** A sentence when it is not a profile; keys left out have the default profile's values. */
export function readProfile(text: string): EngineProfile | string {
  let tree: unknown;
  try {
    tree = parse(text, { maxAliasCount: 0 });
  } catch (error) {
    return `not YAML: ${(error as Error).message.split('\n')[0]}`;
  }
  if (typeof tree !== 'object' || tree === null || Array.isArray(tree)) {
    return `expected keys such as ${Object.keys(PROFILE_KEYS)[0]} with numbers`;
  }
  const profile: Record<string, number> = { ...DEFAULT_PROFILE };
  for (const [key, value] of Object.entries(tree)) {
    if (!Object.hasOwn(PROFILE_KEYS, key)) {
      return `unknown key "${key}"; known are ${Object.keys(PROFILE_KEYS).join(', ')}`;
    }
    if (typeof value !== 'number' || !(value > 0)) return `${key} is not a number above 0`;
    profile[PROFILE_KEYS[key]!] = value;
  }
  return profile as unknown as EngineProfile;
}
