/**
 * The flags that say how the configuration is read; `serve`, `check` and `config print` share them.
 */
import type { LoadOptions } from '../config/load.ts';

/** The flag that sets an option, by the option's path. */
export const FLAG_OF: ReadonlyMap<string, string> = new Map([
  ['log.level', 'log-level'],
  ['backends.enabled_sources', 'enabled-sources'],
]);

export function configFile(flags: Readonly<Record<string, string>>): string {
  return flags.config ?? 'config.yaml';
}

export function loadOptions(flags: Readonly<Record<string, string>>): LoadOptions {
  const level = flags['log-level'];
  const sources = flags['enabled-sources'];
  return {
    env: { ...process.env },
    enabledSources: sources?.split(',').map((source) => source.trim()),
    overrides: level === undefined ? {} : { 'log.level': level },
  };
}
