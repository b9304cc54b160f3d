/**
 * The desync oracle at full length: 100,000 damaged messages, and every odd answer 350 times.
 *
 *     npm run e2e:desync                          all of it
 *     DESYNC_MESSAGES=5000 npm run e2e:desync     fewer
 *     DESYNC_SEED=1234 npm run e2e:desync         only the case with this seed
 *
 * DESYNC_MINUTES (default 30) bounds the time; then the number of messages that were sent counts,
 * and is printed.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AnswerRig } from './answer-run.ts';
import { makeCase } from './cases.ts';
import { assertLeftNothing, vitals } from './health.ts';
import { RequestRig } from './request-run.ts';

const MESSAGES = Number(process.env.DESYNC_MESSAGES ?? 100_000);
const MINUTES = Number(process.env.DESYNC_MINUTES ?? 30);
const SEED = process.env.DESYNC_SEED;
/** The heap takes its time to find its size, and then stays there. */
const WARM_UP = Math.floor(MESSAGES / 2);
const ANSWER_WARM_UP = 200;
const ANSWER_ROUNDS = 150;
const MIB = 2 ** 20;
/** Measured: none after 50,000 messages; a shorter warm-up ends while the heap still grows. */
const MAX_GROWTH = (MESSAGES < 100_000 ? 96 : 48) * MIB;

test('damaged requests neither desynchronise nor leak', async (t) => {
  const rig = await RequestRig.start();
  try {
    if (SEED !== undefined) {
      assert.equal(await rig.judge(makeCase(Number(SEED))), '');
      return;
    }
    const untilMs = performance.now() + MINUTES * 60_000;
    const idle = vitals(rig.router);
    const warmUp = await rig.run({ firstSeed: 1, messages: WARM_UP, untilMs });
    assert.equal(warmUp.failures.join('\n\n'), '');
    const { residentBytes } = vitals(rig.router);
    const rest = { firstSeed: 1 + warmUp.cases, messages: MESSAGES - WARM_UP, untilMs };
    const result = await rig.run(rest);
    assert.equal(result.failures.join('\n\n'), '');
    await assertLeftNothing(rig.router, { ...idle, residentBytes }, MAX_GROWTH);
    const messages = warmUp.messages + result.messages;
    const { requestCount, reusedCount } = rig.origin;
    const grownMib = (vitals(rig.router).residentBytes - residentBytes) / MIB;
    t.diagnostic(`${messages} messages on ${warmUp.cases + result.cases} connections`);
    t.diagnostic(`${requestCount} forwarded, ${reusedCount} on reused connections`);
    t.diagnostic(`the router grew by ${grownMib.toFixed(1)} MiB after the first ${WARM_UP}`);
  } finally {
    await rig.close();
  }
});

test('no answer of an engine reaches another request', { skip: SEED !== undefined }, async () => {
  const rig = await AnswerRig.start();
  try {
    const idle = vitals(rig.router);
    assert.deepEqual(await rig.run(ANSWER_WARM_UP), []);
    const { residentBytes } = vitals(rig.router);
    assert.deepEqual(await rig.run(ANSWER_ROUNDS), []);
    await assertLeftNothing(rig.router, { ...idle, residentBytes }, MAX_GROWTH);
  } finally {
    await rig.close();
  }
});
