import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../../core/clock.ts';
import { type DeliveryTrouble, Outbox } from './outbox.ts';
import type { Answer, Outcome } from './robots.ts';
import { SendLimit } from './send-limit.ts';

const ANSWER: Answer = { status: 200, text: '', retryAfterMs: 0, error: '' };

/** An outbox whose robot answers as told, on a clock of its own. */
function rig(answers: Outcome['kind'][], waitMs = 0) {
  const clock = new FakeClock();
  const sent: string[] = [];
  const troubles: DeliveryTrouble[] = [];
  const planned: { run: () => void; atMs: number }[] = [];
  const outbox = new Outbox({
    post: async (body) => {
      sent.push(`${clock.nowMs()} ${body}`);
      return ANSWER;
    },
    limit: new SendLimit(0),
    judge: () => ({ kind: answers.shift() ?? 'delivered', reason: 'why', waitMs }),
    nowMs: () => clock.nowMs(),
    later: (run, afterMs) => {
      const plan = { run, atMs: clock.nowMs() + afterMs };
      planned.push(plan);
      return { cancel: () => void planned.splice(planned.indexOf(plan), 1) };
    },
    chance: () => 0.5,
    onTrouble: (trouble) => troubles.push(trouble),
  });
  /** Lets answers arrive and timers run until nothing is planned. */
  const settle = async () => {
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      const plan = planned.shift();
      if (plan === undefined) return;
      clock.advance(plan.atMs - clock.nowMs());
      plan.run();
    }
  };
  return { outbox, sent, troubles, planned, settle };
}

test('sends one after the other and is empty when all have arrived', async () => {
  const { outbox, sent, settle, troubles } = rig([]);
  outbox.add('a');
  outbox.add('b');
  assert.deepEqual(sent, ['0 a']);
  assert.equal(outbox.isEmpty, false);
  await settle();
  assert.deepEqual(sent, ['0 a', '0 b']);
  assert.equal(outbox.isEmpty, true);
  assert.deepEqual(troubles, []);
});

test('waits for its rate', async () => {
  const { outbox, sent, settle } = rig([]);
  for (let message = 1; message <= 7; message++) outbox.add(String(message));
  await settle();
  assert.deepEqual(sent.slice(4), ['0 5', '4000 6', '8000 7']);
});

test('tries again with growing pauses, then counts the message as lost and goes on', async () => {
  const { outbox, sent, settle, troubles } = rig(Array(6).fill('failed'));
  outbox.add('a');
  outbox.add('b');
  await settle();
  assert.deepEqual(sent, ['0 a', '2000 a', '6000 a', '14000 a', '30000 a', '62000 a', '62000 b']);
  const lost = troubles.map((trouble) => trouble.lost);
  assert.deepEqual(lost, [false, false, false, false, false, true]);
  assert.deepEqual(troubles.at(-1), { lost: true, reason: 'why', attempt: 6, lostSoFar: 1 });
});

test('waits as long as the robot wants, and then sends the same message', async () => {
  const { outbox, sent, settle } = rig(['limited'], 60_000);
  outbox.add('a');
  outbox.add('b');
  await settle();
  assert.deepEqual(sent, ['0 a', '60000 a', '60000 b']);
});

test('lets the next message wait too when one is lost to the limit', async () => {
  const { outbox, sent, settle, troubles } = rig(Array(6).fill('limited'), 60_000);
  outbox.add('a');
  outbox.add('b');
  await settle();
  assert.deepEqual(sent.slice(-2), ['300000 a', '360000 b']);
  assert.equal(troubles.at(-1)?.lostSoFar, 1);
});

test('does not repeat what was refused', async () => {
  const { outbox, sent, settle, troubles } = rig(['refused']);
  outbox.add('a');
  outbox.add('b');
  await settle();
  assert.deepEqual(sent, ['0 a', '0 b']);
  assert.deepEqual(troubles, [{ lost: true, reason: 'why', attempt: 1, lostSoFar: 1 }]);
});

test('keeps at most 16, and drops the oldest that waits', async () => {
  const { outbox, sent, settle, troubles } = rig([]);
  for (let message = 1; message <= 18; message++) outbox.add(String(message));
  assert.deepEqual(troubles.at(-1)?.lostSoFar, 2);
  await settle();
  assert.deepEqual(
    sent.map((line) => line.split(' ')[1]),
    ['1', ...Array.from({ length: 15 }, (_, at) => String(at + 4))],
  );
});

test('sends and plans nothing after it was stopped', async () => {
  const { outbox, sent, settle, planned, troubles } = rig(['failed']);
  outbox.add('a');
  outbox.stop();
  outbox.add('b');
  await settle();
  assert.deepEqual(sent, ['0 a']);
  const waiting = rig(['failed']);
  waiting.outbox.add('a');
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(waiting.planned.length, 1);
  waiting.outbox.stop();
  assert.deepEqual([waiting.planned.length, planned.length, troubles.length], [0, 0, 0]);
});
