/**
 * The command line as data: which verb, which flags, and every problem at once as a sentence.
 * Long flags take one dash or two and `-flag value` or `-flag=value`, as Go programs do, because
 * existing start scripts are written that way; the last of a repeated flag wins and an empty
 * value counts as not given. Never exits, never prints, reads nothing but its argument.
 */
import { nearest } from '../config/suggest.ts';
import { type FlagRow, VERBS, type Verb } from './verbs.ts';

export interface ParsedArgs {
  readonly verb: Verb;
  readonly help: boolean;
  readonly version: boolean;
  /** Values by long flag name without dashes; a flag not given is absent. */
  readonly flags: Readonly<Record<string, string>>;
  /** What follows a verb that parses its own flags, untouched. */
  readonly rest: readonly string[];
  /** Sentences for the user; any of them means exit code 2 (EXIT_USAGE). */
  readonly problems: readonly string[];
}

/** `typed` is process.argv without the Node and the script. */
export function parseArgs(typed: readonly string[]): ParsedArgs {
  const argv = withoutHelpWord(typed);
  const named = verbWords(argv);
  const verb = named === 0 ? 'serve' : argv.slice(0, named).join(' ');
  if (!isVerb(verb)) {
    const known = Object.keys(VERBS);
    const near = known.find((one) => one.startsWith(`${verb} `)) ?? nearest(verb, known);
    const hint = near === undefined ? '.' : `: did you mean ${near}?`;
    return result('serve', { problems: [`There is no command "${verb}"${hint}`] });
  }
  const words = argv.slice(named);
  if (VERBS[verb].ownFlags) return ownFlagsOf(verb, words);
  return result(verb, parseFlags(VERBS[verb].flags, words));
}

/** `help`, `help status` and `version` as other programs take them. */
function withoutHelpWord(argv: readonly string[]): readonly string[] {
  if (argv[0] === 'help') return [...argv.slice(1), '--help'];
  return argv[0] === 'version' ? ['--version', ...argv.slice(1)] : argv;
}

/** How many words name the command: some take two, such as `config print`. */
function verbWords(argv: readonly string[]): number {
  if (argv[0] === undefined || argv[0].startsWith('-')) return 0;
  return isVerb(argv.slice(0, 2).join(' ')) ? Math.min(2, argv.length) : 1;
}

function isVerb(word: string): word is Verb {
  return Object.hasOwn(VERBS, word);
}

function result(verb: Verb, found: Partial<ParsedArgs>): ParsedArgs {
  const empty = { help: false, version: false, flags: {}, rest: [], problems: [] };
  return { verb, ...empty, ...found };
}

function ownFlagsOf(verb: Verb, words: readonly string[]): ParsedArgs {
  const help = words.some((word) => isHelp(word));
  return result(verb, { help, rest: words });
}

/** The words behind a command whose flags these are. */
export function parseFlags(
  rows: readonly FlagRow[],
  words: readonly string[],
): Pick<ParsedArgs, 'help' | 'version' | 'flags' | 'problems'> {
  const flags: Record<string, string> = {};
  const problems: string[] = [];
  let help = false;
  let version = false;
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word === '--') {
      problems.push(...words.slice(i + 1).map(unexpected));
      break;
    }
    const flag = /^--?([^-=][^=]*)(?:=(.*))?$/s.exec(word);
    if (flag === null) {
      problems.push(unexpected(word));
    } else if (isHelp(word)) {
      help = true;
    } else if (word === '-version' || word === '--version') {
      version = true;
    } else {
      const row = rows.find(({ name }) => name === flag[1]);
      const next = words[i + 1];
      const isSwitch = row?.value === '';
      const isAlone = isSwitch || next === undefined || next.startsWith('-');
      const takesNext = flag[2] === undefined && !isAlone;
      const value = takesNext ? next : (flag[2] ?? (isSwitch ? 'true' : undefined));
      // Also the value of a misspelt flag: one complaint about it is enough.
      if (takesNext) i++;
      const problem = row === undefined ? unknownFlag(word, rows) : problemOf(row, value);
      if (problem !== '') problems.push(problem);
      else if (row !== undefined && value) flags[row.name] = value;
    }
  }
  return { help, version, flags, problems };
}

function isHelp(word: string): boolean {
  return word === '-h' || word === '-help' || word === '--help';
}

function problemOf(row: FlagRow, value: string | undefined): string {
  if (row.value === '') return value === 'true' ? '' : `-${row.name} takes no value.`;
  if (value === undefined) return `-${row.name} needs a value: -${row.name} ${row.value}.`;
  if (value === '' || row.choices.length === 0 || row.choices.includes(value)) return '';
  const near = nearest(value, row.choices);
  const hint = near === undefined ? `one of ${row.choices.join(', ')}` : `did you mean ${near}?`;
  return `-${row.name} does not know "${value}": ${hint}`;
}

function unknownFlag(word: string, rows: readonly FlagRow[]): string {
  const typed = word.replace(/^-+/, '').replace(/=.*$/s, '');
  const near = nearest(typed, ['help', 'version', ...rows.map(({ name }) => name)]);
  const hint = near === undefined ? '.' : `: did you mean -${near}?`;
  return `There is no flag -${typed}${hint}`;
}

function unexpected(word: string): string {
  if (isVerb(word)) return `The command comes first: llm-router ${word} …`;
  return `"${word}" stands where a flag should: every value follows its flag.`;
}
