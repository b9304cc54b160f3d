import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { TOTAL_BODIES_DROPPED, TOTALS } from '../state/totals.ts';
import { BodyBudget, type BodyWaiter, type CountedBody, UNCOUNTED_BYTES } from './body-budget.ts';

const KIB = 1024;

class Body implements CountedBody {
  reservedBytes = 0;
  dropped = false;

  drop(): void {
    this.dropped = true;
  }
}

class Waiter implements BodyWaiter {
  rooms = 0;

  onBodyRoom(): void {
    this.rooms++;
  }
}

function budgetOf(limitBytes: number) {
  const totals = new Float64Array(TOTALS);
  return { budget: new BodyBudget(limitBytes, totals), totals };
}

const soon = (): Promise<void> => new Promise((resolve) => queueMicrotask(resolve));

describe('body budget', () => {
  it('does not count small bodies', () => {
    const { budget } = budgetOf(1);
    assert.equal(budget.reserve(new Body(), UNCOUNTED_BYTES - 1, new Waiter()), true);
    assert.equal(budget.usedBytes, 0);
  });

  it('drops the oldest sent bodies to make room, and counts them', () => {
    const { budget, totals } = budgetOf(300 * KIB);
    const bodies = [new Body(), new Body(), new Body()];
    for (const body of bodies) assert.ok(budget.reserve(body, 100 * KIB, new Waiter()));
    budget.sent(bodies[1]!);
    budget.sent(bodies[0]!);
    assert.ok(budget.reserve(new Body(), 100 * KIB, new Waiter()));
    assert.deepEqual(
      bodies.map((body) => body.dropped),
      [false, true, false],
    );
    assert.equal(totals[TOTAL_BODIES_DROPPED], 1);
    assert.equal(budget.usedBytes, 300 * KIB);
  });

  it('does not drop a body that is needed for another attempt', () => {
    const { budget } = budgetOf(100 * KIB);
    const body = new Body();
    budget.reserve(body, 100 * KIB, new Waiter());
    budget.sent(body);
    budget.resend(body);
    assert.equal(budget.reserve(new Body(), 50 * KIB, new Waiter()), false);
    assert.equal(body.dropped, false);
  });

  it('lets the waiting in first come first served when room is given back', async () => {
    const { budget } = budgetOf(100 * KIB);
    const first = new Body();
    budget.reserve(first, 100 * KIB, new Waiter());
    const waiters = [new Waiter(), new Waiter()];
    assert.equal(budget.reserve(new Body(), 60 * KIB, waiters[0]!), false);
    assert.equal(budget.reserve(new Body(), 20 * KIB, waiters[1]!), false);
    // Even though it would fit beside the first of the two, a third comes after them.
    budget.release(first);
    await soon();
    assert.deepEqual(
      waiters.map((waiter) => waiter.rooms),
      [1, 1],
    );
    assert.equal(budget.usedBytes, 80 * KIB);
  });

  it('lets a body in that alone is larger than everything', () => {
    const { budget } = budgetOf(100 * KIB);
    assert.equal(budget.reserve(new Body(), 500 * KIB, new Waiter()), true);
  });

  it('forgets a connection that went away while it waited', async () => {
    const { budget } = budgetOf(100 * KIB);
    const first = new Body();
    budget.reserve(first, 100 * KIB, new Waiter());
    const [gone, next] = [new Waiter(), new Waiter()];
    budget.reserve(new Body(), 90 * KIB, gone);
    budget.reserve(new Body(), 90 * KIB, next);
    budget.cancel(gone);
    budget.release(first);
    await soon();
    assert.deepEqual([gone.rooms, next.rooms], [0, 1]);
  });

  it('keeps to its limit and lets nobody wait without a reason', async () => {
    const sizes = fc.integer({ min: UNCOUNTED_BYTES, max: 300 * KIB });
    const steps = fc.array(fc.tuple(fc.constantFrom('new', 'sent', 'done'), sizes, fc.nat(20)));
    await fc.assert(
      fc.asyncProperty(steps, async (script) => {
        const { budget } = budgetOf(300 * KIB);
        const live: { body: Body; waiter: Waiter; admitted: boolean }[] = [];
        for (const [step, size, index] of script) {
          const one = live[index % Math.max(1, live.length)];
          if (step === 'new') {
            const entry = { body: new Body(), waiter: new Waiter(), admitted: false };
            entry.admitted = budget.reserve(entry.body, size, entry.waiter);
            live.push(entry);
          } else if (one !== undefined && (one.admitted || one.waiter.rooms > 0)) {
            if (step === 'sent') budget.sent(one.body);
            else live.splice(live.indexOf(one), 1) && budget.release(one.body);
          }
          await soon();
          await soon();
          assert.ok(budget.usedBytes <= 300 * KIB);
          const sum = live.reduce((all, { body }) => all + body.reservedBytes, 0);
          assert.equal(budget.usedBytes, sum);
        }
        for (const { body } of live.filter((e) => e.admitted)) budget.release(body);
        for (let i = 0; i < live.length; i++) {
          await soon();
          await soon();
          for (const { body, waiter } of live) if (waiter.rooms > 0) budget.release(body);
        }
        assert.ok(live.every(({ admitted, waiter }) => admitted || waiter.rooms === 1));
        assert.equal(budget.usedBytes, 0);
      }),
      { seed: 20261122, numRuns: 300 },
    );
  });
});
