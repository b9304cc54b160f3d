/**
 * The tables of the terminal dashboard: each column once, with its title, width, value and the
 * number it is sorted by. Columns are listed by importance; a narrow terminal shows the first ones.
 */
import type { EndpointRow, EndpointState, ModelRow, SourceRow } from '../../control/status.ts';
import { count, millis, share, since } from './format.ts';

export type Tone = 'good' | 'warn' | 'bad' | 'quiet' | 'plain';

export interface Column<Row> {
  readonly title: string;
  /** Cells; 0 = what the others leave. */
  readonly width: number;
  readonly side: 'left' | 'right';
  readonly text: (row: Row, nowMs: number) => string;
  /** What sorting compares; a text sorts by alphabet. */
  readonly by: (row: Row) => number | string;
  readonly tone?: (row: Row) => Tone;
}

const TONES: Readonly<Record<EndpointState, Tone>> = {
  healthy: 'good',
  busy: 'warn',
  probing: 'warn',
  unchecked: 'warn',
  draining: 'quiet',
  maintenance: 'quiet',
  ejected: 'bad',
  down: 'bad',
};
/** The worst first. */
const RANKS: readonly EndpointState[] = [
  'down',
  'ejected',
  'probing',
  'unchecked',
  'busy',
  'draining',
  'maintenance',
  'healthy',
];

/** A sign beside the colour, for those who do not see it. */
const SIGNS: Readonly<Record<Tone, string>> = {
  good: '●',
  warn: '◐',
  bad: '✗',
  quiet: '○',
  plain: ' ',
};

function text<Row>(title: string, width: number, of: (row: Row) => string): Column<Row> {
  return { title, width, side: 'left', text: of, by: of };
}

function number<Row>(
  title: string,
  of: (row: Row) => number | null,
  shown: (value: number | null) => string = count,
): Column<Row> {
  return {
    title,
    width: Math.max(6, title.length),
    side: 'right',
    text: (row) => shown(of(row)),
    by: (row) => of(row) ?? -1,
  };
}

/** An endpoint's id without what all of them have in common: the rest must fit. */
export function shortId(id: string): string {
  return id.replace(/@http:\/\//, '@').replace(/\/v1$/, '');
}

export function stateTone(state: EndpointState): Tone {
  return TONES[state];
}

export const ENDPOINT_COLUMNS: readonly Column<EndpointRow>[] = [
  {
    title: 'STATE',
    width: 13,
    side: 'left',
    text: ({ state }) => `${SIGNS[TONES[state]]} ${state}`,
    by: ({ state }) => RANKS.indexOf(state),
    tone: ({ state }) => TONES[state],
  },
  text('ENDPOINT', 0, ({ id }) => shortId(id)),
  number('CONN', ({ connections }) => connections),
  number('RPM', ({ send_rpm }) => send_rpm),
  { ...number<EndpointRow>('ERR', ({ errors_rpm }) => errors_rpm), tone: errorTone },
  number('WAIT', ({ waiting }) => waiting),
  number('TTFT95', ({ ttft_p95_ms }) => ttft_p95_ms, millis),
  number('RUN', ({ running }) => running),
  number('KV', ({ kv_usage }) => kv_usage, share),
  number('PEND', ({ pending }) => pending),
  number('DONE/M', ({ comp_rpm }) => comp_rpm),
  number('TOK/S', ({ completion_tokens_per_s }) => completion_tokens_per_s),
  number('RETRY', ({ retries }) => retries),
  number('TOTAL', ({ total_requests }) => total_requests),
  text('ENGINE', 9, ({ engine }) => engine ?? '–'),
  {
    ...text<EndpointRow>('SINCE', 8, () => ''),
    text: ({ since_at_ms }, nowMs) => since(since_at_ms, nowMs),
    by: ({ since_at_ms }) => since_at_ms ?? 0,
  },
  text('REASON', 28, ({ reason }) => reason),
];

export const MODEL_COLUMNS: readonly Column<ModelRow>[] = [
  {
    title: 'UP',
    width: 9,
    side: 'right',
    text: ({ healthy, total }) => `${healthy}/${total}`,
    by: ({ healthy, total }) => healthy / Math.max(1, total),
    tone: ({ healthy, total }) => (healthy === total ? 'good' : healthy === 0 ? 'bad' : 'warn'),
  },
  text('MODEL', 0, ({ model }) => model),
  number('CONN', ({ connections }) => connections),
  number('RPM', ({ send_rpm }) => send_rpm),
  number('ERR', ({ errors_rpm }) => errors_rpm),
  number('WAIT', ({ waiting }) => waiting),
  number('TTFT95', ({ ttft_p95_ms }) => ttft_p95_ms, millis),
  number('RUN', ({ running }) => running),
  number('PEND', ({ pending }) => pending),
  number('DONE/M', ({ comp_rpm }) => comp_rpm),
  number('TOK/S', ({ completion_tokens_per_s }) => completion_tokens_per_s),
  number('TOTAL', ({ completed }) => completed),
];

export const SERVICE_COLUMNS: readonly Column<SourceRow>[] = [
  {
    title: 'UP',
    width: 9,
    side: 'right',
    text: ({ healthy, total }) => `${healthy}/${total}`,
    by: ({ healthy, total }) => healthy / Math.max(1, total),
  },
  text('SERVICE', 0, ({ source }) => source),
  number('CONN', ({ connections }) => connections),
  number('RPM', ({ send_rpm }) => send_rpm),
  number('DONE/M', ({ comp_rpm }) => comp_rpm),
  number('WAIT', ({ waiting }) => waiting),
  number('RUN', ({ running }) => running),
  number('PEND', ({ pending }) => pending),
  number('TOTAL', ({ completed }) => completed),
];

function errorTone({ errors_rpm }: EndpointRow): Tone {
  return errors_rpm > 0 ? 'bad' : 'plain';
}

/** Narrowest the column that takes the rest may become. */
const LEAST_REST = 24;
const GAP = 1;

export interface FittedColumn<Row> {
  readonly column: Column<Row>;
  readonly width: number;
}

/** As many columns as fit into `cells`, in their order. */
export function fitColumns<Row>(columns: readonly Column<Row>[], cells: number) {
  const shown: Column<Row>[] = [];
  let used = 0;
  for (const column of columns) {
    const width = (column.width || LEAST_REST) + GAP;
    if (used + width > cells) break;
    shown.push(column);
    used += width;
  }
  const rest = cells - used;
  return shown.map((column): FittedColumn<Row> => {
    return { column, width: column.width || LEAST_REST + rest };
  });
}
