import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import fc from 'fast-check';
import { fixtureColumns } from './columns-fixture.ts';
import { PrefillEntry, PrefillLedger, queuedTokens } from './prefill-ledger.ts';

const MS_PER_TOKEN = 0.1;

function entryOf(slot: number, tokens: number, sinceMs: number): PrefillEntry {
  const entry = new PrefillEntry();
  Object.assign(entry, { slot, tokens, sinceMs, queuedTokens: tokens });
  return entry;
}

describe('PrefillLedger', () => {
  test('shows a prompt from its dispatch to its first byte, to every worker', () => {
    const { workers, ...rest } = fixtureColumns(2, 2);
    const ledger = new PrefillLedger({ workers, ...rest }, 1);
    const entry = entryOf(0, 1_000, 5);
    ledger.open(entry);
    assert.equal(queuedTokens(workers, 0, MS_PER_TOKEN, 5), 1_000);
    assert.equal(queuedTokens(workers, 1, MS_PER_TOKEN, 5), 0);
    ledger.answered(entry, 100);
    assert.equal(queuedTokens(workers, 0, MS_PER_TOKEN, 100), 0);
    ledger.close(entry);
    assert.equal(queuedTokens(workers, 0, MS_PER_TOKEN, 100), 0);
  });

  test('takes off what the engine must have done of the oldest, and no more than that one', () => {
    const { workers, ...rest } = fixtureColumns(1, 1);
    const ledger = new PrefillLedger({ workers, ...rest }, 0);
    const first = entryOf(0, 1_000, 0);
    ledger.open(first);
    ledger.open(entryOf(0, 500, 10));
    assert.equal(queuedTokens(workers, 0, MS_PER_TOKEN, 50), 1_000);
    assert.equal(queuedTokens(workers, 0, MS_PER_TOKEN, 9_999), 500, 'an engine that hangs');
    ledger.answered(first, 120);
    assert.equal(queuedTokens(workers, 0, MS_PER_TOKEN, 130), 400, 'counted from the first byte');
  });

  test('takes the prompt of an answer that comes whole for done when it should be', () => {
    const { workers, ...rest } = fixtureColumns(1, 1);
    const ledger = new PrefillLedger({ workers, ...rest }, 0);
    const whole = entryOf(0, 1_000, 0);
    whole.streamed = false;
    whole.expectedMs = 100;
    ledger.open(whole);
    ledger.open(entryOf(0, 300, 101));
    assert.equal(queuedTokens(workers, 0, MS_PER_TOKEN, 101), 300);
    ledger.answered(whole, 900);
    assert.equal(queuedTokens(workers, 0, MS_PER_TOKEN, 101), 300);
  });

  test('ends with nothing, however prompts are opened, answered and closed', () => {
    const step = fc.record({
      slot: fc.nat(2),
      tokens: fc.nat(5_000),
      end: fc.nat(20),
      byAnswer: fc.boolean(),
      streamed: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const columns = fixtureColumns(3, 1);
        const ledger = new PrefillLedger(columns, 0);
        const open: PrefillEntry[] = [];
        let nowMs = 0;
        for (const { slot, tokens, end, byAnswer, streamed } of steps) {
          nowMs += 7;
          const entry = entryOf(slot, tokens, nowMs);
          entry.streamed = streamed;
          entry.expectedMs = nowMs + 20;
          ledger.open(entry);
          open.push(entry);
          const [ended] = open.splice(end % open.length, 1);
          if (byAnswer) ledger.answered(ended!, nowMs);
          else ledger.close(ended!);
          for (let at = 0; at < 3; at++) {
            const own = columns.workers[0]!;
            const sum = open
              .filter((one) => one.slot === at)
              .reduce((total, one) => total + one.tokens, 0);
            assert.equal(own.prefillTokens[at], sum);
            assert.ok(own.headTokens[at]! <= sum);
          }
        }
        for (const entry of open) ledger.close(entry);
        assert.deepEqual([...columns.workers[0]!.prefillTokens], [0, 0, 0]);
        assert.deepEqual([...columns.workers[0]!.headTokens], [0, 0, 0]);
      }),
      { seed: 4, numRuns: 200 },
    );
  });
});
