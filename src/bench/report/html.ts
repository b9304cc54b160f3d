/**
 * The result as one HTML file that needs nothing else: no scripts, no fonts, no network. It may be
 * sent by mail and opened in ten years. Whatever came from a server is escaped.
 */
import type { BenchResult, RunReport } from '../result.ts';
import { PAGE_STYLE } from './page-style.ts';
import { endpointRows, latencyRows, pointRows, verdictLines } from './summary.ts';
import { type ChartLine, type ChartSpec, escapeHtml, svgChart } from './svg-chart.ts';
import { shown } from './table.ts';

export function htmlText(result: BenchResult): string {
  const main = result.runs[result.main_run]!;
  const points = result.runs.length > 1 ? result.runs : main.stages;
  const title = result.label === '' ? 'Benchmark' : result.label;
  const body = [
    `<header><h1>${escapeHtml(title)}</h1><p>${facts(result)}</p></header>`,
    verdicts(result),
    cards(main),
    section('Latency', tableHtml(latencyRows(main))),
    section('Second by second', chartGrid(seriesCharts(main))),
    ...(result.runs.length > 1 ? [section('Run by run', chartGrid(pointCharts(result.runs)))] : []),
    section(
      result.runs.length > 1 ? 'Runs' : 'Stages',
      points.length === 0 ? '' : tableHtml(pointRows(points)),
    ),
    section('Endpoints', tableHtml(endpointRows(main))),
    section('Errors', errorTable(main)),
    section('The generator itself', selfCheckTable(main)),
  ];
  return (
    '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">' +
    '<meta name="viewport" content="width=device-width">' +
    `<title>${escapeHtml(title)}</title><style>${PAGE_STYLE}</style></head>` +
    `<body><main>${body.join('\n')}</main></body></html>\n`
  );
}

function facts(result: BenchResult): string {
  const main = result.runs[result.main_run]!;
  const load =
    main.request_rate === 'inf'
      ? `${main.max_concurrency ?? '?'} at once`
      : `${main.request_rate} requests/s`;
  const parts = [result.model_id, String(result.url), load, result.date.slice(0, 19)];
  return parts.map(escapeHtml).join(' · ');
}

function verdicts(result: BenchResult): string {
  const lines = verdictLines(result).filter((line) => line !== '');
  if (lines.length === 0) return '';
  const bad = !result.valid || result.slo_met === false;
  const items = lines.map((line) => `<li>${escapeHtml(line.trim())}</li>`).join('');
  return `<ul class="verdict ${bad ? 'bad' : 'good'}">${items}</ul>`;
}

function cards({ numbers }: RunReport): string {
  const success = `${(numbers.success_rate! * 100).toFixed(2)} %`;
  const all: [string, string][] = [
    ['requests/s', shown(numbers.request_throughput)],
    ['output tokens/s', shown(numbers.output_throughput)],
    ['success', success],
    ['completed', shown(numbers.completed)],
    ['TTFT p99 ms', shown(numbers.p99_ttft_ms)],
    ['ITL p99 ms', shown(numbers.p99_itl_ms)],
  ];
  const html = all.map(
    ([name, value]) => `<div class="card"><b>${escapeHtml(value)}</b><span>${name}</span></div>`,
  );
  return `<div class="cards">${html.join('')}</div>`;
}

function section(title: string, content: string): string {
  return content === '' ? '' : `<section><h2>${title}</h2>${content}</section>`;
}

function tableHtml(rows: readonly (readonly string[])[]): string {
  const [head, ...rest] = rows;
  if (head === undefined) return '';
  const line = (cells: readonly string[], tag: string) =>
    `<tr>${cells.map((cell) => `<${tag}>${escapeHtml(cell)}</${tag}>`).join('')}</tr>`;
  const body = rest.map((row) => line(row, 'td')).join('');
  const rowsHtml = `<thead>${line(head, 'th')}</thead><tbody>${body}</tbody>`;
  return `<div class="scroll"><table>${rowsHtml}</table></div>`;
}

