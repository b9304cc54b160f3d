/** Requests that run, those that failed lately, and the way to any one of them by its id. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { SearchField } from '../parts/fields.tsx';
import type { RequestList } from '../state/admin-answers.ts';
import { type Asked, useAsked } from '../state/asked.ts';
import { goTo } from '../state/place.ts';
import { useText } from '../text/text.ts';
import { FailureTable, RunningTable } from './request-table.tsx';

export function Requests() {
  const { requests } = useText();
  const [id, setId] = useState('');
  const running = useAsked<RequestList>('/admin/requests?running=1&limit=200', 1000);
  const failed = useAsked<RequestList>('/admin/requests?failed=1&limit=100', 2000);
  const last = useAsked<RequestList>('/admin/requests?limit=300', 5000);
  const find = () => {
    if (id.trim() !== '') goTo('requests', id.trim());
  };
  return (
    <>
      <search class="toolbar">
        <SearchField label={requests.lookUp} value={id} onChange={setId} onEnter={find} />
        <button type="button" onClick={find}>
          {requests.find}
        </button>
      </search>
      <section class="card">
        <Head title={requests.running} asked={running} />
        <Body asked={running} empty={requests.noRunning}>
          {(records) => <RunningTable records={records} label={requests.running} />}
        </Body>
      </section>
      <section class="card">
        <Head title={requests.failures} asked={failed} />
        <Body asked={failed} empty={requests.noFailures}>
          {(records) => <FailureTable records={records} label={requests.failures} />}
        </Body>
      </section>
      <Rescued records={last.value?.requests ?? []} />
    </>
  );
}

const RESCUED_SHOWN = 30;

/** Those that a retry saved: nobody complained, but an endpoint failed. */
function Rescued({ records }: { readonly records: RequestList['requests'] }) {
  const { requests } = useText();
  const rescued = records.filter(({ attempts, outcome }) => attempts > 1 && outcome === 'ok');
  return (
    <section class="card">
      <header>
        <h2>{requests.rescued}</h2>
        <span class="tag">{rescued.length}</span>
      </header>
      {rescued.length === 0 ? (
        <p class="empty">{requests.noRescued}</p>
      ) : (
        <FailureTable records={rescued.slice(0, RESCUED_SHOWN)} label={requests.rescued} />
      )}
    </section>
  );
}

function Head({ title, asked }: { readonly title: string; readonly asked: Asked<RequestList> }) {
  return (
    <header>
      <h2>{title}</h2>
      {asked.value && <span class="tag">{asked.value.requests.length}</span>}
    </header>
  );
}

interface BodyProps {
  readonly asked: Asked<RequestList>;
  readonly empty: string;
  children(records: RequestList['requests']): ComponentChildren;
}

function Body({ asked, empty, children }: BodyProps) {
  const { requests } = useText();
  if (asked.isAbsent) return <p class="empty">{requests.unavailable}</p>;
  if (asked.value === undefined) return <p class="empty">{asked.problem || '…'}</p>;
  if (asked.value.requests.length === 0) return <p class="empty">{empty}</p>;
  return <>{children(asked.value.requests)}</>;
}
