/**
 * A small mix; `npm run e2e:queue` has 1,024 batch clients. Of ten chats the last percent is the
 * slowest one, which other work on the machine delays at will; who waits behind a batch waits in
 * every chat, and twice as long as the engine takes. The batch comes in waves, of which three or
 * four fall into the measured time.
 */
import { test } from 'node:test';
import { chatBesideBatch } from './priorities.ts';

test('a chat does not wait behind a batch, and the batch goes on', { timeout: 60_000 }, () =>
  chatBesideBatch({
    ...{ engines: 2, each: 32, batch: 128, chats: 3 },
    ...{ settleMs: 1500, forMs: 2500, judged: 0.5, leastShare: 0.65 },
  }),
);
