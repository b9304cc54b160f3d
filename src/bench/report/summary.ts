/** The end of a measurement as text for the terminal. */
import type { BenchResult, FoundMax, RunReport } from '../result.ts';
import { shown, shownExample, table } from './table.ts';

const LATENCY_NAMES: readonly (readonly [key: string, title: string])[] = [
  ['ttft', 'Time to first token'],
  ['tpot', 'Time per output token'],
  ['itl', 'Inter-token latency'],
  ['e2el', 'End-to-end latency'],
  ['ttft_intended', 'First token, from due time'],
  ['e2el_intended', 'End to end, from due time'],
  ['queue', 'Wait before the send'],
];

/** What a narrow terminal goes without, in this order. */
const DISPENSABLE: readonly string[] = [
  ...['std', 'min', 'p90', 'max', 'p95'],
  ...['e2el p50', 'ttft p50', 'e2el p99'],
];

/** `columns`: how wide a line may be; statistics that do not fit are left out. */
export function summaryText(result: BenchResult, columns: number): string {
  const main = result.runs[result.main_run]!;
  const several = result.runs.length > 1;
  const lines = [
    '',
    ...(several ? [...runLines(result.runs), '', `Run ${main.label || result.main_run + 1}:`] : []),
    ...countLines(main),
    '',
    ...fittingTable(latencyRows(main), columns),
    ...stageLines(main),
    ...endpointLines(main, columns),
    ...errorLines(main),
    ...verdictLines(result),
    '',
  ];
  return lines.join('\n');
}

function countLines({ numbers }: RunReport): string[] {
  const at = (key: string) => shown(numbers[key]);
  const rows = [
    ['Duration', `${at('duration')} s`],
    ['Requests', `${at('completed')} completed, ${at('failed')} failed`],
    ['Requests per second', at('request_throughput')],
  ];
  if (numbers.cancelled! + numbers.unfinished! > 0) {
    rows.push(['Left on purpose', at('cancelled')], ['Cut off at the end', at('unfinished')]);
  }
  if (numbers.total_output_tokens! > 0) {
    const input = `${at('total_input_tokens')} in (${at('total_cached_tokens')} cached)`;
    rows.push(['Tokens', `${input}, ${at('total_output_tokens')} out`]);
    rows.push(['Output tokens per second', at('output_throughput')]);
  }
  if (numbers.request_goodput !== numbers.request_throughput) {
    rows.push(['Good requests per second', at('request_goodput')]);
  }
  if (numbers.stalls! > 0) {
    rows.push(['Stalls', `${at('stalls')}, the longest ${at('longest_stall_ms')} ms`]);
  }
  if (numbers.resent! > 0) rows.push(['Sent again (kept connection closed)', at('resent')]);
  return table(rows.map(([name, value]) => [`${name}:`, value!]));
}

/** Mean, spread and percentiles of each latency that has samples. */
export function latencyRows({ numbers }: RunReport): string[][] {
  // Where nothing waited, latencies from the due time say the same again.
  const waited = (numbers.max_queue_ms ?? 0) >= 1;
  const known = LATENCY_NAMES.filter(([key]) => {
    if (!waited && /intended|queue/.test(key)) return false;
    return !Number.isNaN(numbers[`mean_${key}_ms`] ?? Number.NaN);
  });
  const statistics = Object.keys(numbers)
    .map((key) => /^(.+)_e2el_ms$/.exec(key)?.[1])
    .filter((key) => key !== undefined && key !== 'median');
  const head = ['Milliseconds', ...statistics.map((key) => key!)];
  const rows = known.map(([key, title]) => [
    title,
    ...statistics.map((statistic) => shown(numbers[`${statistic}_${key}_ms`])),
  ]);
  return rows.length === 0 ? [] : [head, ...rows];
}

/** A table without the columns that there is no room for. */
function fittingTable(all: readonly string[][], columns: number): string[] {
  const rows = all.map((row) => [...row]);
  for (const name of DISPENSABLE) {
    if (table(rows).every((line) => line.length < columns)) break;
    const at = rows[0]?.indexOf(name) ?? -1;
    if (at > 0) for (const row of rows) row.splice(at, 1);
  }
  return table(rows);
}

function stageLines({ stages }: RunReport): string[] {
  return stages.length === 0 ? [] : ['', ...pointLines(stages)];
}

function runLines(runs: readonly RunReport[]): string[] {
  return pointLines(runs);
}

/** One line a run or stage. */
export function pointRows(
  points: readonly { readonly label: string; readonly numbers: RunReport['numbers'] }[],
): string[][] {
  const head = ['', 'req/s', 'tok/s', 'failed', 'ttft p50', 'ttft p99', 'itl p99', 'e2el p99'];
  const keys = ['request_throughput', 'output_throughput', 'failed'];
  const times = ['p50_ttft_ms', 'p99_ttft_ms', 'p99_itl_ms', 'p99_e2el_ms'];
  return [
    head,
    ...points.map(({ label, numbers }) => [
      label,
      ...[...keys, ...times].map((key) => shown(numbers[key])),
    ]),
  ];
}

function pointLines(points: Parameters<typeof pointRows>[0]): string[] {
  return table(pointRows(points));
}

function endpointLines(run: RunReport, columns: number): string[] {
  const rows = endpointRows(run);
  return rows.length === 0 ? [] : ['', ...fittingTable(rows, columns)];
}

/** By the router's word on who answered; none without a router. */
export function endpointRows({ endpoints }: RunReport): string[][] {
  if (endpoints.length === 0) return [];
  const head = ['Endpoint', 'ok', 'failed', 'ttft p50', 'ttft p99', 'e2el p50', 'e2el p99'];
  return [
    head,
    ...endpoints.map((row) => [
      row.endpoint,
      String(row.succeeded),
      String(row.failed),
      shown(row.median_ttft_ms),
      shown(row.p99_ttft_ms),
      shown(row.median_e2el_ms),
      shown(row.p99_e2el_ms),
    ]),
  ];
}

function errorLines({ errors }: RunReport): string[] {
  if (errors.length === 0) return [];
  const rows = errors.map(({ error, count, example }) => {
    const line = shownExample(example);
    return `  ${count} × ${error}${line === '' ? '' : `: ${line}`}`;
  });
  return ['', 'Errors:', ...rows];
}

/** What was decided: objectives, the search, whether the run counts. */
export function verdictLines(result: BenchResult): string[] {
  const main = result.runs[result.main_run]!;
  const lines: string[] = [];
  for (const { text, value, met } of main.slo) {
    lines.push(`${met ? 'met' : 'MISSED'}  ${text}  (${shown(value)})`);
  }
  const found = result.find_max as FoundMax | null;
  if (found !== null) {
    lines.push(
      found.value === 0
        ? 'No load was found that meets the objectives.'
        : `The highest ${found.by} that meets the objectives: ${shown(found.value)}`,
    );
    if (found.ended_by === 'generator') lines.push('The generator could not go further.');
  }
  if (!result.valid) {
    lines.push('INVALID: the generator itself was the limit.');
    for (const reason of main.self_check.reasons) lines.push(`  ${reason}.`);
  }
  return lines.length === 0 ? [] : ['', ...lines];
}
