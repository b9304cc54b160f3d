/**
 * The live panel as lines: what is measured, how far it is, numbers of now and of the whole run,
 * charts, errors, workers. Pure: what it shows comes in, lines go out. When the terminal is low
 * the charts go first, then the workers.
 */
import type { Histogram } from '../../core/histogram.ts';
import type { Sample } from '../measure/series.ts';
import { FAILED, IN_FLIGHT, SUCCEEDED, type Tally, TOKEN_EVENTS } from '../measure/tally.ts';
import type { LoadSpec } from '../plan.ts';
import { shown, shownExample } from '../report/table.ts';
import { describeLoad } from '../result.ts';
import type { View } from '../screen.ts';
import { blockChart, progressBar } from './chart.ts';
import { dim, type Line, type Piece, plain } from './ink.ts';

export interface PanelHead {
  readonly url: string;
  readonly model: string;
  readonly label: string;
  readonly load: LoadSpec;
}

export interface PanelSize {
  readonly columns: number;
  readonly rows: number;
}

const CHART_ROWS = 4;
const BAR_COLUMNS = 24;
const ERROR_LINES = 3;

export function panelLines(head: PanelHead, view: View, size: PanelSize): Line[] {
  const top = [
    titleLine(head),
    progressLine(head, view),
    [],
    ...requestLines(view),
    [],
    ...latencyLines(view.total),
    ...errorLines(view),
  ];
  const foot: Line[] = [[], [dim(' Ctrl-C ends in order, a second one at once.')]];
  const charts = [[], ...chartLines(view, size.columns)];
  const workers = [[], ...workerLines(view)];
  const room = size.rows - 1 - top.length - foot.length;
  const shownWorkers = workers.length <= room ? workers : [];
  const shownCharts = charts.length <= room - shownWorkers.length ? charts : [];
  return [...top, ...shownCharts, ...shownWorkers, ...foot].slice(0, Math.max(1, size.rows - 1));
}

function titleLine({ url, model }: PanelHead): Line {
  return [[' llm-router bench', 'bold'], dim('  '), [url, 'accent'], dim('  model '), plain(model)];
}

function progressLine({ label, load }: PanelHead, { elapsedMs, total }: View): Line {
  const wholeMs = load.stages.reduce((sum, stage) => sum + stage.durationMs, 0);
  const { counts } = total;
  const ended = counts[SUCCEEDED]! + counts[FAILED]!;
  const share = load.requests > 0 ? ended / load.requests : wholeMs > 0 ? elapsedMs / wholeMs : 0;
  const name = label === '' ? describeLoad(load) : `${label}: ${describeLoad(load)}`;
  const time = clock(elapsedMs) + (wholeMs > 0 ? ` of ${clock(wholeMs)}` : '');
  const bar: Piece[] =
    load.requests > 0 || wholeMs > 0
      ? [[progressBar(share, BAR_COLUMNS), 'accent'], plain(` ${percent(share)}  `)]
      : [];
  return [plain(' '), ...bar, plain(time), dim(`  ${name}`)];
}

function clock(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  return `${minutes}:${String(seconds % 60).padStart(2, '0')}`;
}

function percent(share: number): string {
  return `${Math.floor(Math.min(1, share) * 100)} %`;
}

function requestLines({ samples, total, states, elapsedMs }: View): Line[] {
  const now = samples.at(-1)!;
  const { counts } = total;
  const succeeded = counts[SUCCEEDED]!;
  const failed = counts[FAILED]!;
  const ended = succeeded + failed;
  const success = ended === 0 ? '-' : `${((100 * succeeded) / ended).toFixed(2)} %`;
  const waiting = states.reduce((sum, state) => sum + (state?.waiting ?? 0), 0);
  const average = succeeded / (elapsedMs / 1000);
  const first: Line = [
    ...field(' QPS', shown(now.qps), 'bold'),
    ...field('average', shown(average)),
    ...field('completed', String(succeeded)),
    ...field('failed', String(failed), failed > 0 ? 'bad' : 'plain'),
    ...field('success', success, failed > 0 ? 'bad' : 'good'),
  ];
  const tokens = counts[TOKEN_EVENTS]! > 0 ? field('tokens/s', shown(now.tokens), 'bold') : [];
  const second: Line = [
    ...field(' In flight', String(counts[IN_FLIGHT]!)),
    ...field('waiting', String(waiting)),
    ...tokens,
  ];
  return [first, second];
}

