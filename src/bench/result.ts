/**
 * The result of a measurement as plain data: what `--json` writes and every report is made of.
 * On top stand the numbers of one run under vLLM's names, so that scripts for its results work;
 * below them everything else. docs/bench-result.schema.json describes it and is held against it.
 */
import type { RunOutcome } from './crew.ts';
import { type Numbers, type NumbersWanted, numbersOf, sloValue } from './measure/numbers.ts';
import { type Details, EndpointNumbers } from './measure/outcomes.ts';
import { type SelfCheck, selfCheck } from './measure/self-check.ts';
import type { Sample } from './measure/series.ts';
import { checkSlo, type Slo, type SloResult } from './measure/slo.ts';
import { SUCCEEDED } from './measure/tally.ts';
import type { LoadSpec, Target } from './plan.ts';
import type { BenchSettings } from './settings.ts';

export interface ErrorRow {
  readonly error: string;
  readonly count: number;
  readonly example: string;
}

export interface EndpointReport {
  readonly endpoint: string;
  readonly succeeded: number;
  readonly failed: number;
  readonly median_ttft_ms: number;
  readonly p99_ttft_ms: number;
  readonly median_e2el_ms: number;
  readonly p99_e2el_ms: number;
}

export interface RunReport {
  /** Which load, such as rate=10; '' when there is only one. */
  readonly label: string;
  readonly request_rate: number | 'inf';
  readonly max_concurrency: number | null;
  readonly numbers: Numbers;
  readonly stages: readonly { readonly label: string; readonly numbers: Numbers }[];
  readonly slo: readonly SloResult[];
  readonly self_check: SelfCheck;
  readonly errors: readonly ErrorRow[];
  readonly endpoints: readonly EndpointReport[];
  readonly workers: readonly { readonly busy: number; readonly lag_ms: number }[];
  readonly series: readonly Sample[];
}

export interface BenchResult extends Readonly<Record<string, unknown>> {
  readonly schema_version: 1;
  readonly date: string;
  readonly label: string;
  readonly model_id: string;
  readonly valid: boolean;
  readonly slo_met: boolean | null;
  /** The run whose numbers stand on top. */
  readonly main_run: number;
  readonly runs: readonly RunReport[];
}

export function runReport(
  outcome: RunOutcome,
  label: string,
  series: readonly Sample[],
  settings: { readonly wanted: NumbersWanted; readonly slos: readonly Slo[] },
): RunReport {
  const { load, total, elapsedMs, ends } = outcome;
  const first = load.stages[0]!;
  const { wanted, slos } = settings;
  return {
    label,
    request_rate: first.rate > 0 ? first.rate : 'inf',
    max_concurrency: first.concurrency > 0 ? first.concurrency : null,
    numbers: numbersOf(total, elapsedMs, wanted),
    stages: load.stages.length === 1 ? [] : stageReports(outcome, wanted),
    slo: slos.map((slo) => checkSlo(slo, sloValue(total, elapsedMs, slo.key))),
    self_check: selfCheck(outcome),
    errors: errorRows(outcome),
    endpoints: endpointReports(outcome),
    workers: ends.map(({ busy, lagMs }) => ({ busy, lag_ms: lagMs })),
    series,
  };
}

function stageReports({ load, stages, elapsedMs }: RunOutcome, wanted: NumbersWanted) {
  return load.stages.map(({ label, durationMs }, at) => ({
    label,
    numbers: numbersOf(stages[at]!, durationMs > 0 ? durationMs : elapsedMs, wanted),
  }));
}

function errorRows({ ends }: RunOutcome): ErrorRow[] {
  const rows = new Map<string, ErrorRow>();
  for (const [error, { count, example }] of ends.flatMap((end) => end.errors)) {
    const known = rows.get(error);
    rows.set(error, {
      error,
      count: count + (known?.count ?? 0),
      example: known?.example || example,
    });
  }
  return [...rows.values()].sort((a, b) => b.count - a.count);
}

