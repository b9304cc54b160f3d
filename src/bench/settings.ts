/**
 * From flags to everything that a measurement needs, checked: contradictions, limits of this
 * machine and unreadable values are found here, before anything is sent.
 */
import { isIP } from 'node:net';
import { DATASETS, type DataSpec } from './data/spec.ts';
import { type NamedLoad, readGoodput, readLoads } from './load-settings.ts';
import { parseSlo, type Slo } from './measure/slo.ts';
import { LATENCIES, type Latency } from './measure/tally.ts';
import type { FlagValues } from './parse-flags.ts';
import { type ClientSpec, KEEP_ALIVES, type Target } from './plan.ts';

export interface ReportSettings {
  readonly percentiles: readonly number[];
  readonly metrics: readonly Latency[];
  readonly visual: boolean;
  readonly json: string;
  readonly csv: string;
  readonly markdown: string;
  readonly html: string;
  readonly save: boolean;
  readonly resultDir: string;
  readonly resultName: string;
  readonly label: string;
  readonly detailed: boolean;
}

export interface BenchSettings {
  /** The first address. */
  readonly target: Target;
  /** One for each thread, in turn. */
  readonly targets: readonly Target[];
  readonly client: ClientSpec;
  /** `model` is '' until the server was asked. */
  readonly data: DataSpec;
  readonly workers: number;
  /** One run each; with `findMax` the first is where the search starts. */
  readonly loads: readonly NamedLoad[];
  readonly findMax: '' | 'rate' | 'concurrency';
  readonly slos: readonly Slo[];
  readonly repeat: number;
  readonly warmups: number;
  readonly drainMs: number;
  readonly readyMs: number;
  readonly report: ReportSettings;
}

/** `problems` are sentences; with any of them the settings are not to be used. */
export function readSettings(
  values: FlagValues,
  environment: Readonly<Record<string, string | undefined>>,
): { readonly settings: BenchSettings; readonly problems: readonly string[] } {
  const problems: string[] = [];
  const targets = addressesOf(values).map((url) => readTarget(values, url, environment, problems));
  const target = targets[0]!;
  const data = readData(values, target.path, problems);
  const loads = readLoads(values, problems);
  const slos: Slo[] = [];
  for (const text of values.words('slo').flatMap((word) => word.split(','))) {
    const slo = parseSlo(text);
    if (typeof slo === 'string') problems.push(slo);
    else slos.push(slo);
  }
  const findMax = values.isOn('findMax') ? (values.text('findMaxBy') as 'rate') : '';
  if (findMax !== '' && slos.length === 0) {
    problems.push("-find-max needs an -slo, such as -slo 'p99:ttft<500ms'.");
  }
  const timeoutMs = values.number('timeout');
  const settings: BenchSettings = {
    target,
    targets,
    client: readClient(values, timeoutMs, problems),
    data,
    // An address without a thread would get nothing.
    workers: Math.max(targets.length, wholeNumber(values, 'workers', problems)),
    loads,
    findMax,
    slos,
    repeat: wholeNumber(values, 'repeat', problems),
    warmups: values.number('warmups'),
    drainMs: values.isGiven('drain') ? values.number('drain') : timeoutMs,
    readyMs: values.number('readyCheck'),
    report: readReport(values, problems),
  };
  return { settings, problems };
}

function wholeNumber(
  values: FlagValues,
  key: 'workers' | 'repeat' | 'turns' | 'prefixes',
  problems: string[],
): number {
  const value = values.number(key);
  if (!Number.isInteger(value) || value < 1)
    problems.push(`-${key} must be a whole number from 1.`);
  return value;
}

function addressesOf(values: FlagValues): string[] {
  const host = values.text('host');
  const port = values.text('port');
  if (host === '' && port === '') return values.text('url').split(',');
  return [`http://${host || 'localhost'}:${port || '8000'}`];
}

