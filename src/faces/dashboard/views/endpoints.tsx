/** All endpoints: search, filters and order in the address, columns to choose, a file to take. */
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { EndpointRow, EndpointState, StatusSnapshot } from '../../../control/status.ts';
import { csvOf, download } from '../csv.ts';
import { COLUMNS, type Column } from '../endpoint-columns.tsx';
import { filtered, orderOf, sorted } from '../endpoint-filter.ts';
import { VALUES } from '../endpoint-values.ts';
import { SearchField, Select } from '../parts/fields.tsx';
import { Icon } from '../parts/icons.tsx';
import { useCell } from '../state/cell.ts';
import { place, setQuery } from '../state/place.ts';
import { recall, remember } from '../state/prefs.ts';
import { useText } from '../text/text.ts';
import { EndpointTable } from './endpoint-table.tsx';

export function Endpoints({ status }: { readonly status: StatusSnapshot }) {
  const { query } = useCell(place);
  const { table, columns: names } = useText();
  const [chosen, setChosen] = useState(chosenColumns);
  const order = orderOf(query);
  const rows = useMemo(
    () => sorted(filtered(status.endpoints, query), order),
    [status.endpoints, query],
  );
  const columns = COLUMNS.filter(({ key }) => chosen.has(key));
  const choose = (keys: ReadonlySet<string>) => {
    remember('columns', [...keys].join(','));
    setChosen(keys);
  };
  const file = () => {
    const header = COLUMNS.map(({ key }) => names[key]);
    const fields = rows.map((row) => COLUMNS.map(({ key }) => fileValue(key, row)));
    download('endpoints.csv', csvOf(header, fields));
  };
  return (
    <div class="page-fill">
      <search class="toolbar">
        <SearchField
          label={table.search}
          value={query.get('q') ?? ''}
          onChange={(q) => setQuery({ q })}
        />
        <Filters status={status} query={query} />
        <span class="shown" role="status">
          {table.shown(rows.length, status.endpoints.length)}
        </span>
        <ColumnChooser chosen={chosen} onChoose={choose} />
        <button type="button" onClick={file} title={table.csv} aria-label={table.csv}>
          <Icon name="download" />
          <span class="wide-only">CSV</span>
        </button>
      </search>
      <EndpointTable rows={rows} columns={columns} order={order} nowAtMs={status.now_at_ms} />
    </div>
  );
}

function fileValue(key: Column['key'], row: EndpointRow): string | number | null {
  if (key === 'state') return row.state;
  if (key === 'since') return row.since_at_ms && new Date(row.since_at_ms).toISOString();
  return VALUES[key](row);
}

const STATES: readonly EndpointState[] = [
  'healthy',
  'busy',
  'probing',
  'ejected',
  'down',
  'unchecked',
  'draining',
  'maintenance',
];

function Filters({
  status,
  query,
}: {
  readonly status: StatusSnapshot;
  readonly query: URLSearchParams;
}) {
  const { table, states, columns, health } = useText();
  return (
    <>
      <Select
        label={columns.state}
        value={query.get('state') ?? ''}
        onChange={(state) => setQuery({ state })}
        options={[
          ['', `${columns.state}: ${table.all}`],
          ['trouble', health.title],
          ...STATES.map((state): [string, string] => [state, states[state]]),
        ]}
      />
      <Select
        label={table.model}
        value={query.get('model') ?? ''}
        onChange={(model) => setQuery({ model })}
        options={[
          ['', table.allModels],
          ...status.models.map(({ model }): [string, string] => [model, model]),
        ]}
      />
      {status.sources.length > 1 && (
        <Select
          label={table.source}
          value={query.get('source') ?? ''}
          onChange={(source) => setQuery({ source })}
          options={[
            ['', table.allSources],
            ...status.sources.map(({ source }): [string, string] => [source, source]),
          ]}
        />
      )}
    </>
  );
}

function usualColumns(): ReadonlySet<string> {
  return new Set(COLUMNS.filter(({ usual }) => usual).map(({ key }) => key));
}

function chosenColumns(): ReadonlySet<string> {
  const keys = recall('columns').split(',').filter(Boolean);
  return keys.length === 0 ? usualColumns() : new Set(['endpoint', ...keys]);
}

function ColumnChooser({
  chosen,
  onChoose,
}: {
  readonly chosen: ReadonlySet<string>;
  onChoose(keys: ReadonlySet<string>): void;
}) {
  const { table, columns } = useText();
  const [isOpen, setOpen] = useState(false);
  useEffect(() => {
    if (!isOpen) return;
    const close = (event: Event) => {
      if (!(event.target as Element).closest?.('.chooser')) setOpen(false);
    };
    const closeByKey = (event: KeyboardEvent) => {
      if (event.key === 'Escape') setOpen(false);
    };
    addEventListener('pointerdown', close);
    addEventListener('keydown', closeByKey);
    return () => {
      removeEventListener('pointerdown', close);
      removeEventListener('keydown', closeByKey);
    };
  }, [isOpen]);
  const toggle = (key: string) => {
    const keys = new Set(chosen);
    if (!keys.delete(key)) keys.add(key);
    onChoose(keys);
  };
  return (
    <div class="chooser">
      <button type="button" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        <Icon name="columns" />
        <span class="wide-only">{table.columns}</span>
      </button>
      {isOpen && (
        <fieldset class="menu">
          <legend class="hidden">{table.columns}</legend>
          {COLUMNS.slice(1).map(({ key }) => (
            <label key={key}>
              <input type="checkbox" checked={chosen.has(key)} onChange={() => toggle(key)} />
              {columns[key]}
            </label>
          ))}
          <button type="button" class="quiet" onClick={() => onChoose(usualColumns())}>
            {table.reset}
          </button>
        </fieldset>
      )}
    </div>
  );
}
