/** One request: what the router decided for it, step by step. */
import { bytes, count, duration, moment, UNKNOWN } from '../format.ts';
import { Icon } from '../parts/icons.tsx';
import { ScrollBox } from '../parts/scroll-box.tsx';
import type { Candidate, RequestList, RequestRecord } from '../state/admin-answers.ts';
import { useAsked } from '../state/asked.ts';
import { hashOf } from '../state/place.ts';
import { useText } from '../text/text.ts';
import { Fact } from './overview-cards.tsx';

export function RequestPage({ id }: { readonly id: string }) {
  const { requests } = useText();
  const path = `/admin/requests/${encodeURIComponent(id)}`;
  const { value, problem, isAbsent } = useAsked<RequestList>(path, 2000);
  return (
    <>
      <a class="back" href={hashOf('requests')}>
        <Icon name="back" />
        {requests.back}
      </a>
      <h1 class="mono">{id}</h1>
      {value === undefined ? (
        <p class="empty">{isAbsent ? requests.unknownId : problem || '…'}</p>
      ) : (
        value.requests.map((record) => <Record key={record.at_ms} record={record} />)
      )}
    </>
  );
}

function Record({ record }: { readonly record: RequestRecord }) {
  const { requests } = useText();
  const { endpoint, outcome, phase } = record;
  return (
    <>
      <section class="card">
        <dl class="facts wide">
          <Fact name={record.running ? requests.phase : requests.outcome}>
            <strong class={record.running || outcome === 'ok' ? '' : 'bad'}>
              {requests.outcomes[outcome ?? ''] ??
                outcome ??
                requests.phases[phase ?? ''] ??
                phase ??
                UNKNOWN}
            </strong>
          </Fact>
          <Fact name={requests.status}>{record.status || UNKNOWN}</Fact>
          <Fact name={requests.at}>{moment(record.at_ms)}</Fact>
          <Fact name={requests.route}>
            {record.method} {record.route}
          </Fact>
          <Fact name={requests.model}>{record.model || UNKNOWN}</Fact>
          <Fact name={requests.endpoint}>
            {endpoint === null ? UNKNOWN : <a href={hashOf('endpoints', endpoint)}>{endpoint}</a>}
          </Fact>
          <Fact name={requests.attempts}>{count(record.attempts)}</Fact>
          <Fact name={requests.ttfb}>{duration(record.ttfb_ms)}</Fact>
          <Fact name={requests.took}>{duration(record.total_ms ?? record.age_ms)}</Fact>
          <Fact name={requests.bytes}>
            {bytes(record.bytes_up)} / {bytes(record.bytes_down)}
          </Fact>
          <Fact name={requests.key}>{record.key ?? UNKNOWN}</Fact>
          <Fact name={requests.worker}>{record.worker}</Fact>
        </dl>
      </section>
      <Steps record={record} />
    </>
  );
}

function Steps({ record: { steps, story } }: { readonly record: RequestRecord }) {
  const { requests, detail } = useText();
  return (
    <section class="card">
      <header>
        <h2>{requests.steps}</h2>
      </header>
      <ol class="steps">
        {story.map((sentence, index) => {
          const step = steps[index];
          const [, at, words] = /^(.*?)(?:: |：)(.*)$/s.exec(detail(sentence)) ?? [
            '',
            '',
            sentence,
          ];
          return (
            <li key={sentence} class={step?.step ?? 'end'}>
              <time>{at}</time>
              <span class="sentence">{words}</span>
              {step?.candidates && <Candidates rows={step.candidates} />}
            </li>
          );
        })}
      </ol>
    </section>
  );
}

function Candidates({ rows }: { readonly rows: readonly Candidate[] }) {
  const { requests, columns, detail } = useText();
  return (
    <details>
      <summary>
        {requests.candidates} ({rows.length})
      </summary>
      <ScrollBox label={requests.candidates}>
        <table class="requests">
          <thead>
            <tr>
              <th scope="col">{columns.endpoint}</th>
              <th scope="col">{columns.connections}</th>
              <th scope="col">{columns.waiting}</th>
              <th scope="col">{requests.rpmUsed}</th>
              <th scope="col">{requests.excluded}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.endpoint}>
                <th scope="row">
                  <a href={hashOf('endpoints', row.endpoint)}>{row.endpoint}</a>
                </th>
                <td>{count(row.in_flight)}</td>
                <td>{count(row.waiting)}</td>
                <td>{count(row.rpm_used)}</td>
                <td class="text">{detail(row.excluded?.replaceAll('_', ' ') ?? '')}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollBox>
    </details>
  );
}
