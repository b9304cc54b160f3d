/** The last failed requests of one endpoint, and its last health checks. */
import { clock, duration } from '../format.ts';
import type { Probe, RequestList, RequestRecord } from '../state/admin-answers.ts';
import { endpointPath } from '../state/api.ts';
import { useAsked } from '../state/asked.ts';
import { useText } from '../text/text.ts';
import { FailureTable } from './request-table.tsx';

const EVERY_MS = 5000;

export function EndpointEvents({ id }: { readonly id: string }) {
  const { endpoint } = useText();
  const failures = useAsked<RequestList>('/admin/requests?limit=300', EVERY_MS);
  const known =
    failures.value?.requests.filter((record) => failedAt(record, id)).slice(0, 20) ?? [];
  return (
    <div class="cards two">
      <section class="card">
        <header>
          <h2>{endpoint.failures}</h2>
        </header>
        {known.length === 0 ? (
          <p class="empty">{endpoint.noFailures}</p>
        ) : (
          <FailureTable records={known} label={endpoint.failures} />
        )}
      </section>
      <Probes id={id} />
    </div>
  );
}

/** An attempt there failed, though another one may have saved the request. */
function failedAt({ steps, endpoint, outcome }: RequestRecord, id: string): boolean {
  let at = '';
  for (const { step, endpoint: tried = '' } of steps) {
    if (step === 'attempt') at = tried;
    if (step === 'failed' && at === id) return true;
  }
  return endpoint === id && outcome !== undefined && outcome !== 'ok';
}

function Probes({ id }: { readonly id: string }) {
  const { endpoint, detail: said } = useText();
  const { value } = useAsked<{ readonly probes?: readonly Probe[] }>(endpointPath(id), EVERY_MS);
  const probes = [...(value?.probes ?? [])].reverse();
  return (
    <section class="card">
      <header>
        <h2>{endpoint.probes}</h2>
      </header>
      {probes.length === 0 ? (
        <p class="empty">{endpoint.noProbes}</p>
      ) : (
        <ol class="probes">
          {probes.map(({ at_ms, took_ms, up, reason, detail }) => (
            <li key={at_ms} class={up ? 'up' : 'bad'}>
              <time>{clock(at_ms)}</time>
              <span>{duration(took_ms)}</span>
              <strong>{up ? endpoint.ok : said(detail || reason)}</strong>
              {up && detail !== '' && <span>{said(detail)}</span>}
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}
