/**
 * One screen of the terminal dashboard as styled lines: exactly `rows` of them, none wider than
 * `columns`. Pure, so that a test can look at any screen.
 */
import type { EndpointRow, Problem, StatusSnapshot } from '../../control/status.ts';
import { clockTime, count, duration, millis, share, since, sparkline } from './format.ts';
import {
  type Column,
  ENDPOINT_COLUMNS,
  fitColumns,
  MODEL_COLUMNS,
  SERVICE_COLUMNS,
  shortId,
  stateTone,
  type Tone,
} from './tables.ts';
import { fitted, widthOf, wrapped } from './text-width.ts';
import { arranged, endpointsOf, selectedEndpoint, TABS, type View } from './view.ts';

export interface Span {
  readonly text: string;
  readonly tone?: Tone | undefined;
  readonly bold?: boolean;
  readonly inverse?: boolean;
}
export type Line = readonly Span[];

export interface LogLine {
  readonly seq: number;
  readonly at_ms: number;
  readonly level: string;
  readonly msg?: string;
  readonly [field: string]: unknown;
}

export interface Shown {
  readonly status: StatusSnapshot | undefined;
  /** '' = live; otherwise why what is shown is old, or why there is nothing. */
  readonly trouble: string;
  /** Of the last minutes, one a second. */
  readonly requestsPerS: readonly number[];
  readonly inFlight: readonly number[];
  readonly log: readonly LogLine[];
  readonly nowMs: number;
}

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

const LEAST: Size = { columns: 40, rows: 10 };

export function screenOf(view: View, shown: Shown, size: Size): readonly Line[] {
  if (size.columns < LEAST.columns || size.rows < LEAST.rows) {
    return [[{ text: fitted('The window is too small.', size.columns) }]];
  }
  const { status } = shown;
  if (status === undefined) return filled([[{ text: shown.trouble || 'Connecting …' }]], size);
  const head = [...summary(status, shown, size), tabs(view, status, size)];
  const room = size.rows - head.length - 1;
  const body = view.help ? helpLines() : bodyOf(view, status, { shown, size, room });
  return filled([...head, ...body.slice(0, room)], size, footer(view, size));
}

function filled(lines: readonly Line[], { columns, rows }: Size, last?: Line): Line[] {
  const room = last === undefined ? rows : rows - 1;
  const all = lines.slice(0, room).map((line) => cutLine(line, columns));
  while (all.length < room) all.push([{ text: '' }]);
  return last === undefined ? all : [...all, cutLine(last, columns)];
}

function cutLine(line: Line, columns: number): Line {
  let left = columns;
  return line.map((span) => {
    const width = widthOf(span.text);
    const text = width <= left ? span.text : fitted(span.text, left);
    left -= Math.min(width, left);
    return { ...span, text };
  });
}

function summary(status: StatusSnapshot, shown: Shown, { columns }: Size): Line[] {
  const { router, traffic, endpoints, models } = status;
  const healthy = models.reduce((sum, model) => sum + model.healthy, 0);
  const up = duration(status.now_at_ms - router.started_at_ms);
  const title: Line = [
    { text: ' LLM Router ', bold: true, inverse: true },
    { text: ` ${router.version}  ` },
    {
      text: `${healthy}/${endpoints.length} endpoints`,
      tone: healthTone(healthy, endpoints.length),
    },
    { text: `  ${models.length} ${models.length === 1 ? 'model' : 'models'}  ` },
    { text: `${router.strategy}  up ${up}  ` },
    { text: clockTime(status.now_at_ms), tone: 'quiet' },
  ];
  const cells = Math.max(8, Math.min(60, columns - 56));
  const numbers: Line = [
    { text: ' req/s ' },
    { text: count(round(traffic.requests_per_s)), bold: true },
    { text: ` ${sparkline(shown.requestsPerS, cells)}`, tone: 'good' },
    { text: `  in flight ${count(traffic.in_flight)}  queued ${count(traffic.queued)}  errors ` },
    { text: share(traffic.error_ratio), tone: (traffic.error_ratio ?? 0) > 0.01 ? 'bad' : 'plain' },
  ];
  const times: Line = [
    { text: ` TTFT p50 ${millis(traffic.ttft_p50_ms)} p95 ${millis(traffic.ttft_p95_ms)}` },
    { text: `  ITL p95 ${millis(traffic.itl_p95_ms)}` },
    { text: `  tokens/s ${count(traffic.completion_tokens_per_s)}` },
    { text: `  router p99 ${millis(traffic.overhead_p99_ms)}` },
  ];
  return [title, numbers, times, state(status, shown)];
}

function state({ problems, now_at_ms }: StatusSnapshot, { trouble, nowMs }: Shown): Line {
  if (trouble !== '') {
    const age = duration(nowMs - now_at_ms);
    return [{ text: ` ! ${trouble}; what you see is ${age} old`, tone: 'bad', bold: true }];
  }
  const urgent = problems.filter(({ severity }) => severity !== 'info');
  const worst = urgent[0];
  if (worst === undefined) return [{ text: ' ● nothing is wrong', tone: 'good' }];
  const more = urgent.length > 1 ? `  (+${urgent.length - 1} more: 4)` : '';
  const { subject, cause, detail: particular } = worst;
  const about = subject === '' ? '' : `${shortId(subject)}: `;
  return [{ text: ` ✗ ${about}${particular || cause}${more}`, tone: toneOf(worst) }];
}

