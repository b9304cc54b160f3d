/** Engines fail before the client has seen a byte: it never learns, unless all of them fail. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fieldOf, parseAnswer } from '../fakes/raw-client.ts';
import { LAST_CHUNK, type Script, STREAM_HEAD } from '../fakes/raw-engine.ts';
import { startRouter } from '../fakes/router.ts';
import { sleep, until } from '../fakes/until.ts';
import {
  ejections,
  errorAnswer,
  GOOD_ANSWER,
  good,
  MODEL,
  untilEjected,
  withRig,
} from './fault-rig.ts';
import { chatRequest, LoadClient, type Outcome } from './load-client.ts';

/** Enough that random choice between two endpoints has surely tried both. */
const MANY = 24;
const PATIENT = { failure_threshold: 1000, base_delay_ms: 5, max_delay_ms: 10 };
/** An ejection that no test outlasts. */
const LONG = { base_ms: 60_000 };
const PAUSE_MS = 5000;

async function send(client: LoadClient, count: number, stream = false): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (let i = 0; i < count; i++) outcomes.push(await client.send(chatRequest(MODEL, stream)));
  return outcomes;
}

function assertAllOk(outcomes: readonly Outcome[]): void {
  const bad = outcomes.find(({ kind }) => kind !== 'ok');
  assert.equal(bad, undefined, `${bad?.kind}: ${bad?.text}`);
}

test('fails over at once when the connection is refused, and ejects the endpoint', async () => {
  // A pause that would show on the busiest machine.
  const config = { retry: { base_delay_ms: PAUSE_MS, max_delay_ms: PAUSE_MS } };
  await withRig([good, good], config, async ({ router, engines, client, stopEngine }) => {
    await stopEngine(0);
    const outcomes = await send(client, MANY);
    assertAllOk(outcomes);
    assert.equal(engines[1]!.requests.length, MANY);
    await untilEjected(router, 1);
    const slowestMs = Math.max(...outcomes.map(({ totalMs }) => totalMs));
    assert.ok(slowestMs < PAUSE_MS / 2, `no pause before the other endpoint: ${slowestMs} ms`);
  });
});

for (const [name, ending] of [
  ['FIN', 'end'],
  ['RST', 'reset'],
] as const) {
  test(`never lets a client see a kept-alive connection that ends with ${name}`, async () => {
    const used = new Set<number>();
    const closing: Script = (stage) => {
      if (!used.has(stage.request.connection)) {
        used.add(stage.request.connection);
        return good(stage);
      }
      stage[ending]();
    };
    const config = { routing: { num_retries: 0 }, retry: { failure_threshold: 1 } };
    await withRig([closing], config, async ({ router, engines, client }) => {
      assertAllOk(await send(client, 100));
      assert.equal(engines[0]!.requests.length, 199, 'all but the first met a closed connection');
      assert.equal(ejections(router), 0, 'nobody is to blame');
    });
  });
}

test('wins 200 races between an idle close and the next request', async () => {
  let turn = 0;
  const leaving: Script = async (stage) => {
    await good(stage);
    // About when the next request arrives: before, while or after it is written.
    const laterMs = (turn++ % 20) / 10;
    await sleep(laterMs);
    if (turn % 2 === 0) stage.end();
    else stage.reset();
  };
  const config = { routing: { num_retries: 0 }, retry: { failure_threshold: 1 } };
  await withRig([leaving], config, async ({ router, client }) => {
    for (let race = 0; race < 200; race++) {
      assertAllOk(await send(client, 1));
      if (race % 3 > 0) await sleep(race % 3);
    }
    assert.equal(ejections(router), 0);
  });
});

const JSON_HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n';
const NO_TOKEN: readonly (readonly [string, string, 'end' | 'reset' | 'stay'])[] = [
  ['a reset behind its head', STREAM_HEAD, 'reset'],
  ['a close behind its head', STREAM_HEAD, 'end'],
  ['half of its first event', `${STREAM_HEAD}8\r\ndata: {"\r\n`, 'end'],
  ['a stream without events', STREAM_HEAD + LAST_CHUNK, 'stay'],
  ['half of its head', STREAM_HEAD.slice(0, 40), 'reset'],
  ['the head of a plain answer', JSON_HEAD, 'end'],
  ['what is not HTTP', 'SSH-2.0-OpenSSH_9\r\n\r\n', 'stay'],
];

