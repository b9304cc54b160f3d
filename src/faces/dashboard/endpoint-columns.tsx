/** How each column of the endpoint table is shown. */
import type { ComponentChildren } from 'preact';
import type { EndpointRow } from '../../control/status.ts';
import { addressOf, type ColumnKey, failuresOf } from './endpoint-values.ts';
import { age, count, duration, percent, rate, UNKNOWN } from './format.ts';
import { StateBadge } from './parts/state-badge.tsx';
import { useText } from './text/text.ts';

export interface Column {
  readonly key: ColumnKey;
  /** Shown unless the visitor chose otherwise. */
  readonly usual: boolean;
  readonly isText?: boolean;
  view(row: EndpointRow, nowAtMs: number): ComponentChildren;
}

type NumberKey = {
  [K in ColumnKey & keyof EndpointRow]: EndpointRow[K] extends number | null ? K : never;
}[ColumnKey & keyof EndpointRow];
type TextKey = Exclude<ColumnKey & keyof EndpointRow, NumberKey>;
type Show = (value: number | null) => string;

function numeric(key: NumberKey, usual: boolean, show: Show = count): Column {
  return { key, usual, view: (row) => show(row[key]) };
}

/** What an engine said too long ago is marked as such. */
function reported(key: NumberKey, usual: boolean, show: Show = count): Column {
  return {
    key,
    usual,
    view: (row) =>
      row.report_stale ? <span class="stale">{show(row[key])}</span> : show(row[key]),
  };
}

function text(key: TextKey, usual: boolean): Column {
  return { key, usual, isText: true, view: (row) => row[key] || UNKNOWN };
}

export const COLUMNS: readonly Column[] = [
  { key: 'endpoint', usual: true, isText: true, view: (row) => addressOf(row.api_base) },
  { key: 'state', usual: true, isText: true, view: (row) => <StateBadge state={row.state} /> },
  {
    key: 'since',
    usual: true,
    view: (row, nowAtMs) => <Since ms={row.since_at_ms && nowAtMs - row.since_at_ms} />,
  },
  { key: 'reason', usual: true, isText: true, view: (row) => <Reason text={row.reason} /> },
  text('model', true),
  text('engine', true),
  text('source', false),
  numeric('connections', true),
  numeric('pending', true),
  numeric('send_rpm', true),
  numeric('comp_rpm', true),
  { key: 'rpm_limit', usual: false, view: limitText },
  reported('running', true),
  reported('waiting', true),
  reported('kv_usage', true, percent),
  numeric('ttft_p95_ms', true, duration),
  numeric('completion_tokens_per_s', true, rate),
  numeric('errors_rpm', true),
  { key: 'errors', usual: true, view: (row) => <ErrorMix row={row} /> },
  numeric('retries', false),
  numeric('busy', false),
  numeric('total_requests', false),
  numeric('completed', true),
  reported('prompt_tokens', false),
  reported('generation_tokens', false),
  numeric('weight', false),
];

function Since({ ms }: { readonly ms: number | null }) {
  return <>{age(ms, useText().units)}</>;
}

function Reason({ text: found }: { readonly text: string }) {
  const { detail } = useText();
  return <span title={detail(found)}>{detail(found) || UNKNOWN}</span>;
}

/** `412 / 600`: how much of the limit the last minute has used; a dash without a limit. */
export function limitText({ rpm_limit, rpm_used }: EndpointRow): string {
  return rpm_limit === null ? UNKNOWN : `${count(rpm_used)} / ${count(rpm_limit)}`;
}

const CLASSES = ['connect', 'status', 'stream', 'timeout'] as const;

/** The share of each class of failure as a bar; the number beside it is their sum. */
function ErrorMix({ row }: { readonly row: EndpointRow }) {
  const all = failuresOf(row);
  if (all === 0) return <>0</>;
  const title = CLASSES.map((name) => `${name} ${row[`failed_${name}`]}`).join(' · ');
  return (
    <span class="mix" title={title}>
      <span class="bar" aria-hidden="true">
        {CLASSES.map((name) => (
          <span key={name} class={name} style={{ flexGrow: row[`failed_${name}`] }} />
        ))}
      </span>
      {count(all)}
      <span class="hidden">({title})</span>
    </span>
  );
}
