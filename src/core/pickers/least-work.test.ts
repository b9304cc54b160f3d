import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { Ask } from '../ask.ts';
import { BlockChain } from '../block-chain.ts';
import { fixtureColumns } from '../columns-fixture.ts';
import { PrefillEntry, PrefillLedger } from '../prefill-ledger.ts';
import { PrefixIndex } from '../prefix-index.ts';
import { createPrefixMemory, PrefixTable } from '../prefix-table.ts';
import { Xorshift } from '../random.ts';
import { LeastWork } from './least-work.ts';
import type { Gate } from './picker.ts';
import { poolOf } from './pool-fixture.ts';

const ALL: Gate = { admits: () => true };
const NOW_MS = 1_000;

function prompt(seed: number, blocks: number): BlockChain {
  const chain = new BlockChain();
  for (let block = 0; block < blocks; block++) {
    chain.push(Math.imul(seed * 977 + block, 0x9e3779b1), ~(seed * 31 + block), (block + 1) * 128);
  }
  chain.tokens = blocks * 128;
  return chain;
}

function rig(endpoints: number) {
  const columns = fixtureColumns(endpoints, 1);
  const table = new PrefixTable(createPrefixMemory(1 << 18, 1));
  const index = new PrefixIndex(table, columns, 0, 1e6);
  const picker = new LeastWork(columns, index);
  const ledger = new PrefillLedger(columns, 0);
  const pool = poolOf(new Array(endpoints).fill(1));
  const random = new Xorshift(2);
  const ask = new Ask();
  ask.nowMs = NOW_MS;
  return {
    ask,
    index,
    take(chain: BlockChain, member: number) {
      ask.begin(chain, 0);
      picker.take(pool, member, ask);
    },
    pick(chain: BlockChain, gate: Gate = ALL) {
      ask.begin(chain, 0);
      return picker.pick(pool, gate, random, ask);
    },
    queue(slot: number, tokens: number) {
      const entry = new PrefillEntry();
      Object.assign(entry, { slot, tokens, sinceMs: NOW_MS });
      ledger.open(entry);
    },
  };
}

describe('LeastWork', () => {
  test('goes where most of the prompt is held, and says so', () => {
    const { ask, index, pick } = rig(8);
    index.record(prompt(1, 20), 5, 0);
    assert.equal(pick(prompt(1, 24)), 5);
    assert.equal(ask.decision.affinity, 'kept');
    assert.deepEqual([ask.decision.matchedBlocks, ask.decision.blocks], [20, 24]);
    assert.equal(ask.decision.uncachedTokens, 4 * 128);
  });

  test('leaves it when waiting there costs more than it saves, and says so', () => {
    const { ask, index, pick, queue } = rig(8);
    index.record(prompt(1, 20), 5, 0);
    queue(5, 4 * 20 * 128 - 200);
    assert.equal(pick(prompt(1, 20)), 5);
    queue(5, 1_000);
    assert.notEqual(pick(prompt(1, 20)), 5);
    assert.equal(ask.decision.affinity, 'broken_by_load');
  });

  test('says when the one that holds it could not take it', () => {
    const { ask, index, pick } = rig(4);
    index.record(prompt(1, 20), 2, 0);
    assert.notEqual(pick(prompt(1, 20), { admits: (member) => member !== 2 }), 2);
    assert.equal(ask.decision.affinity, 'broken_unavailable');
  });

  test('spreads cold prompts evenly by their tokens', () => {
    const { ask, pick } = rig(8);
    const given = new Array<number>(8).fill(0);
    const random = new Xorshift(4);
    for (let at = 0; at < 800; at++) {
      const chain = prompt(1_000 + at, 1 + random.below(60));
      given[pick(chain)]! += chain.tokens;
      assert.equal(ask.decision.affinity, 'cold');
    }
    const mean = given.reduce((a, b) => a + b, 0) / 8;
    assert.ok(Math.max(...given) / mean < 1.1, given.join(' '));
  });

  test('forgets what it gave: after long silence all are equal again', () => {
    const { ask, pick } = rig(8);
    for (let hours = 0; hours < 4; hours++) {
      const seen = new Set<number>();
      for (let at = 0; at < 8; at++) seen.add(pick(prompt(100 * hours + at, 5)));
      assert.equal(seen.size, 8, 'each takes one before any takes two');
      ask.nowMs += 3_600_000;
    }
  });

  test('asks about few members of a pool whose load differs', () => {
    const { pick, queue } = rig(60);
    for (let slot = 0; slot < 60; slot++) queue(slot, 1_000 * (1 + ((slot * 7) % 60)));
    let asked = 0;
    const counted: Gate = {
      admits: () => {
        asked++;
        return true;
      },
    };
    assert.equal(pick(prompt(1, 1), counted), 0);
    assert.ok(asked < 15, `${asked}`);
  });

  test('estimates a member that somebody else chose', () => {
    const { ask, index, queue, take } = rig(8);
    index.record(prompt(1, 20), 5, 0);
    queue(5, 1_000);
    take(prompt(1, 24), 5);
    const { affinity, matchedBlocks, member, queuedTokens, uncachedTokens } = ask.decision;
    assert.deepEqual([affinity, member, matchedBlocks], ['kept', 5, 20]);
    assert.deepEqual([queuedTokens, uncachedTokens], [1_000, 512]);
    take(prompt(1, 24), 6);
    assert.equal(ask.decision.affinity, 'cold');
    assert.ok(ask.decision.estimatedMs > 0);
  });

  test('finds the one that holds a prompt among a thousand, and the only one that is open', () => {
    const { index, pick } = rig(1_000);
    pick(prompt(3, 5));
    index.record(prompt(1, 20), 777, 0);
    for (let again = 0; again < 20; again++) assert.equal(pick(prompt(1, 21)), 777);
    const only: Gate = { admits: (member) => member === 3 };
    for (let again = 0; again < 20; again++) assert.equal(pick(prompt(2, 5), only), 3);
    assert.equal(pick(prompt(2, 5), { admits: () => false }), -1);
  });
});
