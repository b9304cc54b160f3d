/**
 * Every flag of `llm-router bench` once: names, kind, default, doc. The parser, `--help` and the
 * suggestions for misspelt flags read this table. The first name is ours; the others are the
 * reference's short forms and the names that vLLM's bench has for the same thing.
 */
import { DATASETS } from './data/spec.ts';
import { KEEP_ALIVES, RAMPS } from './plan.ts';

/** How a value is read; `words` takes all that follow up to the next flag. */
export type FlagKind = 'text' | 'switch' | 'number' | 'duration' | 'share' | 'words';

export interface BenchFlag {
  readonly names: readonly string[];
  readonly kind: FlagKind;
  /** As typed; '' = not given. */
  readonly fallback: string;
  readonly doc: string;
  readonly choices: readonly string[];
}

function flag(
  names: string,
  kind: FlagKind,
  [fallback, doc]: readonly [fallback: string, doc: string],
  choices: readonly string[] = [],
): BenchFlag {
  return { names: names.split(' '), kind, fallback, doc, choices };
}

const TARGET_FLAGS = {
  url: flag('url u base-url', 'text', [
    'http://localhost:8000',
    'engine or router to measure; threads take several in turn: A,B',
  ]),
  host: flag('host', 'text', ['', 'instead of -url, with -port']),
  port: flag('port', 'number', ['', 'instead of -url, with -host']),
  backend: flag(
    'backend endpoint-type',
    'text',
    ['openai-chat', 'API to speak'],
    ['openai-chat', 'openai', 'vllm'],
  ),
  endpoint: flag('endpoint', 'text', ['', 'path, if not the usual one of the API']),
  model: flag('model m', 'text', ['', 'default: the first one of /v1/models']),
  apiKey: flag('api-key', 'text', ['', 'default: OPENAI_API_KEY of the environment']),
  header: flag('header', 'words', ['', 'more request headers: NAME=VALUE …']),
  insecure: flag('insecure', 'switch', ['', 'accept any TLS certificate']),
  extraBody: flag('extra-body', 'text', ['', 'JSON object whose keys every body gets']),
  sourceIp: flag('source-ip', 'words', ['', 'local addresses to send from, in turn']),
  readyCheck: flag('ready-check-timeout-sec', 'duration', ['0', 'wait so long for the server']),
} as const;

const LOAD_FLAGS = {
  concurrency: flag('concurrency c max-concurrency', 'number', [
    '',
    'most requests at once (default 4096; none with -request-rate)',
  ]),
  requests: flag('requests n num-prompts', 'number', ['', 'end after so many requests']),
  duration: flag('duration d', 'duration', ['', 'end after this time (30s, 5m)']),
  timeout: flag('timeout t', 'duration', ['600', 'of one request']),
  workers: flag('workers w', 'number', ['1', 'threads that generate load']),
  requestRate: flag('request-rate', 'number', ['', 'open loop: requests a second']),
  arrival: flag(
    'arrival',
    'text',
    ['', 'gaps between them (default: as -burstiness says)'],
    ['constant', 'poisson', 'gamma'],
  ),
  burstiness: flag('burstiness', 'number', ['1', 'shape of gamma gaps; below 1 is burstier']),
  ramp: flag('ramp-up-strategy', 'text', ['none', 'how the rate rises'], RAMPS),
  rampStart: flag('ramp-up-start-rps', 'number', ['', 'from this rate']),
  rampEnd: flag('ramp-up-end-rps', 'number', ['', 'to this rate']),
  stages: flag('stages', 'text', ['', 'parts of one run: rate=10:30s,rate=50:1m or c=8:30s,…']),
  sweep: flag('sweep', 'text', ['', 'one run for each: rate=10,20,40 or c=1,2,4']),
  findMax: flag('find-max', 'switch', ['', 'search the highest load that meets -slo']),
  findMaxBy: flag('find-max-by', 'text', ['rate', 'what is raised'], ['rate', 'concurrency']),
  slo: flag('slo', 'words', ['', "what must hold: 'p99:ttft<500ms' 'error_rate<1%' …"]),
  repeat: flag('repeat', 'number', ['1', 'measure so often, for confidence intervals']),
  warmups: flag('num-warmups', 'number', ['0', 'requests before the measurement']),
  drain: flag('drain', 'duration', ['', 'wait so long for the last answers (default: -timeout)']),
  seed: flag('seed', 'number', ['0', 'of prompts, lengths and arrivals']),
} as const;

