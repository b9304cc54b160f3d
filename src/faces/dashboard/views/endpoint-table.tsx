/**
 * The table itself: only rows in sight are drawn. One row is the selected one; arrows move it,
 * Enter opens it, and the keys of the actions act on it.
 */
import { useRef, useState } from 'preact/hooks';
import type { EndpointRow } from '../../../control/status.ts';
import type { Column } from '../endpoint-columns.tsx';
import type { Order } from '../endpoint-filter.ts';
import { Gap, useWindow } from '../parts/virtual-rows.tsx';
import { actionOfKey, isUseful, request } from '../state/actions.ts';
import { useCell } from '../state/cell.ts';
import { status } from '../state/live.ts';
import { goTo, hashOf, setQuery } from '../state/place.ts';
import { useText } from '../text/text.ts';

const ROW_HEIGHT = 34;

interface TableProps {
  readonly rows: readonly EndpointRow[];
  readonly columns: readonly Column[];
  readonly order: Order;
  readonly nowAtMs: number;
}

export function EndpointTable({ rows, columns, order, nowAtMs }: TableProps) {
  const { nav } = useText();
  const box = useRef<HTMLDivElement>(null);
  const { from, to } = useWindow(box, rows.length, ROW_HEIGHT);
  const [selectedId, select] = useState('');
  const at = rows.findIndex(({ id }) => id === selectedId);
  const onKeyDown = (event: KeyboardEvent) => {
    const move = MOVES[event.key];
    if (move !== undefined) {
      const next = Math.min(rows.length - 1, Math.max(0, move(at, rows.length)));
      select(rows[next]?.id ?? '');
      reveal(box.current, next);
    } else if (!actOn(rows[at], event)) return;
    event.preventDefault();
  };
  return (
    <section
      class="table-box"
      ref={box}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys
      tabIndex={0}
      aria-label={nav.endpoints}
      data-keys
      onKeyDown={onKeyDown}
    >
      <table class="endpoints" aria-rowcount={rows.length + 1}>
        <thead>
          <tr>
            {columns.map((column) => (
              <Head key={column.key} column={column} order={order} />
            ))}
          </tr>
        </thead>
        <tbody>
          <Gap height={from * ROW_HEIGHT} />
          {rows.slice(from, to).map((row, index) => (
            <Row
              key={row.id}
              row={row}
              index={from + index + 2}
              columns={columns}
              isSelected={row.id === selectedId}
              nowAtMs={nowAtMs}
              onSelect={select}
            />
          ))}
          <Gap height={(rows.length - to) * ROW_HEIGHT} />
        </tbody>
      </table>
      {rows.length === 0 && <NoRows />}
    </section>
  );
}

function NoRows() {
  const { table, health } = useText();
  if (useCell(status)?.endpoints.length === 0) {
    return (
      <p class="empty">
        {health.none} {health.addOne}
      </p>
    );
  }
  return (
    <p class="empty">
      {table.nothing}{' '}
      <a href={hashOf('endpoints')} class="button">
        {table.clear}
      </a>
    </p>
  );
}

const MOVES: Readonly<Record<string, ((at: number, count: number) => number) | undefined>> = {
  ArrowDown: (at) => at + 1,
  j: (at) => at + 1,
  ArrowUp: (at) => at - 1,
  k: (at) => at - 1,
  PageDown: (at) => at + 15,
  PageUp: (at) => at - 15,
  Home: () => 0,
  End: (_at, count) => count - 1,
};

function reveal(box: HTMLElement | null, index: number): void {
  if (box === null) return;
  const top = index * ROW_HEIGHT;
  const room = box.clientHeight - 2 * ROW_HEIGHT;
  if (top < box.scrollTop) box.scrollTop = top;
  else if (top > box.scrollTop + room) box.scrollTop = top - room;
}

/** Opens the row, or does what the key stands for; false: it stands for nothing here. */
function actOn(row: EndpointRow | undefined, event: KeyboardEvent): boolean {
  if (row === undefined) return false;
  // Enter on a link or a head is theirs.
  if (event.key === 'Enter' && event.target === event.currentTarget) {
    goTo('endpoints', row.id);
    return true;
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  const action = actionOfKey(event.key);
  if (action === undefined || !isUseful(action, row)) return false;
  request(action, row);
  return true;
}

function Head({ column, order }: { readonly column: Column; readonly order: Order }) {
  const { columns, table } = useText();
  const isOn = order.key === column.key;
  const name = columns[column.key];
  // Numbers are asked for their largest first.
  const next = isOn ? !order.down : column.isText !== true;
  return (
    <th
      scope="col"
      class={`${column.isText ? 'text' : ''} column-${column.key}`}
      aria-sort={isOn ? (order.down ? 'descending' : 'ascending') : 'none'}
    >
      <button
        type="button"
        title={`${table.sorted}: ${name}`}
        onClick={() => setQuery({ sort: `${next ? '-' : ''}${column.key}` })}
      >
        {name}
        <span class="arrow" aria-hidden="true">
          {isOn ? (order.down ? '↓' : '↑') : ''}
        </span>
      </button>
    </th>
  );
}

interface RowProps {
  readonly row: EndpointRow;
  readonly index: number;
  readonly columns: readonly Column[];
  readonly isSelected: boolean;
  readonly nowAtMs: number;
  onSelect(id: string): void;
}

function Row({ row, index, columns, isSelected, nowAtMs, onSelect }: RowProps) {
  return (
    <tr
      class={`${row.state} ${isSelected ? 'selected' : ''}`}
      aria-rowindex={index}
      onClick={(event) => {
        onSelect(row.id);
        if ((event.target as Element).closest('a') === null) goTo('endpoints', row.id);
      }}
    >
      {columns.map((column) =>
        column.key === 'endpoint' ? (
          <th key={column.key} scope="row" class="text column-endpoint">
            <a href={hashOf('endpoints', row.id)} title={row.id}>
              {column.view(row, nowAtMs)}
            </a>
          </th>
        ) : (
          <td key={column.key} class={`${column.isText ? 'text' : ''} column-${column.key}`}>
            {column.view(row, nowAtMs)}
          </td>
        ),
      )}
    </tr>
  );
}
