/** The configuration in use with its origins, what waits to be mended, the last change. */
import type { ConfigChange, ConfigStatus, StatusSnapshot } from '../../../control/status.ts';
import { moment } from '../format.ts';
import { SearchField } from '../parts/fields.tsx';
import { Icon } from '../parts/icons.tsx';
import { ScrollBox } from '../parts/scroll-box.tsx';
import type { Setting } from '../state/admin-answers.ts';
import { useAsked } from '../state/asked.ts';
import { useCell } from '../state/cell.ts';
import { place, setQuery } from '../state/place.ts';
import { askReload, askRollback } from '../state/reload.tsx';
import { useText } from '../text/text.ts';

export function ConfigPage({ status: { config } }: { readonly status: StatusSnapshot }) {
  const { config: text } = useText();
  const { query } = useCell(place);
  const q = query.get('q') ?? '';
  return (
    <>
      <search class="toolbar">
        <SearchField label={text.search} value={q} onChange={(next) => setQuery({ q: next })} />
        <button type="button" onClick={() => void askReload()}>
          {text.reload}
        </button>
        <button type="button" onClick={askRollback}>
          {text.rollback}
        </button>
      </search>
      <div class="cards two">
        <Problems config={config} />
        <LastChange config={config} />
      </div>
      <Values search={q.toLowerCase()} />
    </>
  );
}

function Problems({ config: { problems, left_out } }: { readonly config: ConfigStatus }) {
  const { config: text, health } = useText();
  const all = [...problems, ...left_out];
  return (
    <section class="card">
      <header>
        <h2>{text.problems}</h2>
        {all.length > 0 && <span class="tag">{all.length}</span>}
      </header>
      {all.length === 0 ? (
        <p class="all-well">
          <Icon name="check" />
          {text.noProblems}
        </p>
      ) : (
        <ul class="mistakes">
          {all.map((problem) => (
            <li key={problem}>
              <span class="hidden">{health.warning}</span>
              {problem}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function LastChange({ config: { last_change } }: { readonly config: ConfigStatus }) {
  const { config: text, overview } = useText();
  return (
    <section class="card">
      <header>
        <h2>{text.lastChange}</h2>
        {last_change && (
          <span class="small">
            {moment(last_change.at_ms)} · {overview.epoch} {last_change.epoch}
          </span>
        )}
      </header>
      {last_change && <Diff change={last_change} />}
    </section>
  );
}

const SHOWN = 40;

function Diff({ change }: { readonly change: ConfigChange }) {
  const { config, health } = useText();
  const rows = [
    ...change.added.map((id) => ['+', config.added, id] as const),
    ...change.removed.map((id) => ['−', config.removed, id] as const),
    ...change.changed.map((id) => ['~', config.changed, id] as const),
  ];
  if (rows.length === 0) return <p class="empty">{config.nothing}</p>;
  return (
    <ul class="diff">
      {rows.slice(0, SHOWN).map(([sign, name, id]) => (
        <li key={id}>
          <span class="sign" aria-hidden="true">
            {sign}
          </span>
          <span class="hidden">{name}</span>
          <span>{id}</span>
        </li>
      ))}
      {rows.length > SHOWN && <li>{health.more(String(rows.length - SHOWN))}</li>}
    </ul>
  );
}

type Sections = Readonly<Record<string, Readonly<Record<string, Setting>>>>;

function Values({ search }: { readonly search: string }) {
  const { config: text } = useText();
  const { value, problem, isAbsent } = useAsked<Sections>('/admin/config', 5000);
  const rows = Object.entries(value ?? {}).flatMap(([section, options]) =>
    Object.entries(options ?? {}).map(([key, setting]) => ({
      path: `${section}.${key}`,
      shown: JSON.stringify(setting?.value),
      origin: setting?.origin ?? '',
    })),
  );
  const found = rows.filter(({ path, shown }) => `${path} ${shown}`.toLowerCase().includes(search));
  return (
    <section class="card">
      <header>
        <h2>{text.values}</h2>
        <span class="small">{text.valuesHint}</span>
      </header>
      {value === undefined ? (
        <p class="empty">{isAbsent ? text.unavailable : problem || '…'}</p>
      ) : (
        <ScrollBox label={text.values}>
          <table class="settings">
            <thead>
              <tr>
                <th scope="col">{text.key}</th>
                <th scope="col">{text.value}</th>
                <th scope="col">{text.origin}</th>
              </tr>
            </thead>
            <tbody>
              {found.map(({ path, shown, origin }) => (
                <tr key={path} class={origin === 'default' ? 'usual' : ''}>
                  <th scope="row">{path}</th>
                  <td>{shown}</td>
                  <td class="origin">{origin === 'default' ? text.usual : origin}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollBox>
      )}
    </section>
  );
}
