/**
 * What the viewer of the terminal dashboard looks at, and how keys change that. Pure: a key and the
 * present status in, the next view and perhaps something to do out.
 */
import type { EndpointRow, StatusSnapshot } from '../../control/status.ts';
import { ENDPOINT_COLUMNS, MODEL_COLUMNS, SERVICE_COLUMNS } from './tables.ts';

export const TABS = ['endpoints', 'models', 'services', 'problems', 'log'] as const;
export type Tab = (typeof TABS)[number];

const ACTIONS = {
  d: { state: 'draining', words: 'Drain' },
  e: { state: 'enabled', words: 'Enable' },
  m: { state: 'maintenance', words: 'Take into maintenance' },
} as const;

/** What the viewer asked the router to do to an endpoint. */
export type Deed =
  | { readonly kind: 'state'; readonly id: string; readonly state: string }
  | { readonly kind: 'check' | 'reset-ejection'; readonly id: string };

export interface View {
  readonly tab: Tab;
  /** Index of the column that sorts, by tab; -1 = the order of the router. */
  readonly sortBy: number;
  readonly descending: boolean;
  readonly filter: string;
  /** Keys go into the filter. */
  readonly typing: boolean;
  readonly selected: number;
  readonly detail: boolean;
  readonly help: boolean;
  /** Waits for `y`. */
  readonly confirm: { readonly deed: Deed; readonly question: string } | undefined;
  /** What came of the last deed. */
  readonly message: string;
}

export const FIRST_VIEW: View = {
  tab: 'endpoints',
  sortBy: 0,
  descending: false,
  filter: '',
  typing: false,
  selected: 0,
  detail: false,
  help: false,
  confirm: undefined,
  message: '',
};

/** A key as terminals tell it: its name, or the character it types. */
export interface Key {
  readonly name: 'up' | 'down' | 'pageUp' | 'pageDown' | 'enter' | 'escape' | 'tab' | 'erase' | '';
  readonly text: string;
}

export interface Pressed {
  readonly view: View;
  readonly deed?: Deed;
  readonly quit?: boolean;
}

const PAGE = 10;

export function press(view: View, key: Key, status: StatusSnapshot | undefined): Pressed {
  if (view.confirm !== undefined) return confirmed(view, key);
  if (view.typing) return { view: typed(view, key) };
  if (view.help) return { view: { ...view, help: false } };
  const rows = status === undefined ? 0 : rowCount(view, status);
  const moved = move(view, key, rows);
  if (moved !== undefined) return { view: moved };
  return command({ ...view, message: '' }, key, status);
}

function command(view: View, key: Key, status: StatusSnapshot | undefined): Pressed {
  const tab = TABS[Number(key.text) - 1];
  if (tab !== undefined) return { view: turnTo(view, tab) };
  if (key.name === 'tab') {
    return { view: turnTo(view, TABS[(TABS.indexOf(view.tab) + 1) % TABS.length]!) };
  }
  if (key.name === 'enter') return { view: { ...view, detail: view.tab === 'endpoints' } };
  if (key.name === 'escape') {
    return { view: view.detail ? { ...view, detail: false } : { ...view, filter: '' } };
  }
  switch (key.text) {
    case 'q':
      return { view, quit: true };
    case '?':
      return { view: { ...view, help: true } };
    case '/':
      return { view: { ...view, typing: true, detail: false } };
    case 's':
      return { view: { ...view, sortBy: nextColumn(view), selected: 0 } };
    case 'S':
      return { view: { ...view, descending: !view.descending, selected: 0 } };
    default:
      return deed(view, key.text, status);
  }
}

