/**
 * The commands of `llm-router` and the flags each takes, once: parsing, the help texts and the
 * suggestions for misspelt flags all read this table. Some tools (`sim`) own their many flags and
 * parse them themselves; their row says so with `ownFlags`.
 */
import { SECTIONS } from '../config/schema.ts';

export interface FlagRow {
  readonly name: string;
  /** The placeholder in the help text; empty for a switch. */
  readonly value: string;
  readonly doc: string;
  /** The only values accepted; empty = any. */
  readonly choices: readonly string[];
}

export interface VerbRow {
  readonly doc: string;
  readonly flags: readonly FlagRow[];
  /** The verb parses what follows it by itself; `parseArgs` hands it over as `rest`. */
  readonly ownFlags: boolean;
}

const LOG_LEVELS: readonly string[] = SECTIONS.log.options.level.words;

const SERVE_FLAGS: readonly FlagRow[] = [
  {
    name: 'config',
    value: 'FILE',
    doc: 'Configuration file (default: config.yaml).',
    choices: [],
  },
  {
    name: 'log-level',
    value: 'LEVEL',
    doc: `One of ${LOG_LEVELS.join(', ')}.`,
    choices: LOG_LEVELS,
  },
  {
    name: 'enabled-sources',
    value: 'A,B',
    doc: 'Use only the endpoints of these source types.',
    choices: [],
  },
];

const RECORD_FLAG: FlagRow = {
  name: 'record',
  value: 'FILE',
  doc: 'Write the shape of the traffic there, for simulate.',
  choices: [],
};

function value(name: string, placeholder: string, doc: string): FlagRow {
  return { name, value: placeholder, doc, choices: [] };
}

/** What belongs to a command that reads the configuration as `serve` does. */
function reading(...own: readonly (readonly [name: string, doc: string])[]): readonly FlagRow[] {
  const switches = own.map(([name, doc]) => ({ name, value: '', doc, choices: [] }));
  return [...SERVE_FLAGS, ...switches];
}

/** What belongs to a command that asks a running router. */
function asking(...own: readonly FlagRow[]): readonly FlagRow[] {
  return [
    value('url', 'URL', 'Its operations address (http://127.0.0.1:8080).'),
    { name: 'json', value: '', doc: 'Print JSON for programs.', choices: [] },
    ...own,
  ];
}

const ENDPOINT = value('endpoint', 'ID', 'Which one: its id, or a part of it.');

export const VERBS = {
  serve: {
    doc: 'Run the router (also when no command is given).',
    flags: [...SERVE_FLAGS, RECORD_FLAG],
    ownFlags: false,
  },
  check: {
    doc: 'Report everything wrong with the configuration files.',
    flags: reading(
      ['online', 'Also ask every endpoint, and name what is wrong.'],
      ['json', 'Print JSON for programs.'],
    ),
    ownFlags: false,
  },
  'config print': {
    doc: 'Print the configuration as it counts, without secrets.',
    flags: reading(['origin', 'Say of each value where it came from.']),
    ownFlags: false,
  },
  'webhook test': {
    doc: 'Send a test message and say what came back.',
    flags: SERVE_FLAGS,
    ownFlags: false,
  },
  top: {
    doc: 'Watch a running router in the terminal.',
    flags: [value('url', 'URL', 'Its operations address (http://127.0.0.1:8080).')],
    ownFlags: false,
  },
  status: {
    doc: 'Show the state of a running router.',
    flags: asking(),
    ownFlags: false,
  },
  backends: {
    doc: 'List the endpoints of a running router.',
    flags: asking(),
    ownFlags: false,
  },
  reload: {
    doc: 'Have a running router read its configuration anew.',
    flags: asking({
      name: 'dry-run',
      value: '',
      doc: 'Only say what would change.',
      choices: [],
    }),
    ownFlags: false,
  },
  rollback: {
    doc: 'Undo the last reload of a running router.',
    flags: asking(),
    ownFlags: false,
  },
  drain: {
    doc: 'Take an endpoint out; what runs there finishes.',
    flags: asking(ENDPOINT),
    ownFlags: false,
  },
  enable: {
    doc: 'Take a drained endpoint in again.',
    flags: asking(ENDPOINT),
    ownFlags: false,
  },
  maintenance: {
    doc: 'Take an endpoint out, without probes and alerts.',
    flags: asking(ENDPOINT),
    ownFlags: false,
  },
  simulate: {
    doc: 'Compare strategies over a trace, in virtual time.',
    flags: [
      value('trace', 'FILE', 'Mooncake JSON lines, or Azure CSV.'),
      value('endpoints', 'N', 'Simulated engines (default: 8).'),
      value('strategy', 'A,B,C', 'Strategies (default: all, and oracle).'),
      value('engine', 'FILE', 'YAML profile of the engines.'),
      value('seeds', 'N', 'Runs of each strategy (default: 5).'),
      value('from', 'MIN', 'Skip so many minutes of the trace.'),
      value('minutes', 'MIN', 'Use so many minutes of it (default: all).'),
      { name: 'json', value: '', doc: 'Print JSON for programs.', choices: [] },
    ],
    ownFlags: false,
  },
  sim: {
    doc: 'Run a simulated engine with an OpenAI API and /metrics.',
    flags: [],
    ownFlags: true,
  },
  bench: {
    doc: 'Measure an engine or a router under load.',
    flags: [],
    ownFlags: true,
  },
  deploy: {
    doc: 'Start and stop engines on many nodes over ssh.',
    flags: [],
    ownFlags: true,
  },
  'bench compare': {
    doc: 'Tell what changed between two measurements.',
    flags: [],
    ownFlags: true,
  },
  demo: {
    doc: 'Run three simulated engines and a router.',
    flags: [],
    ownFlags: true,
  },
} as const satisfies Record<string, VerbRow>;

export type Verb = keyof typeof VERBS;
