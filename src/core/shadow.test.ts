import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BlockChain } from './block-chain.ts';
import { fixtureColumns } from './columns-fixture.ts';
import type { Gate } from './pickers/picker.ts';
import { poolOf } from './pickers/pool-fixture.ts';
import { PrefixIndex } from './prefix-index.ts';
import { createPrefixMemory, PrefixTable } from './prefix-table.ts';
import { Xorshift } from './random.ts';
import { Shadow } from './shadow.ts';
import { makeStrategy } from './strategy.ts';
import { askAt } from './strategy-fixture.ts';

const ALL: Gate = { admits: () => true };

test('says how often it would have gone elsewhere and what that would have been worth', () => {
  const columns = fixtureColumns(2, 1);
  const table = new PrefixTable(createPrefixMemory(1 << 16, 1));
  const index = new PrefixIndex(table, columns, 0, 100_000);
  const strategy = makeStrategy('prefix-aware', { columns, staleAfterMs: 1, index });
  const shadow = new Shadow(strategy, columns, index);
  const chain = new BlockChain();
  for (let block = 0; block < 10; block++) chain.push(block + 1, ~block, (block + 1) * 128);
  chain.tokens = 1_280;
  index.record(chain, 1, 0);
  const ask = askAt(1);
  ask.begin(chain, 0);
  ask.decision.member = 0;
  shadow.consider(poolOf([1, 1]), ALL, new Xorshift(1), ask);
  assert.equal(ask.decision.member, 0, 'it is not obeyed');
  assert.equal(ask.decision.uncachedTokens, 1_280, 'but what it estimates is known from now on');
  ask.begin(chain, 0);
  ask.decision.member = 1;
  shadow.consider(poolOf([1, 1]), ALL, new Xorshift(1), ask);
  const tally = shadow.take();
  assert.deepEqual([tally.strategy, tally.decisions, tally.elsewhere], ['prefix-aware', 2, 1]);
  assert.ok(tally.estimatedMs > 100 && tally.shadowEstimatedMs < 10, JSON.stringify(tally));
  assert.equal(shadow.take().decisions, 0);
});
