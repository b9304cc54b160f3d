/**
 * A tally as the numbers of a report, under the names that vLLM's bench uses where it has one.
 * Times are milliseconds; NaN where nothing was measured.
 */
import {
  CACHED_TOKENS,
  CANCELLED,
  CONNECTIONS,
  FAILED,
  GOOD,
  INPUT_TOKENS,
  LATE,
  LATENCIES,
  type Latency,
  LONGEST_STALL_US,
  OUTPUT_TOKENS,
  RESENT,
  STALLS,
  SUCCEEDED,
  type Tally,
  UNFINISHED,
  WITHOUT_USAGE,
} from './tally.ts';

export type Numbers = { readonly [key: string]: number };

/** Always there; the others as wanted. */
const INTENDED: readonly Latency[] = ['queue', 'ttft_intended', 'e2el_intended', 'connect'];

export interface NumbersWanted {
  readonly percentiles: readonly number[];
  readonly metrics: readonly Latency[];
}

export function numbersOf(tally: Tally, elapsedMs: number, wanted: NumbersWanted): Numbers {
  const { counts } = tally;
  const seconds = elapsedMs / 1000;
  const completed = counts[SUCCEEDED]!;
  const output = counts[OUTPUT_TOKENS]!;
  const input = counts[INPUT_TOKENS]!;
  const numbers: Record<string, number> = {
    duration: seconds,
    completed,
    failed: counts[FAILED]!,
    cancelled: counts[CANCELLED]!,
    unfinished: counts[UNFINISHED]!,
    total_input_tokens: input,
    total_output_tokens: output,
    total_cached_tokens: counts[CACHED_TOKENS]!,
    request_throughput: completed / seconds,
    request_goodput: counts[GOOD]! / seconds,
    output_throughput: output / seconds,
    total_token_throughput: (input + output) / seconds,
    error_rate: shareOf(counts[FAILED]!, completed),
    success_rate: 1 - shareOf(counts[FAILED]!, completed),
    stalls: counts[STALLS]!,
    longest_stall_ms: counts[LONGEST_STALL_US]! / 1000,
    late_sends: counts[LATE]!,
    resent: counts[RESENT]!,
    connections: counts[CONNECTIONS]!,
    without_usage: counts[WITHOUT_USAGE]!,
  };
  for (const name of LATENCIES) {
    const isWanted = wanted.metrics.includes(name) || INTENDED.includes(name);
    if (isWanted) Object.assign(numbers, latencyOf(tally, name, wanted.percentiles));
  }
  return numbers;
}

function shareOf(failed: number, completed: number): number {
  return failed === 0 ? 0 : failed / (failed + completed);
}

function latencyOf(tally: Tally, name: Latency, percentiles: readonly number[]): Numbers {
  const numbers: Record<string, number> = {};
  const keys = ['mean', 'median', 'std', 'min', 'max', ...percentiles.map((p) => `p${p}`)];
  for (const key of keys) numbers[`${key}_${name}_ms`] = statistic(tally, name, key);
  return numbers;
}

/** `statistic`: mean, median, std, min, max or pNN. */
function statistic(tally: Tally, name: Latency, key: string): number {
  const histogram = tally[name];
  switch (key) {
    case 'mean':
      return histogram.mean() / 1000;
    case 'median':
      return histogram.quantile(0.5) / 1000;
    case 'std':
      return histogram.deviation() / 1000;
    case 'min':
      return histogram.min() / 1000;
    case 'max':
      return histogram.max() / 1000;
    default:
      return histogram.quantile(Number(key.slice(1)) / 100) / 1000;
  }
}

/** The value that an objective is about, whichever percentiles the report has. */
export function sloValue(tally: Tally, elapsedMs: number, key: string): number {
  const [, statisticName, metric] = /^(p[\d.]+|mean|median|min|max)_(\w+)_ms$/.exec(key) ?? [];
  const name = LATENCIES.find((one) => one === metric);
  if (statisticName !== undefined && name !== undefined) {
    return statistic(tally, name, statisticName);
  }
  return numbersOf(tally, elapsedMs, { percentiles: [], metrics: [] })[key] ?? Number.NaN;
}
