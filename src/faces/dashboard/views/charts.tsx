/** Charts of everything over time: all together, by model, by endpoint. */
import type { Mark, SeriesMetric, SeriesRange, StatusSnapshot } from '../../../control/status.ts';
import { addressOf } from '../endpoint-values.ts';
import { count, duration, moment, percent, rate } from '../format.ts';
import { Chart } from '../parts/chart.tsx';
import { Segments } from '../parts/fields.tsx';
import { LinePicker } from '../parts/line-picker.tsx';
import { useCell } from '../state/cell.ts';
import { place, setQuery } from '../state/place.ts';
import { useSeries } from '../state/series.ts';
import { useText } from '../text/text.ts';

const CHART_METRICS: readonly SeriesMetric[] = [
  'send_rpm',
  'comp_rpm',
  'ttft_p95_ms',
  'tokens_per_s',
  'running',
  'waiting',
  'connections',
  'pending',
  'errors_rpm',
  'retries_rpm',
  'kv_usage',
];
const RANGES: readonly SeriesRange[] = ['2m', '15m', '6h', '7d'];
const SCOPES = ['overview', 'model', 'endpoint'] as const;
type Scope = (typeof SCOPES)[number];
const MAX_LINES = 8;

export function formatOf(metric: SeriesMetric): (value: number | null) => string {
  if (metric === 'ttft_p95_ms') return duration;
  if (metric === 'kv_usage') return percent;
  return metric === 'tokens_per_s' ? rate : count;
}

export function Charts({ status }: { readonly status: StatusSnapshot }) {
  const { query } = useCell(place);
  const { charts } = useText();
  const range = RANGES.find((one) => one === query.get('range')) ?? '2m';
  const by = SCOPES.find((one) => one === query.get('by')) ?? 'overview';
  const all = namesOf(status, by);
  const chosen = query.getAll('line').flatMap((text) => text.split('\n'));
  const names = chosen.length > 0 ? chosen.filter((name) => all.includes(name)) : all;
  return (
    <>
      <div class="toolbar">
        <Segments
          label={charts.by}
          value={by}
          onChange={(next) => setQuery({ by: next, line: '' })}
          options={SCOPES.map((scope) => [scope, charts[scope]])}
        />
        <Segments
          label={charts.range}
          value={range}
          onChange={(next) => setQuery({ range: next })}
          options={RANGES.map((one) => [one, charts.ranges[one]])}
        />
        {by !== 'overview' && (
          <LinePicker
            all={all}
            chosen={names.slice(0, MAX_LINES)}
            max={MAX_LINES}
            onChoose={(lines) => setQuery({ line: lines.join('\n') })}
          />
        )}
        <span class="hint">{charts.hint}</span>
      </div>
      <ChartGrid range={range} by={by} names={names.slice(0, MAX_LINES)} />
    </>
  );
}

/** The busiest first. */
function namesOf({ models, endpoints }: StatusSnapshot, by: Scope): string[] {
  if (by === 'overview') return [];
  if (by === 'model') {
    return [...models].sort((a, b) => b.send_rpm - a.send_rpm).map(({ model }) => model);
  }
  return [...endpoints].sort((a, b) => b.send_rpm - a.send_rpm).map(({ id }) => id);
}

interface GridProps {
  readonly range: SeriesRange;
  readonly by: Scope;
  readonly names: readonly string[];
}

function ChartGrid({ range, by, names }: GridProps) {
  const { metrics, charts, health } = useText();
  const answer = useSeries({ range, by, names: [...names].sort(), metrics: CHART_METRICS });
  if (by !== 'overview' && names.length === 0) return <p class="empty">{health.none}</p>;
  if (answer === undefined) return <p class="empty">{charts.empty}</p>;
  return (
    <>
      <div class="chart-grid">
        {CHART_METRICS.map((metric, index) => (
          <Chart
            key={metric}
            title={metrics[metric]}
            times={answer.times_at_ms}
            lines={answer.series.map(({ name, values }) => ({
              name: shortName(name) || metrics[metric],
              values: values[index] ?? [],
            }))}
            marks={answer.marks}
            format={formatOf(metric)}
          />
        ))}
      </div>
      <MarkList marks={answer.marks} />
    </>
  );
}

/** `model@http://10.0.0.1:8000/v1` → `model@10.0.0.1:8000`. */
function shortName(name: string): string {
  const at = name.indexOf('@http');
  return at < 0 ? name : `${name.slice(0, at)}@${addressOf(name.slice(at + 1))}`;
}

/** What the thin lines in the charts stand for. */
function MarkList({ marks }: { readonly marks: readonly Mark[] }) {
  const { charts, states } = useText();
  const words: Readonly<Record<string, string>> = states;
  return (
    <section class="card">
      <header>
        <h2>{charts.marks}</h2>
        <span class="tag">{marks.length}</span>
      </header>
      {marks.length === 0 ? (
        <p class="empty">{charts.noMarks}</p>
      ) : (
        <ol class="marks">
          {marks
            .slice(-50)
            .reverse()
            .map(({ at_ms, kind, subject, text }) => (
              <li key={`${at_ms} ${subject}`} class={kind}>
                <time>{moment(at_ms)}</time>
                <span>{kind === 'reload' ? charts.reload : subject}</span>
                <strong>{words[text] ?? text}</strong>
              </li>
            ))}
        </ol>
      )}
    </section>
  );
}
