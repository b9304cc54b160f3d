/**
 * Strategies over fixture columns, for tests, benches and simulations: with a prefix memory of
 * their own, and asks that know the time only.
 */
import { Ask } from './ask.ts';
import type { Columns } from './columns.ts';
import { PrefixIndex } from './prefix-index.ts';
import { createPrefixMemory, PrefixTable } from './prefix-table.ts';
import { makeStrategy, type Strategy } from './strategy.ts';

const CACHE_TOKENS = 500_000;
const MEMORY_BYTES = 1024 * 1024;

export function strategyOf(name: string, columns: Columns, staleAfterMs: number): Strategy {
  const table = new PrefixTable(createPrefixMemory(MEMORY_BYTES, 1));
  const index = new PrefixIndex(table, columns, 0, CACHE_TOKENS);
  return makeStrategy(name, { columns, staleAfterMs, index });
}

export function askAt(nowMs: number): Ask {
  const ask = new Ask();
  ask.nowMs = nowMs;
  return ask;
}
