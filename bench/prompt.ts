/**
 * CPU of a placement by prefix, part by part, for a prompt of 32 KB (64 blocks of 128 tokens) and
 * 64 endpoints. Prints µs per operation. Run: node bench/prompt.ts
 */
import { BlockChain } from '../src/core/block-chain.ts';
import { fixtureColumns } from '../src/core/columns-fixture.ts';
import type { Gate } from '../src/core/pickers/picker.ts';
import { poolOf } from '../src/core/pickers/pool-fixture.ts';
import { PrefixIndex } from '../src/core/prefix-index.ts';
import { createPrefixMemory, PrefixTable } from '../src/core/prefix-table.ts';
import { Xorshift } from '../src/core/random.ts';
import { makeStrategy } from '../src/core/strategy.ts';
import { askAt } from '../src/core/strategy-fixture.ts';
import { PromptBlocks } from '../src/openai/prompt-blocks.ts';

const ENDPOINTS = 64;
const BLOCKS = 64;
const BLOCK_TOKENS = 128;
const PROMPTS = 2_000;
const ROUNDS = 20_000;
const ALL: Gate = { admits: () => true };

/** Prompts that begin alike for `shared` blocks and differ then. */
function prompts(shared: number): BlockChain[] {
  const random = new Xorshift(7);
  const head = Array.from({ length: shared }, () => [random.below(2 ** 31), random.below(2 ** 31)]);
  return Array.from({ length: PROMPTS }, () => {
    const chain = new BlockChain();
    chain.tokens = BLOCKS * BLOCK_TOKENS;
    for (let block = 0; block < BLOCKS; block++) {
      const [low, high] = head[block] ?? [random.below(2 ** 31), random.below(2 ** 31)];
      chain.push(low!, high!, (block + 1) * BLOCK_TOKENS);
    }
    return chain;
  });
}

function microseconds(call: (round: number) => void): string {
  for (let round = 0; round < ROUNDS; round++) call(round);
  const startMs = performance.now();
  for (let round = 0; round < ROUNDS; round++) call(round);
  return (((performance.now() - startMs) * 1_000) / ROUNDS).toFixed(2);
}

function benchPlacement(shared: number): Record<string, string> {
  const columns = fixtureColumns(ENDPOINTS, 4);
  const table = new PrefixTable(createPrefixMemory(64 * 1024 * 1024, 1));
  const index = new PrefixIndex(table, columns, 0, 500_000);
  const strategy = makeStrategy('prefix-aware', { columns, staleAfterMs: 1, index });
  const pool = poolOf(new Array<number>(ENDPOINTS).fill(1));
  const random = new Xorshift(1);
  const all = prompts(shared);
  for (const [at, chain] of all.entries()) index.record(chain, at % ENDPOINTS, at);
  const ask = askAt(1);
  return {
    pick: microseconds((round) => {
      ask.prompt = all[round % PROMPTS]!;
      strategy.pick(pool, ALL, random, ask);
    }),
    record: microseconds((round) => {
      index.record(all[round % PROMPTS]!, round % ENDPOINTS, round);
    }),
  };
}

/** A conversation of about 32 KB: 16 turns of prose with line breaks and quotes. */
function conversation(escapes: boolean): Buffer {
  const text = escapes
    ? 'He said: "go on,\nas you were".\n'
    : 'All that is gold does not glitter. ';
  const content = text.repeat(Math.ceil(1_900 / text.length));
  const messages = Array.from({ length: 16 }, (_, turn) => ({
    role: turn % 2 === 0 ? 'user' : 'assistant',
    content: content + String(turn),
  }));
  return Buffer.from(JSON.stringify({ model: 'm', stream: true, messages }));
}

function benchReading(body: Buffer): Record<string, string> {
  const reader = new PromptBlocks(1);
  const chain = new BlockChain();
  const spans = [body];
  return { read: microseconds(() => reader.read(spans, chain)) };
}

const rows: Record<string, Record<string, string>> = {};
for (const shared of [0, 8, BLOCKS]) {
  rows[`${shared} of ${BLOCKS} blocks shared by all`] = benchPlacement(shared);
}
rows['32 KB of prose'] = benchReading(conversation(false));
rows['32 KB, an escape every 10 bytes'] = benchReading(conversation(true));
console.table(rows);
