/** 1,024 batch clients and 20 people who chat, on eight engines of 32 places. */
import { test } from 'node:test';
import { chatBesideBatch } from './priorities.ts';

test('20 chats beside 1,024 batch clients', { timeout: 240_000 }, () =>
  chatBesideBatch({
    ...{ engines: 8, each: 32, batch: 1024, chats: 20 },
    ...{ settleMs: 3000, forMs: 25_000, judged: 0.99, leastShare: 0.9 },
  }),
);
