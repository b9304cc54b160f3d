/**
 * Engines that answer with broken, doubled, late or endless bytes: the client that asked gets an
 * error or its own whole answer, and no other client gets a byte of it.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { AnswerRig } from './answer-run.ts';
import { assertLeftNothing, vitals } from './health.ts';
import { FULL_READ } from './odd-answers.ts';

const ROUNDS = 3;
/** How bytes fall into reads is the kernel's choice: one of three or so is as meant. */
const FULL_READS = 60;
/** So short a run says nothing of slow leaks; the long one does. */
const MAX_GROWTH = 96 * 2 ** 20;

let rig: AnswerRig;

before(async () => {
  rig = await AnswerRig.start();
});
after(() => rig?.close());

test('a pipelined request does not get what an engine sent behind its answer', async () => {
  assert.deepEqual(await rig.run(FULL_READS, (name) => name === FULL_READ), []);
});

test('no answer of an engine reaches another request', async () => {
  const idle = vitals(rig.router);
  assert.deepEqual(await rig.run(1), []);
  const { residentBytes } = vitals(rig.router);
  assert.deepEqual(await rig.run(ROUNDS), []);
  await assertLeftNothing(rig.router, { ...idle, residentBytes }, MAX_GROWTH);
});
