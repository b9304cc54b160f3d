/** How figures of several rounds become cells: plain, as a ratio to nginx, or minus direct. */
import { pairwise, type Spread, spreadOf } from '../measure/stats.ts';
import { formatSpread, type Table } from '../measure/table.ts';
import type { Figures, RoundsByTarget } from './scenario.ts';

export interface Column {
  readonly heading: string;
  readonly figure: string;
  readonly digits: number;
  readonly against?: 'times nginx' | 'minus direct';
}

/** The spread of one column for one target; pairs are formed within a round. */
export function columnSpread(
  column: Column,
  rounds: RoundsByTarget,
  target: string,
): Spread | null {
  const own = figureOf(rounds.get(target), column.figure);
  if (column.against === 'times nginx') {
    const nginx = figureOf(rounds.get('nginx'), column.figure);
    return spreadOf(pairwise(own, nginx, (left, right) => left / right));
  }
  if (column.against === 'minus direct') {
    if (target === 'direct') return null;
    const direct = figureOf(rounds.get('direct'), column.figure);
    return spreadOf(pairwise(own, direct, (left, right) => left - right));
  }
  return spreadOf(own);
}

/** One table: a row a target, a cell a column. */
export function tableOf(
  text: { readonly title: string; readonly notes: readonly string[] },
  columns: readonly Column[],
  rounds: RoundsByTarget,
): Table {
  const rows = [...rounds.keys()].map((target) => [
    target,
    ...columns.map((column) => formatSpread(columnSpread(column, rounds, target), column.digits)),
  ]);
  return { ...text, columns: ['target', ...columns.map((column) => column.heading)], rows };
}

function figureOf(rounds: readonly Figures[] | undefined, figure: string): (number | null)[] {
  return (rounds ?? []).map((figures) => figures[figure] ?? null);
}
