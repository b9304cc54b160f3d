/** Reads the table that bench/pick.ts prints: rows of sizes, columns of strategies. */

/** With one worker, as in the other scenarios. */
const ROW = /^(\d+) endpoints, 1 workers$/;

/** µs per pick by `strategy, endpoints`; throws when there is none. */
export function parsePicks(output: string): Map<string, number> {
  const picks = new Map<string, number>();
  let strategies: string[] = [];
  for (const line of output.split('\n')) {
    const cells = line.split('│').map((cell) => cell.trim());
    if (cells.length < 3) continue;
    const [name = '', ...values] = cells.slice(1, -1);
    if (name === '(index)') strategies = values;
    const endpoints = ROW.exec(name)?.[1];
    if (endpoints === undefined) continue;
    for (const [index, value] of values.entries()) {
      const us = Number(value.replaceAll("'", ''));
      if (value !== '' && us >= 0) picks.set(`${strategies[index]}, ${endpoints}`, us);
    }
  }
  if (picks.size === 0) throw new SyntaxError(`no picks in: ${output.slice(0, 200)}`);
  return picks;
}