/** Whole sentences, over as many lines as they need. */
function paragraph(text: string, indent: number, { columns }: Size, tone: Tone): Line[] {
  const blank = ' '.repeat(indent);
  return wrapped(text, columns - indent - 1).map((line) => [{ text: blank + line, tone }]);
}

function toneOf({ severity }: Problem): Tone {
  return severity === 'critical' ? 'bad' : severity === 'warning' ? 'warn' : 'quiet';
}

function tabs(view: View, status: StatusSnapshot, { columns }: Size): Line {
  const counts = [
    status.endpoints.length,
    status.models.length,
    status.sources.length,
    status.problems.length,
  ];
  const line: Span[] = TABS.map((tab, index) => {
    const many = counts[index] === undefined ? '' : ` ${counts[index]}`;
    return { text: ` ${index + 1} ${tab}${many} `, inverse: tab === view.tab };
  });
  if (view.filter !== '') line.push({ text: `  filter: ${view.filter}`, tone: 'warn' });
  return cutLine(line, columns);
}

interface Frame {
  readonly shown: Shown;
  readonly size: Size;
  readonly room: number;
}

function bodyOf(view: View, status: StatusSnapshot, frame: Frame): readonly Line[] {
  switch (view.tab) {
    case 'endpoints':
      if (view.detail) return detail(view, status, frame);
      return table(endpointsOf(view, status), ENDPOINT_COLUMNS, view, frame);
    case 'models': {
      const textOf = ({ model }: { model: string }) => model;
      const rows = arranged(status.models, view, { columns: MODEL_COLUMNS, textOf });
      return table(rows, MODEL_COLUMNS, view, frame);
    }
    case 'services': {
      const textOf = ({ source }: { source: string }) => source;
      const rows = arranged(status.sources, view, { columns: SERVICE_COLUMNS, textOf });
      return table(rows, SERVICE_COLUMNS, view, frame);
    }
    case 'problems':
      return problemLines(view, status, frame);
    default:
      return logLines(view, frame);
  }
}

function table<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  view: View,
  { shown, size, room }: Frame,
): Line[] {
  const fit = fitColumns(columns, size.columns);
  const title = fit.map(({ column, width }) => {
    const sorted = columns[view.sortBy] === column;
    const mark = sorted ? (view.descending ? '▼' : '▲') : '';
    return { text: `${fitted(column.title + mark, width, column.side)} `, bold: true };
  });
  const { top, end } = windowOf(view.selected, rows.length, room - 1);
  const lines = rows.slice(top, end).map((row, index) => {
    const inverse = top + index === view.selected;
    return fit.map(({ column, width }): Span => {
      const text = `${fitted(column.text(row, shown.nowMs), width, column.side)} `;
      return { text, inverse, tone: column.tone?.(row) };
    });
  });
  if (rows.length === 0) lines.push([{ text: ' Nothing fits the filter.', tone: 'quiet' }]);
  return [title, ...lines];
}

/** The part of a list that shows the selected row, near its middle. */
function windowOf(selected: number, length: number, room: number) {
  const top = Math.max(0, Math.min(selected - Math.floor(room / 2), length - room));
  return { top, end: top + room };
}

function detail(view: View, status: StatusSnapshot, { shown, size }: Frame): Line[] {
  const row = selectedEndpoint(view, status);
  if (row === undefined) return [[{ text: ' No endpoint is selected.', tone: 'quiet' }]];
  const facts = factsOf(row, shown.nowMs).map(([name, text]): Line => {
    return [{ text: `  ${fitted(name, 22)}`, tone: 'quiet' }, { text }];
  });
  const own = status.problems.filter(({ subject }) => subject === row.id || subject === row.model);
  const wrong = own.flatMap((problem): Line[] => [
    ...paragraph(problem.cause, 2, size, toneOf(problem)),
    ...paragraph(`→ ${problem.advice}`, 2, size, 'plain'),
  ]);
  return [
    [{ text: ` ${row.id}`, bold: true }],
    [{ text: `  ${row.state}`, tone: stateTone(row.state), bold: true }, { text: reasonOf(row) }],
    ...wrong,
    [{ text: '' }],
    ...facts,
  ];
}

function reasonOf({ reason }: EndpointRow): string {
  return reason === '' ? '' : `: ${reason}`;
}

function limitText({ rpm_limit, rpm_used }: EndpointRow): string {
  return rpm_limit === null ? 'none' : `${rpm_used} of ${rpm_limit} used`;
}