function field(name: string, value: string, style: Piece[1] = 'plain'): Piece[] {
  return [dim(`${name} `), [value, style], plain('   ')];
}

function latencyLines(total: Tally): Line[] {
  const rows: [string, Histogram][] = [
    ['Time to first token', total.ttft],
    ['Time per output token', total.tpot],
    ['Inter-token latency', total.itl],
    ['End-to-end latency', total.e2el],
  ];
  const heads = ['mean', 'p50', 'p95', 'p99', 'p99.9', 'max'];
  const head = ` ${'Milliseconds'.padEnd(22)}${heads.map((name) => name.padStart(9)).join('')}`;
  return [
    [dim(head)],
    ...rows.map(([name, histogram]): Line => {
      const quantiles = [0.5, 0.95, 0.99, 0.999].map((q) => histogram.quantile(q));
      const values = [histogram.mean(), ...quantiles, histogram.max()];
      const cells = values.map((value) => shown(value / 1000).padStart(9)).join('');
      return [plain(` ${name.padEnd(22)}${cells}`)];
    }),
  ];
}

/** Two beside each other where there is room. */
function chartLines({ samples }: View, columns: number): Line[] {
  const beside = columns >= 76 ? 2 : 1;
  const width = Math.floor((columns - 1) / beside) - 2;
  const charts: [string, (sample: Sample) => number | null][] = [
    ['QPS', (sample) => sample.qps],
    ['TTFT p99 ms', (sample) => sample.ttft_p99],
    ['Tokens/s', (sample) => sample.tokens],
    ['In flight', (sample) => sample.in_flight],
  ];
  const seen = charts.filter(([, of]) => samples.some((sample) => (of(sample) ?? 0) > 0));
  const blocks = seen.map(([name, of]) => chartBlock(name, samples.map(of), width));
  const lines: Line[] = [];
  for (let at = 0; at < blocks.length; at += beside) {
    for (let row = 0; row <= CHART_ROWS; row++) {
      lines.push(
        blocks.slice(at, at + beside).flatMap((block) => [plain(' '), block[row]!, plain(' ')]),
      );
    }
  }
  return lines;
}

function chartBlock(name: string, values: readonly (number | null)[], width: number): Piece[] {
  const now = values.at(-1) ?? null;
  const most = Math.max(...values.slice(-width).map((value) => value ?? 0));
  const title = `${name}  ${shown(now)}  (max ${shown(most)})`;
  const rows = blockChart(values, width, CHART_ROWS);
  return [dim(title.padEnd(width).slice(0, width)), ...rows.map((row): Piece => [row, 'accent'])];
}

function workerLines({ workers, states, elapsedMs }: View): Line[] {
  const heads = ['req/s', 'in flight', 'ok', 'failed', 'busy', 'lag ms'];
  const head = ` ${'Worker'.padEnd(8)}${heads.map((name) => name.padStart(11)).join('')}`;
  return [
    [dim(head)],
    ...workers.map(({ counts }, at): Line => {
      const state = states[at];
      const values = [
        shown(counts[SUCCEEDED]! / (elapsedMs / 1000)),
        String(counts[IN_FLIGHT]!),
        String(counts[SUCCEEDED]!),
        String(counts[FAILED]!),
        state === undefined ? '-' : `${(state.busy * 100).toFixed(0)} %`,
        state === undefined ? '-' : state.lagMs.toFixed(1),
      ];
      const cells = values.map((value) => value.padStart(11)).join('');
      return [plain(` ${String(at + 1).padEnd(8)}${cells}`)];
    }),
  ];
}

function errorLines({ states }: View): Line[] {
  const counts = new Map<string, { count: number; example: string }>();
  for (const [error, { count, example }] of states.flatMap((state) => state?.errors ?? [])) {
    const known = counts.get(error);
    counts.set(error, {
      count: count + (known?.count ?? 0),
      example: known?.example || shownExample(example),
    });
  }
  if (counts.size === 0) return [];
  const sorted = [...counts].sort(([, a], [, b]) => b.count - a.count).slice(0, ERROR_LINES);
  return [
    [],
    ...sorted.map(([error, { count, example }]): Line => {
      return [[` ${count} × ${error}`, 'bad'], dim(example === '' ? '' : `  ${example}`)];
    }),
  ];
}