function endpointReports({ ends }: RunOutcome): EndpointReport[] {
  const all = new Map<string, EndpointNumbers>();
  for (const row of ends.flatMap((end) => end.endpoints)) {
    const known = all.get(row.name);
    if (known === undefined) all.set(row.name, new EndpointNumbers(row));
    else known.merge(new EndpointNumbers(row));
  }
  return [...all]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([endpoint, { succeeded, failed, ttft, e2el }]) => ({
      endpoint,
      succeeded,
      failed,
      median_ttft_ms: ttft.quantile(0.5) / 1000,
      p99_ttft_ms: ttft.quantile(0.99) / 1000,
      median_e2el_ms: e2el.quantile(0.5) / 1000,
      p99_e2el_ms: e2el.quantile(0.99) / 1000,
    }));
}

/** Which run the top of the result shows, and whether the objectives count as met. */
export interface Verdict {
  readonly mainRun: number;
  /** null = there are none. */
  readonly sloMet: boolean | null;
  /** What `-find-max` found; null = it was not asked for. */
  readonly found: FoundMax | null;
}

export interface FoundMax {
  readonly by: string;
  /** 0 = no load met the objectives. */
  readonly value: number;
  /** Why it went no further; `generator`: this tool was the limit. */
  readonly ended_by: 'objective' | 'generator' | 'stopped';
}

export function benchResult(
  settings: BenchSettings,
  runs: readonly RunReport[],
  verdict: Verdict,
): BenchResult {
  const { data, target, report, client } = settings;
  const main = runs[verdict.mainRun]!;
  const { load } = settings.loads[0]!;
  const date = new Date().toISOString();
  return {
    schema_version: 1,
    date,
    label: report.label,
    endpoint_type: data.chat ? 'openai-chat' : 'openai',
    url: urlOf(target),
    model_id: data.model,
    dataset_name: data.dataset,
    num_prompts: load.requests,
    request_rate: main.request_rate,
    burstiness: load.burstiness,
    max_concurrency: main.max_concurrency,
    workers: settings.workers,
    keep_alive: client.keepAlive,
    stream: data.stream,
    seed: load.seed,
    ...main.numbers,
    valid: main.self_check.valid,
    invalid_reasons: main.self_check.reasons,
    slo_met: verdict.sloMet,
    find_max: verdict.found,
    errors: main.errors,
    main_run: verdict.mainRun,
    runs,
  };
}

export function urlOf({ tls, host, port, path }: Target): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return `${tls ? 'https' : 'http'}://${name}:${port}${path}`;
}

/** Single requests of all workers, under vLLM's names. */
export function mergeDetails(ends: readonly { readonly details: Details }[]): Details {
  const keys = ['ttfts', 'e2els', 'itls', 'start_times', 'input_lens', 'output_lens'] as const;
  const all = keys.map((key) => [key, ends.flatMap(({ details }) => details[key] as unknown[])]);
  return Object.fromEntries(all) as unknown as Details;
}

/** Whether a run ended with anything to report. */
export function hasAnswers({ total }: RunOutcome): boolean {
  return total.counts[SUCCEEDED]! > 0;
}

export function describeLoad(load: LoadSpec): string {
  const { stages, requests } = load;
  const first = stages[0]!;
  const rate = describeRate(load);
  const most = first.concurrency > 0 ? `at most ${first.concurrency} at once` : '';
  const time = first.durationMs > 0 ? `${first.durationMs / 1000} s` : '';
  const count = requests > 0 ? `${requests} requests` : '';
  if (stages.length > 1) return `${stages.length} stages: ${stages.map((s) => s.label).join(', ')}`;
  return [rate, most, time, count].filter((part) => part !== '').join(', ');
}

function describeRate({ stages, byTrace, ramp, rampStartRate, rampEndRate }: LoadSpec): string {
  if (byTrace) return 'as the trace says';
  if (ramp !== 'none') return `${rampStartRate} to ${rampEndRate} requests/s`;
  const { rate } = stages[0]!;
  return rate > 0 ? `${rate} requests/s` : '';
}
