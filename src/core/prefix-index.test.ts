import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import fc from 'fast-check';
import { BlockChain } from './block-chain.ts';
import { fixtureColumns } from './columns-fixture.ts';
import { poolOf } from './pickers/pool-fixture.ts';
import { forgetPrefixes, PrefixIndex } from './prefix-index.ts';
import { createPrefixMemory, PrefixTable } from './prefix-table.ts';

const BLOCK_TOKENS = 16;

/** A chain whose block n stands for the first n + 1 letters of `text`. */
function chainOf(text: string): BlockChain {
  const chain = new BlockChain();
  let hash = 17;
  for (let at = 0; at < text.length; at++) {
    hash = (Math.imul(hash ^ text.charCodeAt(at), 0x9e3779b1) ^ at) | 0;
    chain.push(hash, Math.imul(hash, 0x85ebca6b) ^ (hash >>> 7), (at + 1) * BLOCK_TOKENS);
  }
  chain.tokens = text.length * BLOCK_TOKENS;
  return chain;
}

interface Rig {
  readonly index: PrefixIndex;
  readonly columns: ReturnType<typeof fixtureColumns>;
  held(text: string): number[];
  give(text: string, slot: number, nowMs?: number): void;
}

function rig({ endpoints = 4, blocks = 1_000, memoryBytes = 1 << 20, workers = 1 } = {}): Rig {
  const columns = fixtureColumns(endpoints, workers);
  const table = new PrefixTable(createPrefixMemory(memoryBytes, 1));
  const index = new PrefixIndex(table, columns, 0, blocks * BLOCK_TOKENS);
  const pool = poolOf(new Array(endpoints).fill(1));
  return {
    index,
    columns,
    held(text) {
      index.match(chainOf(text), pool);
      return [...index.matched.subarray(0, endpoints)];
    },
    give: (text, slot, nowMs = 0) => index.record(chainOf(text), slot, nowMs),
  };
}

