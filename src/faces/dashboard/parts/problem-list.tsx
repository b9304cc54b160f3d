/** What is wrong now: where, why, since when, and what to do about it. */
import type { Problem, StatusSnapshot } from '../../../control/status.ts';
import { age, moment } from '../format.ts';
import { hashOf } from '../state/place.ts';
import { useText } from '../text/text.ts';
import { Icon } from './icons.tsx';

const SHOWN = 8;
/** The router tells no more; so there may be more. */
const MOST = 200;

/** `3`, or `200+` when that is all that the router tells. */
export function atLeast(told: number, left: number): string {
  return told < MOST ? String(left) : `${left}+`;
}

export function ProblemList({ status }: { readonly status: StatusSnapshot }) {
  const { health } = useText();
  const { problems, endpoints } = status;
  const serving = status.models.reduce((sum, row) => sum + row.healthy, 0);
  const worst = problems.some(({ severity }) => severity !== 'info') ? 'sick' : 'calm';
  return (
    <section class={`card problems ${problems.length === 0 ? 'well' : worst}`}>
      <header>
        <h2>{health.title}</h2>
        {problems.length > 0 && (
          <span class="tag">{health.count(atLeast(problems.length, problems.length))}</span>
        )}
      </header>
      {problems.length === 0 ? (
        <p class="all-well">
          {endpoints.length > 0 && <Icon name="check" />}
          <strong>{endpoints.length === 0 ? health.none : health.nothing}</strong>{' '}
          {endpoints.length > 0 ? health.serving(serving, endpoints.length) : health.addOne}
        </p>
      ) : (
        <ul>
          {problems.slice(0, SHOWN).map((problem) => (
            <ProblemRow
              key={`${problem.kind} ${problem.subject} ${problem.detail}`}
              problem={problem}
              nowAtMs={status.now_at_ms}
            />
          ))}
          {problems.length > SHOWN && (
            <li class="rest">
              <a href={hashOf('endpoints', '', new URLSearchParams({ state: 'trouble' }))}>
                {health.more(atLeast(problems.length, problems.length - SHOWN))}
              </a>
            </li>
          )}
        </ul>
      )}
    </section>
  );
}

function ProblemRow({ problem, nowAtMs }: { readonly problem: Problem; readonly nowAtMs: number }) {
  const { health, problems, detail: said, units } = useText();
  const { kind, severity, subject, detail, since_at_ms } = problem;
  const { cause, advice } = problems?.[kind] ?? problem;
  const isEndpoint = subject.includes('@');
  return (
    <li class={severity}>
      <span class="severity" title={health[severity]}>
        <Icon name={severity === 'info' ? 'pause' : 'warn'} />
        <span class="hidden">{health[severity]}</span>
      </span>
      <div class="what">
        <p class="subject">
          {isEndpoint ? (
            <a href={hashOf('endpoints', subject)}>{subject}</a>
          ) : kind === 'model_unavailable' ? (
            <a href={hashOf('endpoints', '', new URLSearchParams({ model: subject }))}>{subject}</a>
          ) : (
            <strong>{subject === '' ? health.router : subject}</strong>
          )}
          {detail !== '' && <span class="detail">{said(detail)}</span>}
        </p>
        <p>
          {cause} <span class="advice">{advice}</span>
        </p>
      </div>
      {since_at_ms !== null && (
        <span class="since" title={moment(since_at_ms)}>
          {age(nowAtMs - since_at_ms, units)}
        </span>
      )}
    </li>
  );
}
