/** One endpoint: what it is, how it does, its own charts, its last errors and health checks. */
import type { EndpointRow, SeriesMetric, StatusSnapshot } from '../../../control/status.ts';
import { limitText } from '../endpoint-columns.tsx';
import { addressOf, failuresOf } from '../endpoint-values.ts';
import { age, count, duration, moment, percent, rate, UNKNOWN } from '../format.ts';
import { ActionBar } from '../parts/action-bar.tsx';
import { Chart } from '../parts/chart.tsx';
import { Icon } from '../parts/icons.tsx';
import { StateBadge } from '../parts/state-badge.tsx';
import { hashOf } from '../state/place.ts';
import { useSeries } from '../state/series.ts';
import { useText } from '../text/text.ts';
import { formatOf } from './charts.tsx';
import { EndpointEvents } from './endpoint-events.tsx';
import { Fact } from './overview-cards.tsx';

export function EndpointPage({
  status,
  id,
}: {
  readonly status: StatusSnapshot;
  readonly id: string;
}) {
  const { endpoint } = useText();
  const row = status.endpoints.find((one) => one.id === id);
  return (
    <>
      <a class="back" href={hashOf('endpoints')}>
        <Icon name="back" />
        {endpoint.back}
      </a>
      {row === undefined ? (
        <>
          <h1>{id}</h1>
          <p class="empty">{endpoint.gone}</p>
        </>
      ) : (
        <Known row={row} status={status} />
      )}
    </>
  );
}

function Known({ row, status }: { readonly row: EndpointRow; readonly status: StatusSnapshot }) {
  const { health, problems: texts, detail, units } = useText();
  const since = row.since_at_ms;
  const problem = status.problems.find(({ subject }) => subject === row.id);
  const words = problem && (texts?.[problem.kind] ?? problem);
  return (
    <>
      <header class="title">
        <h1>{addressOf(row.api_base)}</h1>
        <span class="model-name">{row.model}</span>
        <StateBadge state={row.state} />
        {since !== null && (
          <span class="small" title={moment(since)}>
            {health.since} {age(status.now_at_ms - since, units)}
          </span>
        )}
      </header>
      <ActionBar row={row} />
      {problem && words && (
        <section class={`card callout ${problem.severity}`}>
          <p>
            <Icon name={problem.severity === 'info' ? 'pause' : 'warn'} />
            <strong>{detail(problem.detail) || health[problem.severity]}</strong> {words.cause}
            {problem.since_at_ms !== null && (
              <span class="small">
                {' '}
                {health.since} {age(status.now_at_ms - problem.since_at_ms, units)}
              </span>
            )}
          </p>
          <p class="advice">{words.advice}</p>
        </section>
      )}
      <Figures row={row} />
      <EndpointCharts id={row.id} />
      <EndpointEvents id={row.id} />
    </>
  );
}

function Figures({ row }: { readonly row: EndpointRow }) {
  const { columns, endpoint, overview, detail } = useText();
  const stale = row.report_stale ? ` (${endpoint.stale})` : '';
  return (
    <div class="cards three">
      <section class="card">
        <header>
          <h2>{endpoint.facts}</h2>
        </header>
        <dl class="facts">
          <Fact name={columns.endpoint} isLong>
            {row.api_base}
          </Fact>
          <Fact name={columns.engine}>{row.engine ?? UNKNOWN}</Fact>
          <Fact name={columns.source}>{row.source}</Fact>
          <Fact name={columns.weight}>{row.weight}</Fact>
          <Fact name={columns.rpm_limit}>
            {row.rpm_limit === null ? endpoint.noLimit : limitText(row)}
          </Fact>
          <Fact name={columns.reason} isLong>
            {detail(row.reason) || UNKNOWN}
          </Fact>
        </dl>
      </section>
      <section class="card">
        <header>
          <h2>{overview.requests}</h2>
        </header>
        <dl class="facts">
          <Fact name={columns.connections}>{count(row.connections)}</Fact>
          <Fact name={columns.pending}>{count(row.pending)}</Fact>
          <Fact name={columns.send_rpm}>{count(row.send_rpm)}</Fact>
          <Fact name={columns.comp_rpm}>{count(row.comp_rpm)}</Fact>
          <Fact name={columns.total_requests}>{count(row.total_requests)}</Fact>
          <Fact name={columns.completed}>{count(row.completed)}</Fact>
          <Fact name={columns.retries}>{count(row.retries)}</Fact>
          <Fact name={columns.busy}>{count(row.busy)}</Fact>
          <Fact name={columns.ttft_p95_ms}>{duration(row.ttft_p95_ms)}</Fact>
          <Fact name={columns.completion_tokens_per_s}>{rate(row.completion_tokens_per_s)}</Fact>
        </dl>
      </section>
      <section class="card">
        <header>
          <h2>
            {endpoint.engineSays}
            {stale}
          </h2>
        </header>
        <dl class="facts">
          <Fact name={columns.running}>{count(row.running)}</Fact>
          <Fact name={columns.waiting}>{count(row.waiting)}</Fact>
          <Fact name={columns.kv_usage}>{percent(row.kv_usage)}</Fact>
          <Fact name={columns.prompt_tokens}>{count(row.prompt_tokens)}</Fact>
          <Fact name={columns.generation_tokens}>{count(row.generation_tokens)}</Fact>
        </dl>
        <Failures row={row} />
      </section>
    </div>
  );
}

function Failures({ row }: { readonly row: EndpointRow }) {
  const { endpoint } = useText();
  const all = failuresOf(row);
  return (
    <>
      <h3>{endpoint.errorMix}</h3>
      <dl class="facts">
        <Fact name={endpoint.connect}>{count(row.failed_connect)}</Fact>
        <Fact name={endpoint.status}>{count(row.failed_status)}</Fact>
        <Fact name={endpoint.stream}>{count(row.failed_stream)}</Fact>
        <Fact name={endpoint.timeout}>{count(row.failed_timeout)}</Fact>
      </dl>
      {all === 0 && <p class="hidden">{endpoint.noErrors}</p>}
    </>
  );
}

const METRICS: readonly SeriesMetric[] = [
  'send_rpm',
  'connections',
  'running',
  'ttft_p95_ms',
  'errors_rpm',
  'kv_usage',
];

function EndpointCharts({ id }: { readonly id: string }) {
  const { metrics, endpoint, charts } = useText();
  const answer = useSeries({ range: '15m', by: 'endpoint', names: [id], metrics: METRICS });
  const query = new URLSearchParams({ by: 'endpoint', line: id });
  const series = answer?.series[0];
  return (
    <section>
      <header class="section">
        <h2>{endpoint.charts}</h2>
        <a href={hashOf('charts', '', query)}>{endpoint.openCharts}</a>
      </header>
      {answer === undefined || series === undefined ? (
        <p class="empty">{charts.empty}</p>
      ) : (
        <div class="chart-grid">
          {METRICS.map((metric, index) => (
            <Chart
              key={metric}
              title={metrics[metric]}
              times={answer.times_at_ms}
              lines={[{ name: metrics[metric], values: series.values[index] ?? [] }]}
              marks={answer.marks.filter(({ subject }) => subject === '' || subject === id)}
              format={formatOf(metric)}
            />
          ))}
        </div>
      )}
    </section>
  );
}
