/** Options of the main file by their dotted path, such as `server.port`. */
import type { Option, Section } from './option.ts';
import { SECTIONS } from './schema.ts';

export const SECTION_LIST: readonly Section[] = Object.values(SECTIONS);

/** In the order of the schema. */
export const OPTION_PATHS: ReadonlyMap<string, Option<unknown>> = new Map(
  SECTION_LIST.flatMap(({ key, options }) =>
    Object.values(options).map((option) => [`${key}.${option.key}`, option] as const),
  ),
);
