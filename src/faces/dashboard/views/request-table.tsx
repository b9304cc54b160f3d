/** Requests in rows: those that failed, those that run. */
import type { ComponentChildren } from 'preact';
import { addressOf } from '../endpoint-values.ts';
import { age, clock, count, duration, UNKNOWN } from '../format.ts';
import { ScrollBox } from '../parts/scroll-box.tsx';
import type { RequestRecord } from '../state/admin-answers.ts';
import { hashOf } from '../state/place.ts';
import { useText } from '../text/text.ts';

interface Props {
  readonly records: readonly RequestRecord[];
  readonly label: string;
}

export function FailureTable({ records, label }: Props) {
  const { requests, detail } = useText();
  const heads = [
    requests.at,
    requests.id,
    requests.model,
    requests.outcome,
    requests.status,
    requests.attempts,
    requests.endpoint,
    requests.took,
  ];
  return (
    <Box label={label} heads={heads}>
      {records.map((record) => (
        <tr key={record.id}>
          <td class="text">{clock(record.at_ms)}</td>
          <RequestId id={record.id} />
          <td class="text">{record.model || UNKNOWN}</td>
          <td
            class={record.outcome === 'ok' ? 'text' : 'text bad'}
            title={detail(record.story.at(-1) ?? '')}
          >
            {requests.outcomes[record.outcome ?? ''] ?? record.outcome ?? UNKNOWN}
          </td>
          <td>{record.status || UNKNOWN}</td>
          <td>{count(record.attempts)}</td>
          <EndpointCell id={record.endpoint ?? ''} />
          <td>{duration(record.total_ms)}</td>
        </tr>
      ))}
    </Box>
  );
}

export function RunningTable({ records, label }: Props) {
  const { requests, units } = useText();
  const heads = [
    requests.age,
    requests.id,
    requests.model,
    requests.phase,
    requests.attempts,
    requests.endpoint,
  ];
  return (
    <Box label={label} heads={heads}>
      {records.map((record) => (
        <tr key={record.id}>
          <td class="text">{age(record.age_ms, units)}</td>
          <RequestId id={record.id} />
          <td class="text">{record.model || UNKNOWN}</td>
          <td class="text">{requests.phases[record.phase ?? ''] ?? record.phase ?? UNKNOWN}</td>
          <td>{count(record.attempts)}</td>
          <EndpointCell id={record.endpoint ?? ''} />
        </tr>
      ))}
    </Box>
  );
}

function RequestId({ id }: { readonly id: string }) {
  return (
    <th scope="row" class="mono">
      <a href={hashOf('requests', id)}>{id}</a>
    </th>
  );
}

function EndpointCell({ id }: { readonly id: string }) {
  const at = id.indexOf('@');
  if (id === '') return <td class="text">{UNKNOWN}</td>;
  return (
    <td class="text">
      <a href={hashOf('endpoints', id)} title={id}>
        {addressOf(id.slice(at + 1))}
      </a>
    </td>
  );
}

interface BoxProps {
  readonly label: string;
  readonly heads: readonly string[];
  readonly children: ComponentChildren;
}

function Box({ label, heads, children }: BoxProps) {
  return (
    <ScrollBox label={label}>
      <table class="requests">
        <thead>
          <tr>
            {heads.map((head) => (
              <th key={head} scope="col">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </ScrollBox>
  );
}
