/** A small mix; `npm run e2e:queue` has 1,024 batch clients. */
import { test } from 'node:test';
import { chatBesideBatch } from './priorities.ts';

test('a chat does not wait behind a batch, and the batch goes on', { timeout: 60_000 }, () =>
  chatBesideBatch({ engines: 2, each: 32, batch: 128, chats: 3, settleMs: 1500, forMs: 2500 }),
);
