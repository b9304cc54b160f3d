/**
 * Every knob of the simulated engine, once: flag, kind, default, doc. `--help`, the command line,
 * `POST /sim/faults` and the type SimOptions all come from this table. Names follow
 * llm-d-inference-sim and vLLM where they have one. A duration without a unit is milliseconds
 * (seconds where the kind says so). A `live` knob may be changed while the engine runs.
 */
import { parseArgs } from 'node:util';

type Kind = 'text' | 'list' | 'integer' | 'number' | 'duration' | 'seconds' | 'boolean';
type Value = string | number | boolean | readonly string[];

interface Flag<T extends Value> {
  readonly flag: string;
  readonly kind: Kind;
  readonly fallback: T;
  readonly doc: string;
  readonly live: boolean;
  readonly min: number;
  readonly max: number;
  readonly choices: readonly string[];
}

type Widen<T> = T extends number
  ? number
  : T extends boolean
    ? boolean
    : T extends string
      ? string
      : T;
export type SimOptions = { [K in keyof typeof FLAGS]: Widen<(typeof FLAGS)[K]['fallback']> };

/** What may go wrong in `failureTypes`, with the status a real engine would answer. */
const FAILURE_TYPES = [
  'rate_limit',
  'invalid_api_key',
  'context_length',
  'server_error',
  'invalid_request',
  'model_not_found',
  'busy',
  'queue_full',
  'hang',
  'reset',
  'close',
] as const;

const ANY = { live: false, min: 0, max: Number.MAX_SAFE_INTEGER, choices: [] };
const LIVE = { ...ANY, live: true };

function flag<T extends Value>(
  name: string,
  kind: Kind,
  fallback: T,
  [doc, limits = ANY]: [doc: string, limits?: Partial<Flag<T>>],
): Flag<T> {
  return { flag: name, kind, fallback, doc, ...ANY, ...limits };
}

const NO_NAMES: readonly string[] = [];

