import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ToWorker } from '../core/plane-messages.ts';
import type { DecisionRecord } from '../core/request-record.ts';
import { Inquiries } from './inquiries.ts';

const QUERY = { id: '', failed: false, running: false, limit: 10 };
const record = (id: string) => ({ id }) as DecisionRecord;

function setUp(workers: number) {
  const posted: ToWorker[] = [];
  const timers: (() => void)[] = [];
  const inquiries = new Inquiries({
    post(message) {
      posted.push(message);
      return workers;
    },
    later: (run) => void timers.push(run),
  });
  return { inquiries, posted, timers };
}

test('puts the answers of all workers together', async () => {
  const { inquiries, posted } = setUp(2);
  const asked = inquiries.ask(QUERY);
  assert.deepEqual(posted, [{ kind: 'explain', number: 1, query: QUERY }]);
  inquiries.answered(1, [record('a')]);
  inquiries.answered(2, [record('of another question')]);
  inquiries.answered(1, [record('b')]);
  assert.deepEqual(
    (await asked).map(({ id }) => id),
    ['a', 'b'],
  );
});

test('does not wait for ever for a worker that is stuck', async () => {
  const { inquiries, timers } = setUp(2);
  const asked = inquiries.ask(QUERY);
  inquiries.answered(1, [record('a')]);
  timers[0]!();
  assert.equal((await asked).length, 1);
  inquiries.answered(1, [record('late')]);
});

test('a question to nobody is answered at once', async () => {
  assert.deepEqual(await setUp(0).inquiries.ask(QUERY), []);
});
