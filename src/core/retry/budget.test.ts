import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import fc from 'fast-check';
import { RetryBudget } from './budget.ts';

function withdrawAll(budget: RetryBudget, nowMs: number): number {
  let count = 0;
  while (budget.tryWithdraw(nowMs)) count++;
  return count;
}

describe('A retry budget', () => {
  test('allows ten retries a second over ten seconds without any traffic', () => {
    assert.equal(withdrawAll(new RetryBudget(), 5_000), 100);
  });

  test('allows a fifth of the requests on top', () => {
    const budget = new RetryBudget();
    for (let count = 0; count < 1_000; count++) budget.deposit(5_000);
    assert.equal(budget.balance(5_000), 300);
    assert.equal(withdrawAll(budget, 5_000), 300);
    assert.equal(budget.tryWithdraw(5_000), false);
  });

  test('forgets deposits after ten seconds and withdrawals a second later', () => {
    const budget = new RetryBudget();
    for (let count = 0; count < 50; count++) budget.deposit(5_000);
    assert.equal(budget.balance(14_999), 110);
    assert.equal(budget.balance(15_000), 100);
    withdrawAll(budget, 15_000);
    assert.equal(budget.balance(25_999), 0);
    assert.equal(budget.balance(26_000), 100);
    assert.equal(budget.balance(9_000_000), 100);
  });

  test('shares the constant rate among workers and leaves each at least one retry', () => {
    assert.equal(withdrawAll(new RetryBudget(4), 0), 25);
    assert.equal(withdrawAll(new RetryBudget(500), 0), 1);
  });

  test('never goes below zero when old deposits leave before the withdrawals they paid for', () => {
    const budget = new RetryBudget();
    for (let count = 0; count < 1_000; count++) budget.deposit(1_000);
    withdrawAll(budget, 10_000);
    assert.equal(budget.balance(11_000), 0);
    assert.equal(budget.tryWithdraw(20_999), false);
    assert.equal(budget.balance(21_000), 100);
  });

  test('spends at most a fifth of the requests and the reserve in any ten seconds', () => {
    const steps = fc.array(
      fc.record({ gapMs: fc.nat(900), requests: fc.nat(80), retries: fc.nat(60) }),
      { maxLength: 80, size: 'max' },
    );
    const property = fc.property(steps, (list) => {
      const budget = new RetryBudget();
      const requests: number[] = [];
      const retries: number[] = [];
      let nowMs = 0;
      for (const step of list) {
        nowMs += step.gapMs;
        for (let count = 0; count < step.requests; count++) {
          budget.deposit(nowMs);
          requests.push(nowMs);
        }
        for (let count = 0; count < step.retries; count++) {
          if (budget.tryWithdraw(nowMs)) retries.push(nowMs);
        }
        // Any ten seconds, wherever they begin.
        const since = nowMs - 10_000;
        const spent = retries.filter((atMs) => atMs > since).length;
        // Withdrawals may have been paid by deposits up to ten seconds before them.
        const earned = requests.filter((atMs) => atMs >= since - 10_000).length;
        assert.ok(spent <= 100 + earned / 5, `${spent} retries for ${earned} requests`);
      }
    });
    fc.assert(property, { seed: 20, numRuns: 200 });
  });
});
