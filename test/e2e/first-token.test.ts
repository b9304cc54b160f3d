/**
 * The router adds no wait to a stream. N = 200 streams at once in each round, rounds direct and
 * routed in turn; events carry the time of their sending, and what counts is the delay until the
 * client has them. Tolerance: median and 99th percentile grow by at most 5 ms in the best quarter
 * of the quiet rounds, since other work on the machine only adds and a wait of ours adds to all. A
 * routed round is quiet when the direct ones before and after it had no hiccup; without enough of
 * them there is no measurement, and the test says so and is skipped.
 * And no event waits for the next: the engine sends each only when the client has the one before.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { request } from '../fakes/http-rig.ts';
import { connectRaw, type RawClient } from '../fakes/raw-client.ts';
import {
  chunk,
  LAST_CHUNK,
  type RawEngine,
  STREAM_HEAD,
  type Stage,
  startRawEngine,
} from '../fakes/raw-engine.ts';
import { type RunningRouter, startRouter } from '../fakes/router.ts';

const STREAMS = 200;
const QUIET_ROUNDS = 8;
const QUIET_P99_MS = 3;
const MEASURE_MS = 6000;
const TOLERANCE_MS = 5;
const EVENTS = 5;

let engine: RawEngine;
let router: RunningRouter;

before(async () => {
  engine = await startRawEngine(() => {});
  router = await startRouter({ endpoints: [{ url: engine.url, model: 'm' }] });
});
after(async () => {
  await router?.stop();
  await engine?.close();
});

function event(sentAtMs: number): Buffer {
  const delta = JSON.stringify({ choices: [{ delta: { content: `at=${sentAtMs}=` } }] });
  return chunk(`data: ${delta}\n\n`);
}

/** Every stream's first event, each sent at its own time, once all requests are there. */
function staggered(spreadMs: number): (stage: Stage) => void {
  const stages: Stage[] = [];
  return (stage) => {
    stages.push(stage);
    if (stages.length < STREAMS) return;
    for (const [index, { send }] of stages.entries()) {
      setTimeout(
        () => {
          send(STREAM_HEAD);
          send(event(performance.now()));
        },
        5 + (index * spreadMs) / STREAMS,
      );
    }
  };
}

function sentTimes(client: RawClient): number[] {
  return [...client.text().matchAll(/at=([\d.]+)=/g)].map((match) => Number(match[1]));
}

/** Delays of the first tokens of one round, from the engine's send to the client's receipt. */
async function round(port: number): Promise<number[]> {
  engine.script = staggered(60);
  const clients = await Promise.all(Array.from({ length: STREAMS }, () => connectRaw(port)));
  for (const client of clients) client.send(request({ body: '{"model":"m","stream":true}' }));
  const delays = clients.map(async (client) => {
    await client.untilText('=');
    const arrival = client.arrivals.find(({ bytes }) => bytes.includes('at='))!;
    return arrival.atMs - sentTimes(client)[0]!;
  });
  const found = await Promise.all(delays);
  for (const client of clients) client.abort();
  return found;
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
}

test('first tokens of 200 streams arrive within 5 ms of direct', async (t) => {
  const shares = [0.5, 0.99];
  const added: number[][] = shares.map(() => []);
  await round(router.port);
  let before = await round(engine.port);
  const untilMs = performance.now() + MEASURE_MS;
  while (added[0]!.length < QUIET_ROUNDS && performance.now() < untilMs) {
    const routed = await round(router.port);
    const direct = await round(engine.port);
    if (Math.max(quantile(before, 0.99), quantile(direct, 0.99)) <= QUIET_P99_MS) {
      shares.forEach((share, at) => {
        added[at]!.push(quantile(routed, share) - quantile(direct, share));
      });
    }
    before = direct;
  }
  if (added[0]!.length < QUIET_ROUNDS) {
    t.skip('this machine is too busy to measure milliseconds');
    return;
  }
  shares.forEach((share, at) => {
    const rounds = added[at]!.map((ms) => ms.toFixed(2)).join(' ');
    t.diagnostic(`p${share * 100}: ${rounds} ms added`);
    assert.ok(quantile(added[at]!, 0.25) <= TOLERANCE_MS, `p${share * 100}: ${rounds} ms added`);
  });
});

test('no event waits for another', async () => {
  const client = await connectRaw(router.port);
  engine.script = async ({ send }) => {
    send(STREAM_HEAD);
    for (let index = 0; index < EVENTS; index++) {
      send(event(index));
      await client.untilText(`at=${index}=`);
    }
    send(chunk('data: [DONE]\n\n'));
    send(LAST_CHUNK);
  };
  client.send(request({ body: '{"model":"m","stream":true}' }));
  await client.ended();
  client.abort();
  const texts = client.arrivals.map(({ bytes }) => bytes.toString('latin1'));
  for (let index = 0; index < EVENTS - 1; index++) {
    const arrival = texts.find((text) => text.includes(`at=${index}=`))!;
    assert.ok(!arrival.includes(`at=${index + 1}=`));
  }
});

test('of two and a half events in one write the two arrive at once', async () => {
  const [first, second, third] = [0, 1, 2].map((n) => `data: {"at":"at=${n}="}\n\n`);
  let goOn: () => void = () => {};
  engine.script = ({ send }) => {
    send(STREAM_HEAD);
    send(chunk(`${first}${second}${third!.slice(0, 9)}`));
    goOn = () => {
      send(chunk(`${third!.slice(9)}data: [DONE]\n\n`));
      send(LAST_CHUNK);
    };
  };
  const client = await connectRaw(router.port);
  client.send(request({ body: '{"model":"m","stream":true}' }));
  await client.untilText('at=1=');
  const early = client.text();
  assert.ok(early.endsWith(`${second}\r\n`), early);
  goOn();
  await client.ended();
  assert.equal(
    (await client.answer()).body.toString(),
    `${first}${second}${third}data: [DONE]\n\n`,
  );
  client.abort();
});
