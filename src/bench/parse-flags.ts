/**
 * The command line of `llm-router bench` as values. One dash or two, `-flag value` or
 * `-flag=value`; every problem at once, as sentences. Values are checked here, so that whoever
 * reads them later finds numbers where numbers belong.
 */
import { nearest } from '../config/suggest.ts';
import { ALL_FLAGS, type BenchFlag, type FlagKey } from './flags.ts';
import { parseDuration, parseNumber, parseShare } from './quantity.ts';

const KEYS = Object.keys(ALL_FLAGS) as FlagKey[];
const BY_NAME = new Map(KEYS.flatMap((key) => ALL_FLAGS[key].names.map((name) => [name, key])));

export class FlagValues {
  readonly #typed = new Map<FlagKey, readonly string[]>();

  set(key: FlagKey, words: readonly string[]): void {
    this.#typed.set(key, words);
  }

  isGiven(key: FlagKey): boolean {
    return this.#typed.has(key);
  }

  /** As typed, or the default. */
  text(key: FlagKey): string {
    return this.#typed.get(key)?.join(' ') ?? ALL_FLAGS[key].fallback;
  }

  words(key: FlagKey): readonly string[] {
    return this.#typed.get(key) ?? [];
  }

  /** In the kind's own unit (ms for durations); 0 when there is neither value nor default. */
  number(key: FlagKey): number {
    const text = this.text(key);
    return text === '' ? 0 : (readNumber(ALL_FLAGS[key], text) ?? 0);
  }

  isOn(key: FlagKey): boolean {
    return this.#typed.get(key)?.[0] === 'true';
  }
}

export interface ParsedFlags {
  readonly help: boolean;
  readonly values: FlagValues;
  readonly problems: readonly string[];
}

export function parseBenchFlags(argv: readonly string[]): ParsedFlags {
  const values = new FlagValues();
  const problems: string[] = [];
  let help = false;
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at]!;
    const match = /^--?([A-Za-z][^=]*)(?:=(.*))?$/s.exec(word);
    if (match === null) {
      problems.push(`"${word}" stands where a flag should: every value follows its flag.`);
      continue;
    }
    const [, name = '', inline] = match;
    if (name === 'h' || name === 'help') {
      help = true;
      continue;
    }
    const key = BY_NAME.get(name);
    if (key === undefined) {
      problems.push(unknownFlag(name));
      if (inline === undefined && isValue(argv[at + 1])) at++;
      continue;
    }
    const found: string[] = inline === undefined ? [] : [inline];
    const { kind } = ALL_FLAGS[key];
    const most = kind === 'switch' || inline !== undefined ? 0 : kind === 'words' ? Infinity : 1;
    while (found.length < most && isValue(argv[at + 1])) found.push(argv[++at]!);
    take(values, key, found, problems);
  }
  return { help, values, problems };
}

/** Negative numbers are values, everything else with a dash is a flag. */
function isValue(word: string | undefined): word is string {
  return word !== undefined && (!word.startsWith('-') || word === '-' || /^-[\d.]/.test(word));
}

function take(
  values: FlagValues,
  key: FlagKey,
  found: readonly string[],
  problems: string[],
): void {
  const row = ALL_FLAGS[key];
  const problem = problemOf(row, found);
  if (problem !== '') problems.push(problem);
  else if (row.kind === 'words') values.set(key, [...values.words(key), ...found]);
  else values.set(key, row.kind === 'switch' ? [found[0] ?? 'true'] : found);
}

function problemOf(row: BenchFlag, found: readonly string[]): string {
  const name = `-${row.names[0]}`;
  if (row.kind === 'switch') {
    return ['true', 'false', undefined].includes(found[0]) ? '' : `${name} takes no value.`;
  }
  const [value] = found;
  if (value === undefined) return `${name} needs a value: ${row.doc}.`;
  if (row.choices.length > 0 && !row.choices.includes(value)) {
    return `${name} does not know "${value}": one of ${row.choices.join(', ')}.`;
  }
  if (row.kind === 'text' || row.kind === 'words' || value === '') return '';
  return readNumber(row, value) === undefined ? `${name} does not take "${value}".` : '';
}

function readNumber(row: BenchFlag, text: string): number | undefined {
  const value =
    row.kind === 'duration'
      ? parseDuration(text)
      : row.kind === 'share'
        ? parseShare(text)
        : text === 'inf'
          ? 0
          : parseNumber(text);
  return Number.isNaN(value) || value < 0 ? undefined : value;
}

function unknownFlag(name: string): string {
  const near = nearest(name, BY_NAME.keys());
  const hint = near === undefined ? 'see llm-router bench --help' : `did you mean -${near}?`;
  return `There is no flag -${name}: ${hint}`;
}