export const FLAGS = {
  host: flag('host', 'text', '127.0.0.1', ['address to listen on']),
  port: flag('port', 'integer', 8100, ['port to listen on; 0 picks a free one', { max: 65535 }]),
  controlPort: flag('control-port', 'integer', -1, [
    'second port that serves only /sim/* and never fails; 0 picks one, -1 opens none',
    { min: -1, max: 65535 },
  ]),
  model: flag('model', 'text', 'sim-model', ['model the engine has loaded']),
  servedModelName: flag('served-model-name', 'list', NO_NAMES, [
    'names the API knows, comma or space separated; default: the model',
  ]),
  engine: flag('engine', 'text', 'vllm', [
    'whose metric names /metrics speaks',
    { choices: ['vllm', 'sglang'] },
  ]),
  apiKey: flag('api-key', 'text', '', ['key that /v1 demands as a bearer token; empty: none']),
  maxModelLen: flag('max-model-len', 'integer', 1_048_576, [
    'tokens of prompt and answer together; more is a 400',
    { min: 1 },
  ]),
  disableMetrics: flag('disable-metrics', 'boolean', false, ['answer /metrics with 404', LIVE]),
  dataParallelSize: flag('data-parallel-size', 'integer', 1, [
    'ranks the load is reported over in /metrics',
    { min: 1, max: 64 },
  ]),

  maxNumSeqs: flag('max-num-seqs', 'integer', 256, [
    'batch slots: requests generated at once',
    { ...LIVE, min: 1 },
  ]),
  maxWaitingQueueLength: flag('max-waiting-queue-length', 'integer', 1000, [
    'requests that may wait for a slot; more are answered 503',
    LIVE,
  ]),
  timeToFirstTokenMs: flag('time-to-first-token', 'duration', 0, ['time to first token', LIVE]),
  timeToFirstTokenStdDevMs: flag('time-to-first-token-std-dev', 'duration', 0, [
    'its standard deviation; a sample stays within 70 % of the mean',
    LIVE,
  ]),
  prefillOverheadMs: flag('prefill-overhead', 'duration', 0, [
    'fixed part of the prefill, used when time-to-first-token is 0',
    LIVE,
  ]),
  prefillTimePerTokenMs: flag('prefill-time-per-token', 'duration', 0, [
    'prefill time of each prompt token not cached, used when time-to-first-token is 0',
    LIVE,
  ]),
  interTokenLatencyMs: flag('inter-token-latency', 'duration', 0, [
    'time between two tokens of one answer',
    LIVE,
  ]),
  interTokenLatencyStdDevMs: flag('inter-token-latency-std-dev', 'duration', 0, [
    'its standard deviation; a sample stays within 70 % of the mean',
    LIVE,
  ]),
  maxNumBatchedTokens: flag('max-num-batched-tokens', 'integer', 0, [
    'tokens of one step, prompts in chunks and answers together; 0: prompts do not wait for others',
  ]),
  decodeTimePerSequenceMs: flag('decode-time-per-sequence', 'duration', 0, [
    'what each answer adds to a step, with max-num-batched-tokens',
    LIVE,
  ]),
  timeFactorUnderLoad: flag('time-factor-under-load', 'number', 1, [
    'how many times slower everything is with all slots taken',
    { ...LIVE, min: 1 },
  ]),
  enableKvcache: flag('enable-kvcache', 'boolean', false, [
    'remember prompt prefixes; a known prefix shortens the time to first token',
    LIVE,
  ]),
  kvCacheSize: flag('kv-cache-size', 'integer', 16_384, ['blocks of the KV cache', { min: 1 }]),
  blockSize: flag('block-size', 'integer', 16, ['tokens of one block', { min: 1 }]),
  imageTokens: flag('image-tokens', 'integer', 256, ['prompt tokens of one image part', LIVE]),

  mode: flag('mode', 'text', 'random', [
    'random: words drawn from the seed and the prompt; echo: the prompt itself',
    { ...LIVE, choices: ['random', 'echo'] },
  ]),
  seed: flag('seed', 'integer', 1, ['seed of texts, jitter and failures']),
  outputTokens: flag('output-tokens', 'integer', 48, [
    'length of a random answer; max_tokens cuts it, ignore_eos stretches it',
    { ...LIVE, min: 1 },
  ]),
  streamInterval: flag('stream-interval', 'integer', 1, [
    'tokens of one event of a stream; the first token has one of its own',
    { ...LIVE, min: 1 },
  ]),
  outputTokensStdDev: flag('output-tokens-std-dev', 'number', 0, ['its standard deviation', LIVE]),
  stableIds: flag('stable-ids', 'boolean', false, [
    'id and created of an answer depend on its request only, so that answers compare',
    LIVE,
  ]),
  requestLog: flag('request-log', 'text', '', ['file that gets the epoch ms of every arrival']),

  failureInjectionRate: flag('failure-injection-rate', 'number', 0, [
    'percent of the generation requests that fail',
    { ...LIVE, max: 100 },
  ]),
  failureTypes: flag('failure-types', 'list', NO_NAMES, [
    'how they fail, drawn at random; default: server_error',
    { ...LIVE, choices: FAILURE_TYPES },
  ]),
  failureStatus: flag('failure-status', 'integer', 0, [
    'status of every injected failure instead of failure-types; 0: off',
    { ...LIVE, max: 599 },
  ]),
  retryAfterSeconds: flag('retry-after', 'number', -1, [
    'Retry-After of injected and queue-full answers in seconds; -1: none',
    { ...LIVE, min: -1 },
  ]),
  refuse: flag('refuse', 'boolean', false, ['close the listener and idle connections', LIVE]),
  hang: flag('hang', 'boolean', false, ['accept and read, never answer (except /sim)', LIVE]),
  reset: flag('reset', 'boolean', false, ['reset the connection of each request', LIVE]),
  dieAfterEvents: flag('die-after-events', 'integer', -1, [
    'break an answer after so many events (one not streamed: half-way); -1: never',
    { ...LIVE, min: -1 },
  ]),
  dieMidEvent: flag('die-mid-event', 'boolean', false, [
    'break inside the event after those (alone: inside the second event)',
    LIVE,
  ]),
  dieBy: flag('die-by', 'text', 'close', [
    'how it breaks: FIN, RST or a clean end of the body (truncation)',
    { ...LIVE, choices: ['close', 'reset', 'end'] },
  ]),
  dieRate: flag('die-rate', 'number', 100, ['percent of the answers that break', LIVE]),
  omitDone: flag('omit-done', 'boolean', false, ['end streams without data: [DONE]', LIVE]),
  keepAliveTimeoutMs: flag('keep-alive-timeout', 'seconds', 5000, [
    'close a connection idle for so long, in seconds, as uvicorn does; 0: never',
    LIVE,
  ]),
  announceKeepAlive: flag('announce-keep-alive', 'boolean', false, [
    'tell clients that time in a Keep-Alive header',
    LIVE,
  ]),
  slowHeadersMs: flag('slow-headers', 'duration', 0, [
    'send half of the response head at once, the rest after this time',
    LIVE,
  ]),
  bodyFraming: flag('body-framing', 'text', 'length', [
    'how an answer that is not streamed is framed',
    { ...LIVE, choices: ['length', 'chunked', 'close'] },
  ]),
} as const;

export type OptionName = keyof SimOptions;
const NAMES = Object.keys(FLAGS) as OptionName[];
const BY_FLAG = new Map(NAMES.map((name) => [FLAGS[name].flag as string, name]));

export function defaultOptions(): SimOptions {
  const options: Record<string, Value> = {};
  for (const name of NAMES) options[name] = FLAGS[name].fallback;
  return options as SimOptions;
}