const CLIENT_FLAGS = {
  noStream: flag('no-stream', 'switch', ['', 'ask for whole answers']),
  keepAlive: flag(
    'keep-alive',
    'text',
    ['pool', 'connections: reused, one each, 100 for 5 s'],
    [...KEEP_ALIVES],
  ),
  cancelRate: flag('cancel-rate', 'share', ['0', 'share of the clients that leave early (5%)']),
  cancelAfter: flag('cancel-after', 'duration', ['1', 'they leave at a random time up to this']),
  stall: flag('stall-threshold', 'duration', ['1', 'longer pauses in a stream are stalls']),
} as const;

const DATA_FLAGS = {
  dataset: flag('dataset-name', 'text', ['random', 'what the prompts are'], DATASETS),
  path: flag('dataset-path', 'text', ['', 'file of sharegpt, custom, mooncake or multi-turn']),
  inputLength: flag('input-len random-input-len prefix-repetition-suffix-len', 'number', [
    '1024',
    'words of a prompt, each about a token',
  ]),
  outputLength: flag(
    'output-len random-output-len sharegpt-output-len custom-output-len ' +
      'prefix-repetition-output-len',
    'number',
    ['', 'tokens to ask for (default 128; sharegpt: as in the file)'],
  ),
  rangeRatio: flag('range-ratio random-range-ratio', 'share', ['0', 'lengths vary by ± this']),
  prefixLength: flag('prefix-len random-prefix-len prefix-repetition-prefix-len', 'number', [
    '',
    'words that prompts share (default 256 with shared-prefix)',
  ]),
  prefixes: flag('num-prefixes prefix-repetition-num-prefixes', 'number', [
    '10',
    'different shared prefixes',
  ]),
  turns: flag('turns', 'number', ['4', 'requests of a multi-turn conversation']),
  think: flag('think-time', 'duration', ['0', 'between an answer and the next turn']),
  images: flag('images', 'number', ['0', 'images in each prompt']),
  imageSize: flag('image-size', 'text', ['512x512', 'their size in pixels']),
  ignoreEos: flag('ignore-eos', 'switch', ['', 'answers of exactly the length asked for']),
  timeScale: flag('time-scale', 'number', ['1', 'replay a trace so many times faster']),
} as const;

const REPORT_FLAGS = {
  goodput: flag('goodput', 'words', ['', 'limits of a good request: ttft:200 tpot:50 e2el:5000']),
  metrics: flag('percentile-metrics', 'text', ['ttft,tpot,itl,e2el', 'which get percentiles']),
  percentiles: flag('metric-percentiles', 'text', ['50,90,95,99,99.9', 'which ones']),
  noVisual: flag('no-visual disable-tqdm', 'switch', ['', 'a line a second, no live panel']),
  json: flag('json', 'text', ['', 'write the result as JSON; - is standard output']),
  csv: flag('csv', 'text', ['', 'write one line for each run or stage']),
  markdown: flag('md', 'text', ['', 'write a Markdown report']),
  html: flag('html', 'text', ['', 'write one HTML page with charts']),
  saveResult: flag('save-result', 'switch', ['', 'write JSON under a name of its own']),
  saveDetailed: flag('save-detailed', 'switch', ['', 'with the times of every request']),
  resultDir: flag('result-dir', 'text', ['.', 'folder for -save-result']),
  resultName: flag('result-filename', 'text', ['', 'name for -save-result']),
  label: flag('label', 'text', ['', 'a name for this measurement, kept in the reports']),
} as const;

export const GROUPS: readonly (readonly [title: string, flags: Record<string, BenchFlag>])[] = [
  ['Whom to ask', TARGET_FLAGS],
  ['Load', LOAD_FLAGS],
  ['Clients', CLIENT_FLAGS],
  ['Prompts', DATA_FLAGS],
  ['Reports', REPORT_FLAGS],
];

const FLAGS = {
  ...TARGET_FLAGS,
  ...LOAD_FLAGS,
  ...CLIENT_FLAGS,
  ...DATA_FLAGS,
  ...REPORT_FLAGS,
};
export type FlagKey = keyof typeof FLAGS;
export const ALL_FLAGS: Readonly<Record<FlagKey, BenchFlag>> = FLAGS;