function deed(view: View, text: string, status: StatusSnapshot | undefined): Pressed {
  const row = status && selectedEndpoint(view, status);
  if (row === undefined) return { view };
  if (text === 'c') return { view, deed: { kind: 'check', id: row.id } };
  if (text === 'r') return { view, deed: { kind: 'reset-ejection', id: row.id } };
  if (!Object.hasOwn(ACTIONS, text)) return { view };
  const { state, words } = ACTIONS[text as keyof typeof ACTIONS];
  const asked: Deed = { kind: 'state', id: row.id, state };
  const question = `${words} ${row.id}? (y/n)`;
  return { view: { ...view, confirm: { deed: asked, question } } };
}

function confirmed(view: View, key: Key): Pressed {
  const answered = { ...view, confirm: undefined };
  if (key.text !== 'y' && key.text !== 'Y') return { view: answered };
  return { view: answered, deed: view.confirm!.deed };
}

function typed(view: View, key: Key): View {
  if (key.name === 'enter') return { ...view, typing: false };
  if (key.name === 'escape') return { ...view, typing: false, filter: '', selected: 0 };
  if (key.name === 'erase') return { ...view, filter: [...view.filter].slice(0, -1).join('') };
  return key.text === '' ? view : { ...view, filter: view.filter + key.text, selected: 0 };
}

function move(view: View, key: Key, rows: number): View | undefined {
  const last = Math.max(0, rows - 1);
  const to = (selected: number) => ({
    ...view,
    selected: Math.max(0, Math.min(last, selected)),
  });
  if (key.name === 'down' || key.text === 'j') return to(view.selected + 1);
  if (key.name === 'up' || key.text === 'k') return to(view.selected - 1);
  if (key.name === 'pageDown') return to(view.selected + PAGE);
  if (key.name === 'pageUp') return to(view.selected - PAGE);
  if (key.text === 'g') return to(0);
  return key.text === 'G' ? to(last) : undefined;
}

function turnTo(view: View, tab: Tab): View {
  return { ...FIRST_VIEW, tab, sortBy: tab === 'endpoints' ? 0 : -1, filter: view.filter };
}

function nextColumn({ tab, sortBy }: View): number {
  const columns = { endpoints: ENDPOINT_COLUMNS, models: MODEL_COLUMNS, services: SERVICE_COLUMNS };
  const count = Object.hasOwn(columns, tab) ? columns[tab as keyof typeof columns].length : 0;
  return count === 0 ? -1 : (sortBy + 1) % count;
}

interface Sorting<Row> {
  readonly columns: readonly { readonly by: (row: Row) => number | string }[];
  readonly textOf: (row: Row) => string;
}

/** The rows that the filter lets through, in the order that was asked for. */
export function arranged<Row>(
  rows: readonly Row[],
  { filter, sortBy, descending }: View,
  { columns, textOf }: Sorting<Row>,
): readonly Row[] {
  const wanted = filter.toLowerCase();
  const found = rows.filter((row) => textOf(row).toLowerCase().includes(wanted));
  const by = columns[sortBy]?.by;
  if (by === undefined) return found;
  const sign = descending ? -1 : 1;
  return found.toSorted((one, other) => {
    const [a, b] = [by(one), by(other)];
    if (typeof a === 'string' || typeof b === 'string') {
      return sign * String(a).localeCompare(String(b));
    }
    return sign * (a - b);
  });
}

export function endpointsOf(view: View, { endpoints }: StatusSnapshot): readonly EndpointRow[] {
  const textOf = ({ id, state, reason, engine }: EndpointRow) =>
    `${id} ${state} ${reason} ${engine ?? ''}`;
  return arranged(endpoints, view, { columns: ENDPOINT_COLUMNS, textOf });
}

export function selectedEndpoint(view: View, status: StatusSnapshot): EndpointRow | undefined {
  return view.tab === 'endpoints' ? endpointsOf(view, status)[view.selected] : undefined;
}

function rowCount(view: View, status: StatusSnapshot): number {
  switch (view.tab) {
    case 'endpoints':
      return endpointsOf(view, status).length;
    case 'models':
      return status.models.length;
    case 'services':
      return status.sources.length;
    case 'problems':
      return status.problems.length;
    default:
      return 0;
  }
}