describe('PrefixIndex', () => {
  test('knows how much of a prompt each endpoint was given', () => {
    const { give, held } = rig();
    give('abcdef', 0);
    give('abcxyz', 2);
    give('abc', 3);
    assert.deepEqual(held('abcdefgh'), [6, 0, 3, 3]);
    assert.deepEqual(held('abcx'), [3, 0, 4, 3]);
    assert.deepEqual(held('xabc'), [0, 0, 0, 0]);
    assert.deepEqual(held(''), [0, 0, 0, 0]);
  });

  test('takes an unbroken beginning only: the same text behind another one is another', () => {
    const { give, held } = rig();
    give('zzcdef', 1);
    assert.deepEqual(held('aacdef'), [0, 0, 0, 0]);
  });

  test('forgets what a cache of that size has pushed out, the tail of a prompt first', () => {
    const { give, held } = rig({ blocks: 10 });
    give('abcdef', 0);
    give('ghijkl', 0);
    assert.equal(held('ghijkl')[0], 6);
    assert.equal(held('abcdef')[0], 4, 'six new blocks on top leave room for four of ten');
    give('mnopqrst', 0);
    assert.equal(held('abcdef')[0], 0);
  });

  test('keeps what is used again', () => {
    const { give, held } = rig({ blocks: 10 });
    for (const other of ['bcd', 'efg', 'hij', 'klm', 'nop']) {
      give('aaaa', 0);
      give(other, 0);
    }
    assert.equal(held('aaaa')[0], 4);
    assert.equal(held('bcd')[0], 0);
  });

  test("goes by the engine's own word on the size of its cache", () => {
    const { columns, give, held } = rig({ blocks: 10 });
    columns.control.cacheTokens[1] = 100 * BLOCK_TOKENS;
    for (const slot of [0, 1]) {
      give('abcdef', slot);
      give('ghijklmnopqr', slot);
    }
    assert.deepEqual(held('abcdef').slice(0, 2), [0, 6]);
  });

  test('believes nothing of an engine that restarted, nor of the next tenant of a slot', () => {
    const { columns, give, held } = rig();
    give('abc', 0);
    give('abc', 1);
    columns.control.restarts[0] = 1;
    assert.deepEqual(held('abc'), [0, 3, 0, 0]);
    give('ab', 0);
    assert.deepEqual(held('abc'), [2, 3, 0, 0]);
    forgetPrefixes(columns, 0);
    columns.control.restarts[0] = 0;
    columns.workers[0]!.cachePages[0] = 0;
    assert.deepEqual(held('abc'), [0, 3, 0, 0]);
  });

  test('is one memory for all workers', () => {
    const columns = fixtureColumns(2, 2);
    const memory = createPrefixMemory(1 << 16, 1);
    const [one, other] = [0, 1].map(
      (worker) => new PrefixIndex(new PrefixTable(memory), columns, worker, 160),
    );
    const pool = poolOf([1, 1]);
    one!.record(chainOf('abcd'), 0, 0);
    other!.match(chainOf('abcd'), pool);
    assert.deepEqual([...other!.matched], [4, 0]);
    other!.record(chainOf('efghijklm'), 0, 0);
    one!.match(chainOf('abcd'), pool);
    assert.equal(one!.matched[0], 1, 'what one pushed out is out for all');
  });

  test('agrees with a plain model of LRU caches', () => {
    const word = fc.array(fc.constantFrom(...'abcd'), { minLength: 1, maxLength: 6 });
    const step = fc.record({ text: word.map((letters) => letters.join('')), slot: fc.nat(19) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { give, held } = rig({ endpoints: 20, blocks: 1_000 });
        const given = Array.from({ length: 20 }, () => new Set<string>());
        for (const { text, slot } of steps) {
          const expected = given.map((prefixes) => {
            let depth = 0;
            while (depth < text.length && prefixes.has(text.slice(0, depth + 1))) depth++;
            return depth;
          });
          assert.deepEqual(held(text), expected);
          give(text, slot);
          for (let at = 1; at <= text.length; at++) given[slot]!.add(text.slice(0, at));
        }
      }),
      { seed: 3, numRuns: 150 },
    );
  });

  test('names those of a large pool that hold the most, and looks only at them', () => {
    const word = fc.array(fc.constantFrom(...'ab'), { minLength: 1, maxLength: 6 });
    const step = fc.record({ text: word.map((letters) => letters.join('')), slot: fc.nat(299) });
    const pool = poolOf(new Array(300).fill(1));
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 12 }),
        fc.nat(299),
        fc.nat(2),
        (steps, first, beyond) => {
          const { give, held, index } = rig({ endpoints: 300 });
          index.matchWindow(chainOf('x'), pool, 0, 1);
          index.matchHolders(0);
          for (const { text, slot } of steps) give(text, slot);
          const expected = held('ababab');
          index.matchWindow(chainOf('ababab'), pool, first, 10);
          index.matchHolders(beyond);
          const holders = [...index.holders.subarray(0, index.holderCount)];
          const window = Array.from({ length: 10 }, (_, offset) => (first + offset) % 300);
          for (const member of [...window, ...holders]) {
            assert.equal(index.matched[member], expected[member]);
          }
          assert.equal(new Set(holders).size, holders.length, 'each once');
          const most = Math.max(...expected);
          if (most > beyond) assert.ok(holders.includes(expected.indexOf(most)));
          else assert.ok(holders.length <= 128);
        },
      ),
      { seed: 4, numRuns: 100 },
    );
  });

  test('looks at no more than 128 of a large pool that hold a beginning', () => {
    const { give, index } = rig({ endpoints: 1_000 });
    const pool = poolOf(new Array(1_000).fill(1));
    index.matchWindow(chainOf('abc'), pool, 0, 1);
    index.matchHolders(0);
    for (let slot = 0; slot < 1_000; slot++) give('abc', slot);
    give('abcdef', 777);
    const seen = new Set<number>();
    for (let again = 0; again < 100; again++) {
      index.matchWindow(chainOf('abcdef'), pool, 0, 10);
      index.matchHolders(0);
      assert.ok(index.holderCount > 100 && index.holderCount <= 128, `${index.holderCount}`);
      const holders = index.holders.subarray(0, index.holderCount);
      assert.ok(holders.includes(777), 'the one that holds the most is among them');
      for (const holder of holders) seen.add(holder);
    }
    assert.ok(seen.size > 900, `others take turns: ${seen.size}`);
  });

  test('tells popular beginnings from private ones in a large pool', () => {
    const { give, index } = rig({ endpoints: 200 });
    const pool = poolOf(new Array(200).fill(1));
    const popular = (text: string, nowMs: number) => {
      index.matchWindow(chainOf(text), pool, 0, 10);
      index.matchHolders(0);
      return index.popularBlocks(chainOf(text), nowMs, 60_000);
    };
    popular('sys', 0);
    for (let at = 0; at < 400; at++) give(`sys${at % 90}xy`, (at * 37) % 200, at * 100);
    assert.equal(popular('sys?', 40_000), 3);
    assert.equal(popular('other', 40_000), 0);
    assert.equal(popular('sys?', 60_000), 0, 'nobody used it for long');
  });

  test('tells popular beginnings from private ones', () => {
    const { give, index } = rig({ endpoints: 4 });
    const popular = (text: string, nowMs: number) =>
      index.popularBlocks(chainOf(text), nowMs, 10_000);
    for (let at = 0; at < 40; at++) {
      give(`sys${String.fromCharCode(97 + at)}xy`, at % 4, at * 500);
    }
    index.match(chainOf('syszzz'), poolOf([1, 1, 1, 1]));
    assert.equal(popular('syszzz', 20_000), 3);
    assert.equal(popular('other', 20_000), 0);
    assert.equal(popular('sysaxy', 20_000), 3, 'used once is not popular');
    assert.equal(popular('syszzz', 60_000), 0, 'and what was popular is not so for ever');
  });

  test('stays within its memory and keeps the latest', () => {
    const { give, held } = rig({ endpoints: 2, blocks: 1e6, memoryBytes: 64 * 1024 });
    for (let at = 0; at < 20_000; at++) give(`${at}#unique`, at % 2, at * 100);
    assert.equal(held('19999#unique')[1], 12);
    assert.equal(held('0#unique')[0], 0);
  });
});
