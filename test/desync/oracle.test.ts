/**
 * A thousand damaged messages: the router takes the same requests out of them as two other
 * readers, forwards these and no others, and gives every client its own answer.
 * `npm run e2e:desync` does the same with a hundred times as many.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Case, makeCanary } from './cases.ts';
import { assertLeftNothing, vitals } from './health.ts';
import { RequestRig } from './request-run.ts';

const MESSAGES = 1000;
const WARM_UP = 100;
const RUN_MS = 20_000;
/** So short a run says nothing of slow leaks; the long one does. */
const MAX_GROWTH = 96 * 2 ** 20;

let rig: RequestRig;

before(async () => {
  rig = await RequestRig.start();
});
after(() => rig?.close());

/** What the router once got wrong, found by this oracle. */
const ONCE_WRONG: readonly (readonly [what: string, message: string])[] = [
  [
    'a refused HEAD was answered with a body',
    'HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 1,1\r\n\r\n',
  ],
  [
    'a tab behind the coding was taken',
    'POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\t\r\n\r\n' +
      'f\r\n{"model":"m" }\n\r\n0\r\n\r\n',
  ],
  [
    'a trailer could say how long the body was',
    'POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n' +
      'f\r\n{"model":"m" }\n\r\n0\r\nContent-Length: 9\r\n\r\n',
  ],
];

for (const [n, [what, message]] of ONCE_WRONG.entries()) {
  test(`no more: ${what}`, async () => {
    const seed = 2_000_000 + n;
    const canary = makeCanary(`${seed}.canary`);
    const messages = [Buffer.from(message, 'latin1')];
    const one: Case = {
      seed,
      messages,
      mutated: 1,
      canary,
      cuts: [],
      gapMs: 0,
      endsAt: -1,
      resets: false,
    };
    assert.equal(await rig.judge(one), '');
  });
}

test('damaged requests neither desynchronise nor leak', async () => {
  const untilMs = performance.now() + RUN_MS;
  const idle = vitals(rig.router);
  const warmUp = await rig.run({ firstSeed: 1_000_000, messages: WARM_UP, untilMs });
  assert.equal(warmUp.failures.join('\n\n'), '');
  const { residentBytes } = vitals(rig.router);
  const result = await rig.run({ firstSeed: 1, messages: MESSAGES, untilMs });
  assert.equal(result.failures.join('\n\n'), '');
  assert.ok(result.messages >= MESSAGES, `only ${result.messages} messages in time`);
  // Else nothing was tested: most canaries and many of the messages are good requests.
  assert.ok(rig.origin.requestCount > result.cases, `${rig.origin.requestCount} forwarded`);
  assert.ok(rig.origin.reusedCount > result.cases / 4, `${rig.origin.reusedCount} reused`);
  await assertLeftNothing(rig.router, { ...idle, residentBytes }, MAX_GROWTH);
});
