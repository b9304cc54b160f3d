/** The reference's cards: the process, the sources and the models. */
import type { ComponentChildren } from 'preact';
import type { ModelRow, SourceRow, StatusSnapshot } from '../../../control/status.ts';
import { age, bytes, count, duration, rate } from '../format.ts';
import { ScrollBox } from '../parts/scroll-box.tsx';
import { hashOf } from '../state/place.ts';
import { useText } from '../text/text.ts';

type Props = { readonly status: StatusSnapshot };

export function SystemCard({ status: { router, traffic, now_at_ms } }: Props) {
  const { overview, tiles, units } = useText();
  return (
    <section class="card system">
      <header>
        <h2>{overview.system}</h2>
      </header>
      <dl class="facts">
        <Fact name={overview.uptime}>{age(now_at_ms - router.started_at_ms, units)}</Fact>
        <Fact name={overview.version}>{router.version}</Fact>
        <Fact name={overview.runtime}>{router.runtime}</Fact>
        <Fact name={overview.process}>{router.pid}</Fact>
        <Fact name={overview.workers}>{router.workers}</Fact>
        <Fact name={overview.memory}>{bytes(router.memory_bytes)}</Fact>
        <Fact name={overview.strategy}>{router.strategy}</Fact>
        <Fact name={overview.epoch}>{router.epoch}</Fact>
        <Fact name={tiles.clientConnections}>{count(traffic.client_connections)}</Fact>
        <Fact name={overview.requests}>{count(traffic.requests)}</Fact>
        <Fact name={overview.ok}>{count(traffic.ok)}</Fact>
        <Fact name={overview.clientErrors}>{count(traffic.client_errors)}</Fact>
        <Fact name={overview.serverErrors}>{count(traffic.server_errors)}</Fact>
        <Fact name={overview.clientGone}>{count(traffic.client_gone)}</Fact>
        <Fact name={overview.rejected}>{count(traffic.rejected_heads)}</Fact>
      </dl>
    </section>
  );
}

interface FactProps {
  readonly name: string;
  /** Takes a line of its own. */
  readonly isLong?: boolean;
  readonly children: ComponentChildren;
}

export function Fact({ name, isLong, children }: FactProps) {
  return (
    <div class={isLong ? 'long' : ''}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Share({ healthy, total }: { readonly healthy: number; readonly total: number }) {
  const tone = healthy === total ? 'good' : healthy === 0 ? 'bad' : 'middling';
  return (
    <span class={`share ${tone}`}>
      {healthy}
      <span class="of">/{total}</span>
    </span>
  );
}

export function SourcesCard({ status: { sources } }: Props) {
  const { overview, columns } = useText();
  return (
    <section class="card">
      <header>
        <h2>{overview.sources}</h2>
      </header>
      <ScrollBox label={overview.sources}>
        <table>
          <thead>
            <tr>
              <th scope="col">{overview.source}</th>
              <th scope="col">{overview.healthy}</th>
              <th scope="col">{columns.connections}</th>
              <th scope="col">{columns.pending}</th>
              <th scope="col">{columns.send_rpm}</th>
              <th scope="col">{columns.comp_rpm}</th>
              <th scope="col">{columns.running}</th>
              <th scope="col">{columns.waiting}</th>
              <th scope="col">{columns.completed}</th>
            </tr>
          </thead>
          <tbody>{sources.map(sourceRow)}</tbody>
        </table>
      </ScrollBox>
    </section>
  );
}

function sourceRow(row: SourceRow) {
  const { source, healthy, total, ...numbers } = row;
  return (
    <tr key={source}>
      <th scope="row">
        <a href={hashOf('endpoints', '', new URLSearchParams({ source }))}>{source}</a>
      </th>
      <td>
        <Share healthy={healthy} total={total} />
      </td>
      <td>{count(numbers.connections)}</td>
      <td>{count(numbers.pending)}</td>
      <td>{count(numbers.send_rpm)}</td>
      <td>{count(numbers.comp_rpm)}</td>
      <td>{count(numbers.running)}</td>
      <td>{count(numbers.waiting)}</td>
      <td>{count(numbers.completed)}</td>
    </tr>
  );
}

export function ModelsCard({ status: { models } }: Props) {
  const { overview, columns } = useText();
  return (
    <section class="card models">
      <header>
        <h2>{overview.models}</h2>
        <span class="tag">{models.length}</span>
      </header>
      <ScrollBox label={overview.models} class="tall">
        <table>
          <thead>
            <tr>
              <th scope="col">{overview.model}</th>
              <th scope="col">{overview.healthy}</th>
              <th scope="col">{columns.connections}</th>
              <th scope="col">{columns.running}</th>
              <th scope="col">{columns.waiting}</th>
              <th scope="col">{columns.send_rpm}</th>
              <th scope="col">{columns.comp_rpm}</th>
              <th scope="col">{columns.errors_rpm}</th>
              <th scope="col">{columns.ttft_p95_ms}</th>
              <th scope="col">{columns.completion_tokens_per_s}</th>
              <th scope="col">{columns.completed}</th>
            </tr>
          </thead>
          <tbody>{models.map(modelRow)}</tbody>
        </table>
      </ScrollBox>
    </section>
  );
}

function modelRow(row: ModelRow) {
  return (
    <tr key={row.model}>
      <th scope="row">
        <a
          href={hashOf('endpoints', '', new URLSearchParams({ model: row.model }))}
          title={row.model}
        >
          {row.model}
        </a>
      </th>
      <td>
        <Share healthy={row.healthy} total={row.total} />
      </td>
      <td>{count(row.connections)}</td>
      <td>{count(row.running)}</td>
      <td>{count(row.waiting)}</td>
      <td>{count(row.send_rpm)}</td>
      <td>{count(row.comp_rpm)}</td>
      <td class={row.errors_rpm > 0 ? 'bad' : ''}>{count(row.errors_rpm)}</td>
      <td>{duration(row.ttft_p95_ms)}</td>
      <td>{rate(row.completion_tokens_per_s)}</td>
      <td>{count(row.completed)}</td>
    </tr>
  );
}