for (const [name, bytes, ending] of NO_TOKEN) {
  test(`hides an engine whose answer is ${name}`, async () => {
    const dying: Script = async ({ send: say, delay, ...stage }) => {
      say(bytes);
      await delay(3);
      if (ending !== 'stay') stage[ending]();
    };
    const stream = bytes !== JSON_HEAD;
    await withRig([dying, good], { retry: PATIENT }, async ({ engines, client }) => {
      assertAllOk(await send(client, MANY, stream));
      assert.ok(engines[0]!.requests.length > 0, 'it was tried');
      assert.equal(engines[1]!.requests.length, MANY);
    });
  });
}

test('gives up on a silent engine after first_byte_ms and asks another', async () => {
  const silent: Script = () => {};
  const config = { timeouts: { first_byte_ms: 400 }, retry: { failure_threshold: 3 } };
  await withRig([silent, good], config, async ({ router, engines, client }) => {
    const outcomes = await send(client, MANY);
    assertAllOk(outcomes);
    assert.equal(engines[0]!.requests.length, 3, 'then it is ejected');
    await untilEjected(router, 1);
    const slowestMs = Math.max(...outcomes.map(({ totalMs }) => totalMs));
    // By default it would wait for ten minutes.
    assert.ok(slowestMs >= 390 && slowestMs < 5000, `${slowestMs} ms`);
  });
});

test('moves all that a dying engine had, however small the retry budget', async () => {
  const atOnce = 600;
  const waiting: Script = () => {};
  let goOn: () => void = () => {};
  const mayAnswer = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  // Both have half of the requests: one that answered at once would get most of them.
  const later: Script = (stage) => mayAnswer.then(() => good(stage));
  await withRig([waiting, later], {}, async ({ engines, client, stopEngine }) => {
    const sent = Array.from({ length: atOnce }, () => client.send(chatRequest(MODEL, false)));
    await until('all requests are at an engine', () => {
      return engines.reduce((sum, { requests }) => sum + requests.length, 0) === atOnce;
    });
    goOn();
    // The budget of one worker: ten a second and a fifth of the requests, over ten seconds.
    assert.ok(engines[0]!.requests.length > 100 + 0.2 * atOnce, 'more than the budget allows');
    await stopEngine(0);
    assertAllOk(await Promise.all(sent));
  });
});

for (const status of ['429 Too Many', '500 Oops', '502 Bad', '503 Busy', '504 Late']) {
  test(`tries another endpoint after ${status}`, async () => {
    const bad: Script = ({ send: say }) => say(errorAnswer(status, 'not now'));
    await withRig([bad, good], { retry: PATIENT }, async ({ engines, client }) => {
      assertAllOk(await send(client, MANY));
      assert.ok(engines[0]!.requests.length > 0, 'it was tried');
      assert.ok(engines[1]!.requests.length === MANY);
    });
  });

  test(`hands on the last ${status} when every endpoint says so`, async () => {
    const bad: Script = ({ send: say, index }) => {
      say(errorAnswer(status, `engine words ${index}`, 'X-Engine: 7\r\n'));
    };
    const config = { retry: PATIENT, routing: { num_retries: 2 } };
    await withRig([bad, bad], config, async ({ engines, client }) => {
      const [outcome] = await send(client, 1);
      const answer = parseAnswer(Buffer.from(outcome!.text, 'latin1'))!;
      assert.ok(answer.statusLine.includes(status), answer.statusLine);
      assert.match(
        answer.body.toString(),
        /^{"error":{"message":"engine words \d","type":"engine_error"}}$/,
      );
      assert.equal(fieldOf(answer, 'x-engine'), '7');
      assert.equal(fieldOf(answer, 'x-should-retry'), 'false');
      const busy = answer.status === 429 || answer.status === 503;
      assert.equal(fieldOf(answer, 'retry-after'), busy ? '1' : '');
      assert.equal(engines[0]!.requests.length + engines[1]!.requests.length, 3);
    });
  });
}

test('hands on a 400 without a second try', async () => {
  const bad: Script = ({ send: say }) => say(errorAnswer('400 Bad Request', 'no such option'));
  await withRig([bad, bad], {}, async ({ router, engines, client }) => {
    const outcomes = await send(client, 5);
    for (const { status, text } of outcomes) {
      assert.equal(status, 400);
      assert.match(text, /no such option/);
    }
    assert.equal(engines[0]!.requests.length + engines[1]!.requests.length, 5);
    assert.equal(ejections(router), 0);
  });
});

