/** Which endpoints are shown and in which order, as the address says. */
import type { EndpointRow } from '../../control/status.ts';
import { isColumn, VALUES } from './endpoint-values.ts';

/** Words of the search are all found somewhere in the row. */
export function filtered(
  rows: readonly EndpointRow[],
  query: URLSearchParams,
): readonly EndpointRow[] {
  const words = (query.get('q') ?? '').toLowerCase().split(/\s+/).filter(Boolean);
  const state = query.get('state') ?? '';
  const model = query.get('model') ?? '';
  const source = query.get('source') ?? '';
  return rows.filter((row) => {
    if (state === 'trouble' ? row.state === 'healthy' : state !== '' && row.state !== state) {
      return false;
    }
    if (model !== '' && row.model !== model) return false;
    if (source !== '' && row.source !== source) return false;
    if (words.length === 0) return true;
    const all = `${row.id} ${row.engine ?? ''} ${row.state} ${row.reason} ${row.source}`;
    const text = all.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

export interface Order {
  readonly key: string;
  readonly down: boolean;
}

/** `-send_rpm` is descending; the sick come first when nothing was chosen. */
export function orderOf(query: URLSearchParams): Order {
  const text = query.get('sort') ?? 'state';
  return text.startsWith('-') ? { key: text.slice(1), down: true } : { key: text, down: false };
}

/** Equal rows keep the order of the configuration; unknown values come last either way. */
export function sorted(rows: readonly EndpointRow[], { key, down }: Order): readonly EndpointRow[] {
  if (!isColumn(key)) return rows;
  const sortValue = VALUES[key];
  const sign = down ? -1 : 1;
  return rows
    .map((row) => ({ row, value: sortValue(row) }))
    .sort((a, b) => {
      if (a.value === b.value) return 0;
      if (a.value === null) return 1;
      if (b.value === null) return -1;
      if (typeof a.value === 'string') return sign * a.value.localeCompare(String(b.value));
      return sign * (a.value - Number(b.value));
    })
    .map(({ row }) => row);
}