function factsOf(row: EndpointRow, nowMs: number): [name: string, text: string][] {
  const failed = `connect ${row.failed_connect}, status ${row.failed_status}, `;
  return [
    ['in this state for', since(row.since_at_ms, nowMs)],
    ['engine, service', `${row.engine ?? '–'}, ${row.source}`],
    ['weight, RPM limit', `${row.weight}, ${limitText(row)}`],
    ['in flight, pending', `${row.connections}, ${row.pending}`],
    ['last minute', `${row.send_rpm} sent, ${row.comp_rpm} done, ${row.errors_rpm} failed`],
    ['since start', `${row.total_requests} sent, ${row.completed} done, ${row.busy} busy`],
    ['failed since start', `${failed}stream ${row.failed_stream}, timeout ${row.failed_timeout}`],
    ['repeated elsewhere', count(row.retries)],
    [
      'TTFT p50 p95, ITL p95',
      `${millis(row.ttft_p50_ms)} ${millis(row.ttft_p95_ms)}, ${millis(row.itl_p95_ms)}`,
    ],
    ['tokens/s out', count(row.completion_tokens_per_s)],
    ['engine says', `${count(row.running)} running, ${count(row.waiting)} waiting`],
    ['KV cache in use', `${share(row.kv_usage)}${row.report_stale ? ' (old report)' : ''}`],
  ];
}

/** Lines of one trouble: more where sentences must be broken. */
const linesOfProblem = ({ columns }: Size): number => (columns < 110 ? 5 : 3);

function problemLines(
  view: View,
  { problems }: StatusSnapshot,
  { shown, size, room }: Frame,
): Line[] {
  if (problems.length === 0) return [[{ text: ' ● nothing is wrong', tone: 'good' }]];
  const { top, end } = windowOf(
    view.selected,
    problems.length,
    Math.floor(room / linesOfProblem(size)),
  );
  return problems.slice(top, end).flatMap((problem, index): Line[] => {
    const inverse = top + index === view.selected;
    const age =
      problem.since_at_ms === null ? '' : `, for ${since(problem.since_at_ms, shown.nowMs)}`;
    const head = ` ${problem.severity.toUpperCase()}  ${problem.subject || 'router'}${age}`;
    const { cause, detail: more, advice } = problem;
    return [
      [{ text: head, tone: toneOf(problem), bold: true, inverse }],
      ...paragraph(`${cause}${more === '' ? '' : ` (${more})`}`, 3, size, 'plain'),
      ...paragraph(`→ ${advice}`, 3, size, 'quiet'),
    ];
  });
}

function logLines({ filter }: View, { shown, room }: Frame): Line[] {
  const wanted = filter.toLowerCase();
  const texts = shown.log.map((line): [LogLine, string] => [line, logText(line)]);
  const found = texts.filter(([, text]) => text.toLowerCase().includes(wanted));
  if (found.length === 0) return [[{ text: ' No line yet.', tone: 'quiet' }]];
  return found.slice(-room).map(([{ level }, text]): Line => {
    const bad = level === 'error' || level === 'fatal';
    return [{ text: ` ${text}`, tone: bad ? 'bad' : level === 'warn' ? 'warn' : 'plain' }];
  });
}

function logText({ at_ms, level, msg = '', seq: _seq, ...fields }: LogLine): string {
  const more = Object.entries(fields).map(([name, value]) => {
    return `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`;
  });
  return [clockTime(at_ms), level.padEnd(5), msg, ...more].join(' ');
}

const HELP: readonly (readonly [keys: string, what: string])[] = [
  ['1 … 5, Tab', 'endpoints, models, services, problems, log'],
  ['↑ ↓ j k g G', 'move; PageUp and PageDown by ten'],
  ['/', 'filter; Enter keeps it, Escape drops it'],
  ['s  S', 'sort by the next column; turn the order around'],
  ['Enter, Escape', 'details of an endpoint, and back'],
  ['d', 'drain the endpoint: it finishes what runs and gets nothing new'],
  ['e', 'enable it again'],
  ['m', 'maintenance: drained, without probes and alerts'],
  ['c', 'check it now'],
  ['r', 'end its ejection'],
  ['q', 'quit'],
];

function helpLines(): Line[] {
  return HELP.map(([keys, what]) => [
    { text: `  ${fitted(keys, 16)}`, bold: true },
    { text: what },
  ]);
}

function footer(view: View, { columns }: Size): Line {
  if (view.confirm !== undefined) {
    return [{ text: fitted(` ${view.confirm.question}`, columns), inverse: true, tone: 'warn' }];
  }
  if (view.typing) return [{ text: ` /${view.filter}█` }];
  if (view.message !== '') return [{ text: ` ${view.message}`, bold: true }];
  if (view.help) return [{ text: ' any key: back', tone: 'quiet' }];
  const keys =
    view.tab === 'endpoints'
      ? ' / filter  s sort  ⏎ open  d drain  e enable  m maint.  c check  ? help  q quit'
      : ' / filter  Tab next  ? help  q quit';
  return [{ text: keys, tone: 'quiet' }];
}

function healthTone(healthy: number, total: number): Tone {
  return healthy === total ? 'good' : healthy === 0 ? 'bad' : 'warn';
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