test('leaves an endpoint alone for as long as its Retry-After says', async () => {
  let limited = true;
  const moody: Script = (stage) => {
    if (limited) stage.send(errorAnswer('429 Too Many', 'slow down', 'Retry-After: 2\r\n'));
    else good(stage);
  };
  await withRig([moody, good], {}, async ({ router, engines, client }) => {
    const untilMs = performance.now() + 5000;
    while (engines[0]!.requests.length === 0 && performance.now() < untilMs) {
      assertAllOk(await send(client, 1));
    }
    const busySinceMs = performance.now();
    limited = false;
    assertAllOk(await send(client, MANY));
    assert.equal(engines[0]!.requests.length, 1, 'nothing while it is busy');
    await sleep(2050 - (performance.now() - busySinceMs));
    assertAllOk(await send(client, MANY));
    assert.ok(engines[0]!.requests.length > 1, 'traffic again when the time is over');
    assert.equal(ejections(router), 0);
  });
});

test('does not blame an engine that says with a 500 that its queue is full', async () => {
  const full: Script = ({ send: say }) => {
    say(errorAnswer('500 Internal Server Error', 'The request queue is full.'));
  };
  const config = { retry: { ...PATIENT, failure_threshold: 1 } };
  await withRig([full, good], config, async ({ router, engines, client }) => {
    assertAllOk(await send(client, MANY));
    assert.ok(engines[0]!.requests.length > 1, 'it was asked again and again');
    assert.equal(ejections(router), 0);
  });
});

test('ejects after failure_threshold failures in a row and not before', async () => {
  const bad: Script = ({ send: say }) => say(errorAnswer('500 Oops', 'broken'));
  const config = { retry: { ...PATIENT, failure_threshold: 3 }, ejection: LONG };
  await withRig([bad, good], config, async ({ router, engines, client }) => {
    assertAllOk(await send(client, 2 * MANY));
    assert.equal(engines[0]!.requests.length, 3);
    await untilEjected(router, 1);
    await router.until('one is out', ({ backends }) => {
      return backends.filter(({ healthy }) => healthy).length === 1;
    });
  });
});

test('uses ejected endpoints when there are no others: panic', async () => {
  let ill = true;
  const recovering: Script = (stage) => {
    if (ill) stage.send(errorAnswer('500 Oops', 'broken'));
    else good(stage);
  };
  const config = {
    retry: { ...PATIENT, failure_threshold: 2 },
    ejection: LONG,
    routing: { unavailable_wait_ms: PAUSE_MS },
  };
  await withRig([recovering, recovering], config, async ({ router, client }) => {
    await send(client, 4);
    await router.until('both are ejected', ({ backends }) => {
      return backends.every(({ healthy }) => !healthy);
    });
    ill = false;
    const outcomes = await send(client, MANY);
    assertAllOk(outcomes);
    assert.ok(outcomes[0]!.text.includes(JSON.stringify(GOOD_ANSWER)));
    assert.ok(outcomes[0]!.totalMs < PAUSE_MS / 2, 'at once');
  });
});

test('answers 503 within unavailable_wait_ms when no endpoint was ever up', async () => {
  const router = await startRouter({
    endpoints: [{ url: 'http://127.0.0.1:9', model: MODEL }],
    config: { routing: { unavailable_wait_ms: 2500 } },
    waitUntilUp: false,
  });
  const client = new LoadClient(router.port);
  try {
    const [outcome] = await send(client, 1);
    assert.equal(outcome!.status, 503);
    assert.match(outcome!.text, /"code":"no_healthy_endpoint"/);
    assert.match(outcome!.text, /\r\nRetry-After: \d+\r\n/i);
    // By default it would be a second.
    assert.ok(outcome!.totalMs >= 2450 && outcome!.totalMs < 7500, `${outcome!.totalMs} ms`);
  } finally {
    client.close();
    await router.stop();
  }
});

test('tells clients to come back later when all endpoints died under them', async () => {
  const config = { retry: PATIENT };
  await withRig([good, good], config, async ({ router, client, stopEngine }) => {
    await Promise.all([stopEngine(0), stopEngine(1)]);
    for (const outcome of await send(client, 3)) {
      assert.equal(outcome.status, 503);
      assert.match(outcome.text, /"code":"no_healthy_endpoint"/);
      assert.match(outcome.text, /\r\nRetry-After: [1-6]\r\n/i);
      assert.match(outcome.text, /\r\nx-should-retry: false\r\n/);
      assert.ok(outcome.totalMs < PAUSE_MS, `${outcome.totalMs} ms`);
    }
    await untilEjected(router, 2);
  });
});