function readTarget(
  values: FlagValues,
  typed: string,
  environment: Readonly<Record<string, string | undefined>>,
  problems: string[],
): Target {
  const url = URL.parse(/^https?:\/\//.test(typed) ? typed : `http://${typed}`);
  if (url === null) problems.push(`-url does not read "${typed}": http://host:port is expected.`);
  const base = (url?.pathname ?? '/').replace(/\/+$/, '');
  const usual =
    values.text('backend') === 'openai-chat' ? '/v1/chat/completions' : '/v1/completions';
  const endpoint = values.text('endpoint') || usual;
  // People give the base with and without /v1.
  const path =
    base.endsWith('/v1') && endpoint.startsWith('/v1/')
      ? base + endpoint.slice(3)
      : base + endpoint;
  const sourceIps = values.words('sourceIp').flatMap((word) => word.split(','));
  for (const ip of sourceIps) {
    if (isIP(ip) === 0)
      problems.push(`-source-ip does not read "${ip}": an IP address is expected.`);
  }
  const key = values.text('apiKey') || (environment.OPENAI_API_KEY ?? '');
  return {
    host: (url?.hostname ?? '').replace(/^\[|\]$/g, ''),
    port: Number(url?.port) || (url?.protocol === 'https:' ? 443 : 80),
    tls: url?.protocol === 'https:',
    insecure: values.isOn('insecure'),
    path: path.startsWith('/') ? path : `/${path}`,
    headers: readHeaders(values, url?.host ?? '', key, problems),
    sourceIps,
  };
}

function readHeaders(values: FlagValues, host: string, key: string, problems: string[]): string {
  const lines = [`host: ${host}`, 'content-type: application/json', 'user-agent: llm-router-bench'];
  if (key !== '') lines.push(`authorization: Bearer ${key}`);
  if (values.text('keepAlive') === 'per-request') lines.push('connection: close');
  for (const word of values.words('header')) {
    const [, name, value] = /^([\w!#$%&'*+.^`|~-]+)\s*[=:]\s*([^\r\n]*)$/.exec(word) ?? [];
    if (name === undefined)
      problems.push(`-header does not read "${word}": NAME=VALUE is expected.`);
    else lines.push(`${name}: ${value}`);
  }
  return lines.map((line) => `${line}\r\n`).join('');
}

function readClient(values: FlagValues, timeoutMs: number, problems: string[]): ClientSpec {
  const cancelRate = values.number('cancelRate');
  if (cancelRate > 1) problems.push('-cancel-rate is a share: 0.05 or 5%.');
  if (timeoutMs === 0) problems.push('-timeout must be above 0.');
  return {
    keepAlive: KEEP_ALIVES.find((one) => one === values.text('keepAlive')) ?? 'pool',
    timeoutMs,
    cancelRate,
    cancelAfterMs: values.number('cancelAfter'),
    stallMs: values.number('stall'),
    goodput: readGoodput(values, problems),
    keepsDetails: values.isOn('saveDetailed'),
  };
}

function readData(values: FlagValues, path: string, problems: string[]): DataSpec {
  const dataset = DATASETS.find((one) => one === values.text('dataset')) ?? 'random';
  const needsFile = dataset === 'sharegpt' || dataset === 'custom' || dataset === 'mooncake';
  if (needsFile && values.text('path') === '') {
    problems.push(`-dataset-name ${dataset} needs a file: -dataset-path FILE.`);
  }
  const [, width = '0', height = '0'] = /^(\d+)x(\d+)$/.exec(values.text('imageSize')) ?? [];
  if (width === '0' || height === '0') {
    problems.push(`-image-size does not read "${values.text('imageSize')}": such as 512x512.`);
  }
  if (values.number('timeScale') === 0) problems.push('-time-scale must be above 0.');
  const extraBody = values.text('extraBody');
  if (extraBody !== '' && !isJsonObject(extraBody)) problems.push('-extra-body is no JSON object.');
  const outputLength = dataset === 'sharegpt' ? 0 : 128;
  return {
    dataset,
    path: values.text('path'),
    model: values.text('model'),
    chat: path.includes('/chat/'),
    stream: !values.isOn('noStream'),
    seed: values.number('seed'),
    inputLength: values.number('inputLength'),
    outputLength: values.isGiven('outputLength') ? values.number('outputLength') : outputLength,
    rangeRatio: Math.min(1, values.number('rangeRatio')),
    prefixLength: values.isGiven('prefixLength')
      ? values.number('prefixLength')
      : dataset === 'shared-prefix'
        ? 256
        : 0,
    prefixes: wholeNumber(values, 'prefixes', problems),
    turns: wholeNumber(values, 'turns', problems),
    thinkMs: values.number('think'),
    images: values.number('images'),
    imageWidth: Number(width),
    imageHeight: Number(height),
    ignoreEos: values.isOn('ignoreEos'),
    timeScale: values.number('timeScale'),
    extraBody,
  };
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

function readReport(values: FlagValues, problems: string[]): ReportSettings {
  const percentiles = values.text('percentiles').split(',').map(Number);
  if (percentiles.some((p) => !(p > 0 && p <= 100))) {
    problems.push('-metric-percentiles are numbers up to 100: 50,90,99.');
  }
  const named = values.text('metrics').split(',');
  const metrics = LATENCIES.filter((name) => named.includes(name));
  const unknown = named.filter((name) => !LATENCIES.includes(name as Latency));
  if (unknown.length > 0) {
    problems.push(`-percentile-metrics knows ${LATENCIES.join(', ')}; not ${unknown.join(', ')}.`);
  }
  return {
    percentiles,
    metrics,
    visual: !values.isOn('noVisual'),
    json: values.text('json'),
    csv: values.text('csv'),
    markdown: values.text('markdown'),
    html: values.text('html'),
    save: values.isOn('saveResult') || values.isOn('saveDetailed'),
    resultDir: values.text('resultDir'),
    resultName: values.text('resultName'),
    label: values.text('label'),
    detailed: values.isOn('saveDetailed'),
  };
}
