/** Reads the tables that bench/pick.ts and bench/prompt.ts print. */

/** With one worker, as in the other scenarios. */
const PICKS_ROW = /^(\d+) endpoints, 1 workers$/;
const PROMPT_ROW = /^8 of 64 blocks shared by all$/;
const READING_ROW = /^32 KB of prose$/;

/** µs per pick by `strategy, endpoints`; throws when there is none. */
export function parsePicks(output: string): Map<string, number> {
  const picks = new Map<string, number>();
  for (const { column, row, us } of cellsOf(output, PICKS_ROW)) {
    picks.set(`${column}, ${row[1]}`, us);
  }
  if (picks.size === 0) throw new SyntaxError(`no picks in: ${output.slice(0, 200)}`);
  return picks;
}

/** µs of each part of placing a prompt: `read`, `pick`, `record`; throws when one is missing. */
export function parsePrompt(output: string): Map<string, number> {
  const parts = new Map<string, number>();
  for (const row of [READING_ROW, PROMPT_ROW]) {
    for (const { column, us } of cellsOf(output, row)) parts.set(column, us);
  }
  for (const part of ['read', 'pick', 'record']) {
    if (!parts.has(part)) throw new SyntaxError(`no ${part} in: ${output.slice(0, 200)}`);
  }
  return parts;
}

interface Cell {
  readonly column: string;
  readonly row: RegExpExecArray;
  readonly us: number;
}

/** The numbers of all rows whose name matches. */
function cellsOf(output: string, wanted: RegExp): Cell[] {
  const found: Cell[] = [];
  let columns: string[] = [];
  for (const line of output.split('\n')) {
    const cells = line.split('│').map((cell) => cell.trim());
    if (cells.length < 3) continue;
    const [name = '', ...values] = cells.slice(1, -1);
    if (name === '(index)') columns = values;
    const row = wanted.exec(name);
    if (row === null) continue;
    for (const [index, value] of values.entries()) {
      const us = Number(value.replaceAll("'", ''));
      if (value !== '' && us >= 0) found.push({ column: columns[index]!, row, us });
    }
  }
  return found;
}