/** Sets one knob by its flag name (`_` counts as `-`); returns what is wrong, or ''. */
export function setOption(
  options: SimOptions,
  flagName: string,
  raw: unknown,
  onlyLive: boolean,
): string {
  const name = BY_FLAG.get(flagName.replaceAll('_', '-'));
  if (name === undefined) return `unknown knob "${flagName}"`;
  const row: Flag<Value> = FLAGS[name];
  if (onlyLive && !row.live) return `"${row.flag}" cannot be changed while the engine runs`;
  const value = convert(row, raw);
  if (value === undefined) return `"${row.flag}" does not take ${JSON.stringify(raw)}`;
  (options as Record<string, Value>)[name] = value;
  return '';
}

export type Parsed =
  | { readonly options: SimOptions }
  | { readonly help: string }
  | { readonly problem: string };

/** Reads a command line; `-flag` means `--flag`, `--flag=false` switches a boolean off. */
export function parseFlags(argv: readonly string[]): Parsed {
  const spec: Record<string, { type: 'string' | 'boolean'; multiple?: boolean }> = {
    help: { type: 'boolean' },
  };
  for (const name of NAMES) {
    const { flag: flagName, kind } = FLAGS[name];
    spec[flagName] =
      kind === 'boolean' ? { type: 'boolean' } : { type: 'string', multiple: kind === 'list' };
  }
  let values: Record<string, unknown>;
  try {
    ({ values } = parseArgs({ args: argv.map(longForm), options: spec, allowNegative: true }));
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
  if (values.help === true) return { help: help() };
  const options = defaultOptions();
  for (const [flagName, raw] of Object.entries(values)) {
    const problem = setOption(options, flagName, raw, false);
    if (problem !== '') return { problem };
  }
  return { options };
}

function longForm(argument: string): string {
  const long = /^-[a-z][a-z-]*/.test(argument) ? `-${argument}` : argument;
  if (long === '--h') return '--help';
  const [name = '', value] = long.split('=', 2);
  const row = BY_FLAG.get(name.slice(2));
  if (row === undefined || FLAGS[row].kind !== 'boolean') return long;
  if (value === 'true') return name;
  return value === 'false' ? `--no-${name.slice(2)}` : long;
}

function convert(row: Flag<Value>, raw: unknown): Value | undefined {
  if (row.kind === 'boolean') return typeof raw === 'boolean' ? raw : undefined;
  if (row.kind === 'list') return convertList(row, raw);
  if (row.kind === 'text') {
    if (typeof raw !== 'string') return undefined;
    return row.choices.length === 0 || row.choices.includes(raw) ? raw : undefined;
  }
  const value = toNumber(row.kind, raw);
  if (Number.isNaN(value) || value < row.min || value > row.max) return undefined;
  return row.kind === 'integer' && !Number.isInteger(value) ? undefined : value;
}

function convertList(row: Flag<Value>, raw: unknown): readonly string[] | undefined {
  const parts = Array.isArray(raw) ? raw : [raw];
  if (!parts.every((part) => typeof part === 'string')) return undefined;
  const items = parts.flatMap((part) => part.split(/[\s,]+/)).filter((item) => item !== '');
  const known = row.choices.length === 0 || items.every((item) => row.choices.includes(item));
  return known ? items : undefined;
}

function toNumber(kind: Kind, raw: unknown): number {
  const perUnit = kind === 'seconds' ? 1000 : 1;
  if (typeof raw === 'number') return raw * perUnit;
  if (typeof raw !== 'string') return Number.NaN;
  const timed = kind === 'duration' || kind === 'seconds';
  const match = /^(-?\d+(?:\.\d+)?)(us|ms|s|m)?$/.exec(raw);
  if (match === null || (match[2] !== undefined && !timed)) return Number.NaN;
  const unit = match[2];
  const factor =
    unit === 'us' ? 0.001 : unit === 'ms' ? 1 : unit === 's' ? 1000 : unit === 'm' ? 60_000 : 0;
  return Number(match[1]) * (factor === 0 ? perUnit : factor);
}

function help(): string {
  const lines = ['usage: llm-router sim [flags]', '', 'A simulated engine. Flags:'];
  for (const name of NAMES) {
    const row: Flag<Value> = FLAGS[name];
    const shown = row.kind === 'seconds' ? Number(row.fallback) / 1000 : row.fallback;
    const fallback = String(shown) === '' ? '' : ` (default ${String(shown)})`;
    const choices = row.choices.length === 0 ? '' : ` [${row.choices.join('|')}]`;
    lines.push(`  --${row.flag} ${row.kind}`, `      ${row.doc}${choices}${fallback}`);
  }
  lines.push('', 'POST /sim/faults {"hang": true} changes most of them while the engine runs;');
  lines.push(
    'GET /sim/faults, /sim/stats and /sim/arrivals report. Durations: 20, 20ms, 1.5s, 2m.',
  );
  return `${lines.join('\n')}\n`;
}