function errorTable({ errors }: RunReport): string {
  if (errors.length === 0) return '';
  const rows = errors.map(({ error, count, example }) => [error, String(count), example]);
  return tableHtml([['Error', 'Count', 'Example'], ...rows]);
}

function selfCheckTable({ self_check, workers }: RunReport): string {
  const { cores, late_share } = self_check;
  const head = ['Worker', 'busy', 'timer lag p99 ms'];
  const rows = workers.map(({ busy, lag_ms }, at) => [
    String(at + 1),
    `${(busy * 100).toFixed(1)} %`,
    shown(lag_ms),
  ]);
  const late = `${(late_share * 100).toFixed(2)} % of the requests were sent late`;
  return `${tableHtml([head, ...rows])}<p>${cores.toFixed(2)} cores in use, ${late}.</p>`;
}

interface Chart extends ChartSpec {
  readonly lines: readonly ChartLine[];
}

function chartGrid(charts: readonly Chart[]): string {
  const known = charts.filter(({ lines }) =>
    lines.some(({ points }) => points.filter(([, y]) => y !== null && y > 0).length > 0),
  );
  const figures = known.map((chart) => {
    const names = chart.lines
      .map(({ name, colour }) => `<span class="key ${colour}">${escapeHtml(name)}</span>`)
      .join('');
    const caption = `${escapeHtml(chart.title)}${chart.lines.length > 1 ? names : ''}`;
    return `<figure><figcaption>${caption}</figcaption>${svgChart(chart)}</figure>`;
  });
  return figures.length === 0 ? '' : `<div class="charts">${figures.join('')}</div>`;
}

function seriesCharts({ series }: RunReport): Chart[] {
  // A last sample of a moment says nothing about a second.
  const samples = series.filter(({ t }, at) => at === 0 || t - series[at - 1]!.t > 0.5);
  const line = (name: string, colour: string, key: keyof (typeof samples)[number]): ChartLine => {
    return { name, colour, points: samples.map((sample) => [sample.t, sample[key]]) };
  };
  const chart = (title: string, unit: string, lines: readonly ChartLine[]): Chart => {
    return { title, unit, xName: 's', lines, dots: false };
  };
  return [
    chart('Requests per second', '/s', [
      line('answered', 'c1', 'qps'),
      line('sent', 'c2', 'sent'),
      line('failed', 'c3', 'failures'),
    ]),
    chart('Tokens per second', '/s', [line('tokens', 'c1', 'tokens')]),
    chart('Time to first token, ms', 'ms', [
      line('p50', 'c1', 'ttft_p50'),
      line('p99', 'c2', 'ttft_p99'),
    ]),
    chart('Inter-token latency, ms', 'ms', [
      line('p50', 'c1', 'itl_p50'),
      line('p99', 'c2', 'itl_p99'),
    ]),
    chart('End-to-end latency, ms', 'ms', [
      line('p50', 'c1', 'e2el_p50'),
      line('p99', 'c2', 'e2el_p99'),
    ]),
    chart('In flight', '', [line('requests', 'c1', 'in_flight')]),
  ];
}

/** Of sweeps and searches: what each load gave, in the order of the load. */
function pointCharts(runs: readonly RunReport[]): Chart[] {
  const byRate = runs.every((run) => run.request_rate !== 'inf');
  const loadOf = (run: RunReport) =>
    byRate ? Number(run.request_rate) : (run.max_concurrency ?? 0);
  const ordered = [...runs].sort((a, b) => loadOf(a) - loadOf(b));
  const line = (name: string, colour: string, key: string): ChartLine => {
    const points = ordered.map((run) => [loadOf(run), run.numbers[key] ?? null] as const);
    return { name, colour, points };
  };
  const xName = byRate ? 'requests/s offered' : 'at once';
  return [
    {
      title: 'Requests per second answered',
      unit: '/s',
      xName,
      dots: true,
      lines: [line('answered', 'c1', 'request_throughput')],
    },
    {
      title: 'Time to first token, ms',
      unit: 'ms',
      xName,
      dots: true,
      lines: [line('median', 'c1', 'median_ttft_ms'), line('p99', 'c2', 'p99_ttft_ms')],
    },
  ];
}
