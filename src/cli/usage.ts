/**
 * The help texts, written from the verb table so that no flag is missing from them. Every line is
 * at most 80 columns wide; a test holds that.
 */
import { type FlagRow, VERBS, type Verb, type VerbRow } from './verbs.ts';

const EXIT_LINE = 'Exit codes: 0 ended well, 1 failure, 2 usage, 3 invalid configuration.';
const TOKEN_LINE = 'Where dashboard.token is set, it is taken from LLM_ROUTER_TOKEN.';

/** What `llm-router --help` prints. */
export function usageText(): string {
  const verbs = Object.entries(VERBS).map(([name, { doc }]) => columns(name, doc));
  return [
    'llm-router: one OpenAI-compatible address in front of many LLM engines.',
    '',
    'Usage:',
    '  llm-router [serve] [flags]',
    '  llm-router <command> --help',
    '',
    'Commands:',
    ...verbs,
    '',
    'Flags of serve:',
    ...flagLines(VERBS.serve),
    '',
    ...furtherFlags(),
    'Flags take one dash or two, and "-flag value" or "-flag=value".',
    EXIT_LINE,
    'Every option of the configuration file: docs/configuration.md.',
    '',
  ].join('\n');
}

/** What `llm-router VERB --help` prints for a command without a page of its own. */
export function verbUsageText(verb: Verb): string {
  const row: VerbRow = VERBS[verb];
  return [
    `llm-router ${verb}: ${row.doc}`,
    '',
    'Usage:',
    `  llm-router ${verb} [flags]`,
    '',
    'Flags:',
    ...flagLines(row),
    '',
    ...(row.flags.some(({ name }) => name === 'url') ? [TOKEN_LINE] : []),
    'Flags take one dash or two, and "-flag value" or "-flag=value".',
    EXIT_LINE,
    '',
  ].join('\n');
}

/** What the problems of a command line look like on standard error. */
export function problemText(verb: Verb, problems: readonly string[]): string {
  const lines = problems.map((problem) => `llm-router: ${problem}`);
  const page = verb === 'serve' ? 'llm-router --help' : `llm-router ${verb} --help`;
  return [...lines, `Try ${page}.`, ''].join('\n');
}

function flagLines({ flags }: VerbRow): string[] {
  const rows: FlagRow[] = [
    ...flags,
    { name: 'help', value: '', doc: 'Print this page.', choices: [] },
    { name: 'version', value: '', doc: 'Print the version.', choices: [] },
  ];
  return rows.map(({ name, value, doc }) => columns(`-${name} ${value}`.trim(), doc));
}

/** Of the commands that take flags of their own, with those of serve or without. */
function furtherFlags(): string[] {
  const shared = new Set(VERBS.serve.flags.map(({ name }) => name));
  const verbsByFlags = new Map<string, string[]>();
  for (const [verb, { flags }] of Object.entries(VERBS)) {
    const own = verb === 'serve' ? [] : flags.filter(({ name }) => !shared.has(name));
    if (own.length === 0) continue;
    const lines = own.map(({ name, value, doc }) => columns(`-${name} ${value}`.trim(), doc));
    const besides = own.length < flags.length ? ', besides those of serve' : '';
    const text = [`${besides}:`, ...lines, ''].join('\n');
    verbsByFlags.set(text, [...(verbsByFlags.get(text) ?? []), verb]);
  }
  return [...verbsByFlags].map(([text, verbs]) => `Flags of ${verbs.join(', ')}${text}`);
}

function columns(left: string, right: string): string {
  return `  ${left.padEnd(22)} ${right}`;
}
