/** One request: what the router decided for it, step by step. */
import { bytes, count, duration, moment, UNKNOWN } from '../format.ts';
import { Icon } from '../parts/icons.tsx';
import type { RequestRecord } from '../state/admin-answers.ts';
import { useAsked } from '../state/asked.ts';
import { hashOf } from '../state/place.ts';
import { useText } from '../text/text.ts';
import { Fact } from './overview-cards.tsx';

export function RequestPage({ id }: { readonly id: string }) {
  const { requests } = useText();
  const path = `/admin/requests/${encodeURIComponent(id)}`;
  const { value, problem, isAbsent } = useAsked<RequestRecord>(path, 2000);
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
        <Record record={value} />
      )}
    </>
  );
}

function Record({ record }: { readonly record: RequestRecord }) {
  const { requests } = useText();
  const endpoint = record.endpoint ?? '';
  return (
    <>
      <section class="card">
        <dl class="facts wide">
          <Fact name={requests.outcome}>
            <strong class={record.outcome === 'ok' ? '' : 'bad'}>
              {record.outcome ?? record.phase ?? UNKNOWN}
            </strong>
          </Fact>
          <Fact name={requests.status}>{record.status || UNKNOWN}</Fact>
          <Fact name={requests.at}>{moment(record.started_at_ms)}</Fact>
          <Fact name={requests.route}>
            {record.method} {record.route}
          </Fact>
          <Fact name={requests.model}>{record.model || UNKNOWN}</Fact>
          <Fact name={requests.endpoint}>
            {endpoint === '' ? UNKNOWN : <a href={hashOf('endpoints', endpoint)}>{endpoint}</a>}
          </Fact>
          <Fact name={requests.attempts}>{count(record.attempts)}</Fact>
          <Fact name={requests.ttfb}>{duration(record.ttfb_ms)}</Fact>
          <Fact name={requests.took}>{duration(record.total_ms ?? record.age_ms)}</Fact>
          <Fact name={requests.tokens}>
            {count(record.tokens_in)} / {count(record.tokens_out)}
          </Fact>
          <Fact name={requests.bytes}>
            {bytes(record.bytes_up)} / {bytes(record.bytes_down)}
          </Fact>
        </dl>
      </section>
      <Steps record={record} />
    </>
  );
}

function Steps({ record: { steps = [] } }: { readonly record: RequestRecord }) {
  const { requests } = useText();
  if (steps.length === 0) return null;
  return (
    <section class="card">
      <header>
        <h2>{requests.steps}</h2>
      </header>
      <ol class="steps">
        {steps.map((step) => (
          <li key={`${step.at_ms} ${step.step} ${step.endpoint}`} class={step.step}>
            <time>+{duration(step.at_ms)}</time>
            <strong>{step.step}</strong>
            {step.endpoint && <a href={hashOf('endpoints', step.endpoint)}>{step.endpoint}</a>}
            {step.detail && <span class="detail">{step.detail}</span>}
          </li>
        ))}
      </ol>
    </section>
  );
}
