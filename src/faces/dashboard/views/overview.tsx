/** The first look: what is wrong, the key figures, and the reference's three cards. */
import type { EndpointState, StatusSnapshot } from '../../../control/status.ts';
import { count, duration, percent, rate, UNKNOWN } from '../format.ts';
import { ProblemList } from '../parts/problem-list.tsx';
import { StateMark } from '../parts/state-badge.tsx';
import { Tile } from '../parts/tile.tsx';
import { useCell } from '../state/cell.ts';
import { hashOf } from '../state/place.ts';
import { trail } from '../state/trail.ts';
import { useText } from '../text/text.ts';
import { ModelsCard, SourcesCard, SystemCard } from './overview-cards.tsx';

export function Overview({ status }: { readonly status: StatusSnapshot }) {
  return (
    <>
      <ProblemList status={status} />
      <KeyFigures status={status} />
      <div class="cards">
        {status.models.length > 0 && <ModelsCard status={status} />}
        {status.sources.length > 0 && <SourcesCard status={status} />}
        <SystemCard status={status} />
      </div>
    </>
  );
}

function KeyFigures({ status }: { readonly status: StatusSnapshot }) {
  const { tiles } = useText();
  return (
    <section aria-label={tiles.title}>
      <dl class="tiles">
        <TrafficTiles status={status} />
        <LatencyTiles status={status} />
        <LoadTiles status={status} />
      </dl>
    </section>
  );
}

function TrafficTiles({ status: { traffic } }: { readonly status: StatusSnapshot }) {
  const { tiles } = useText();
  const { values } = useCell(trail);
  const ratio = traffic.error_ratio;
  return (
    <>
      <Tile
        name={tiles.requests}
        value={rate(traffic.requests_per_s)}
        unit={tiles.perSecond}
        note={`${count(traffic.retries)} ${tiles.retries}`}
        trend={values.send_rpm}
      />
      <Tile
        name={tiles.tokensOut}
        value={rate(traffic.completion_tokens_per_s)}
        {...(traffic.completion_tokens_per_s === null ? {} : { unit: tiles.perSecond })}
        note={
          traffic.prompt_tokens_per_s === null
            ? tiles.noTraffic
            : `${rate(traffic.prompt_tokens_per_s)}${tiles.perSecond} ${tiles.tokensIn}`
        }
        trend={values.tokens_per_s}
      />
      <Tile
        name={tiles.errors}
        value={percent(ratio)}
        note={ratio === null ? tiles.noTraffic : tiles.lastMinute}
        trend={values.errors_rpm}
        tone="bad"
      />
    </>
  );
}

function LatencyTiles({ status: { traffic } }: { readonly status: StatusSnapshot }) {
  const { tiles } = useText();
  const { values } = useCell(trail);
  const median = traffic.ttft_p50_ms === null ? '' : ` · p50 ${duration(traffic.ttft_p50_ms)}`;
  const note = (value: number | null, name: string) => (value === null ? tiles.noTraffic : name);
  return (
    <>
      <Tile
        name={tiles.ttft}
        value={duration(traffic.ttft_p95_ms)}
        note={`${note(traffic.ttft_p95_ms, tiles.p95)}${median}`}
        trend={values.ttft_p95_ms}
      />
      <Tile
        name={tiles.itl}
        value={duration(traffic.itl_p95_ms)}
        note={note(traffic.itl_p95_ms, tiles.p95)}
      />
      <Tile
        name={tiles.total}
        value={duration(traffic.total_p95_ms)}
        note={note(traffic.total_p95_ms, tiles.p95)}
      />
      <Tile
        name={tiles.overhead}
        value={duration(traffic.overhead_p99_ms)}
        note={note(traffic.overhead_p99_ms, tiles.p99)}
      />
    </>
  );
}

function LoadTiles({ status }: { readonly status: StatusSnapshot }) {
  const { tiles } = useText();
  const { values } = useCell(trail);
  const { traffic, sources } = status;
  const pending = sources.reduce((sum, row) => sum + row.pending, 0);
  return (
    <>
      <Tile
        name={tiles.inFlight}
        value={count(traffic.in_flight)}
        note={tiles.pendingNote(count(pending))}
        trend={values.connections}
      />
      <Tile
        name={tiles.queue}
        value={count(traffic.queued)}
        note={tiles.queueNote}
        trend={values.waiting}
        tone="calm"
      />
      <EndpointsTile status={status} />
    </>
  );
}

const ORDER: readonly EndpointState[] = [
  'healthy',
  'busy',
  'probing',
  'ejected',
  'down',
  'unchecked',
  'draining',
  'maintenance',
];

/** How many are in which state, as a bar and in words; each a way to the list. */
function EndpointsTile({ status: { endpoints } }: { readonly status: StatusSnapshot }) {
  const { tiles, states } = useText();
  const counts = new Map<EndpointState, number>();
  for (const { state } of endpoints) counts.set(state, (counts.get(state) ?? 0) + 1);
  const present = ORDER.filter((state) => counts.has(state));
  const serving = (counts.get('healthy') ?? 0) + (counts.get('busy') ?? 0);
  return (
    <div class="tile states">
      <dt>{tiles.endpoints}</dt>
      <dd>
        <span class="figure">
          {endpoints.length === 0 ? UNKNOWN : count(serving)}
          <span class="unit"> / {count(endpoints.length)}</span>
        </span>
        <ul class="legend">
          {present.map((state) => (
            <li key={state}>
              <a href={hashOf('endpoints', '', new URLSearchParams({ state }))}>
                <StateMark state={state} />
                {states[state]} {counts.get(state)}
              </a>
            </li>
          ))}
        </ul>
        <span class="bar" aria-hidden="true">
          {present.map((state) => (
            <span key={state} class={state} style={{ flexGrow: counts.get(state) ?? 0 }} />
          ))}
        </span>
      </dd>
    </div>
  );
}
