/**
 * Where the visitor is: `#/endpoints/ID?q=…`. Invariant: everything that a colleague should see
 * when sent the address is in it: page, filters, order, ranges.
 */
import { Cell } from './cell.ts';

export const PAGES = ['overview', 'endpoints', 'charts', 'requests', 'log', 'config'] as const;
export type Page = (typeof PAGES)[number];

export interface Place {
  readonly page: Page;
  /** What of it, decoded: an endpoint or request id; '' = the page itself. */
  readonly item: string;
  readonly query: URLSearchParams;
}

function placeOf(hash: string): Place {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split(/\?(.*)/s);
  const [page = '', item = ''] = path.split('/');
  return {
    page: PAGES.find((one) => one === page) ?? 'overview',
    item: decoded(item),
    query: new URLSearchParams(query),
  };
}

export function hashOf(page: Page, item = '', query = new URLSearchParams()): string {
  const path = item === '' ? page : `${page}/${encodeURIComponent(item)}`;
  const text = query.toString();
  return `#/${path}${text === '' ? '' : `?${text}`}`;
}

export const place = new Cell<Place>(placeOf(''));

/** Follows the address bar from now on. */
export function followAddress(): void {
  const read = () => place.set(placeOf(location.hash));
  addEventListener('hashchange', read);
  read();
}

export function goTo(page: Page, item = '', query?: URLSearchParams): void {
  location.hash = hashOf(page, item, query);
}

/** Changes parameters of this page's address without a step in the history; '' removes one. */
export function setQuery(changes: Readonly<Record<string, string>>): void {
  const { page, item, query } = place.value;
  const changed = new URLSearchParams(query);
  for (const [name, value] of Object.entries(changes)) {
    if (value === '') changed.delete(name);
    else changed.set(name, value);
  }
  history.replaceState(null, '', hashOf(page, item, changed));
  place.set({ page, item, query: changed });
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}
