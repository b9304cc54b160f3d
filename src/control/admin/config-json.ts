/**
 * The configuration as it counts, for operators: each option's value and where it came from.
 * Invariant: the value of a secret option never gets here; whether it is set does.
 */
import { SECTION_LIST } from '../../config/option-paths.ts';
import { type Origin, placeOf, type Settings } from '../../config/settings.ts';

const MASK = '***';

export function configJson(settings: Settings): object {
  const sections = SECTION_LIST.map(({ key, options }) => {
    const values = Object.values(options).map((option) => {
      const setting = settings.get(`${key}.${option.key}`);
      const value = setting === undefined ? option.defaultValue : setting.value;
      const shown = option.secret && !isEmpty(value) ? MASK : value;
      return [option.key, { value: shown, origin: originOf(setting?.origin) }] as const;
    });
    return [key, Object.fromEntries(values)] as const;
  });
  return Object.fromEntries(sections);
}

function isEmpty(value: unknown): boolean {
  return Array.isArray(value) ? value.length === 0 : value === '';
}

/** `default`, `config.yaml:12`, `environment LLM_ROUTER_SERVER__PORT` or `(command line)`. */
function originOf(origin: Origin | undefined): string {
  if (origin === undefined) return 'default';
  const { file, line } = placeOf(origin);
  return line === 0 ? file : `${file}:${line}`;
}
