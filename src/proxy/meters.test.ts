/** What the meters say of requests that were played on a fake clock. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { answer, chunked, LAST_CHUNK, post, SSE_HEAD } from '../../test/fakes/http-text.ts';
import { endpoint, type FakePlane } from '../../test/fakes/plane.ts';
import { planeStarter } from '../../test/fakes/planes.ts';
import type { Histogram } from '../core/histogram.ts';
import { CLOSE_REFUSED, CLOSE_RESET } from '../net/transport.ts';
import {
  BUDGET,
  CLIENT_BYTES_IN,
  CLIENT_BYTES_OUT,
  ENDED,
  ENDINGS,
  ERROR_INDEX,
  EVENT_GAP,
  LOOP_DELAY,
  meterRow,
  OVERHEAD,
  OWN_ERRORS,
  OWN_RETRIES,
  QUEUE_WAIT,
  REPEATS,
  RETRIED,
  slotHistogram,
  TOTAL,
  TTFB,
  TTFT,
  UNPLACED,
  workerHistogram,
} from '../state/meters.ts';

const start = planeStarter();
const OK = answer(200, '{"ok":1}');
const TOKEN = chunked('data: {"choices":[{"delta":{"content":"x"}}]}\n\n');
const STOP = chunked('data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\n');
const DONE = chunked('data: [DONE]\n\n') + LAST_CHUNK;

function histogram(plane: FakePlane, kind: number, slot = 0): Histogram {
  return slotHistogram(meterRow(plane.meters, slot), kind);
}

/** Samples and their sum in milliseconds. */
function seen(plane: FakePlane, kind: number, slot = 0): [number, number] {
  const found = histogram(plane, kind, slot);
  return [found.count(), found.sum() / 16];
}

function ownSeen(plane: FakePlane, kind: number): [number, number] {
  const found = workerHistogram(plane.meters.own, kind);
  return [found.count(), found.sum() / 1000];
}

/** How the requests of a slot ended, in the order of ENDINGS; first those placed. */
function endings(plane: FakePlane, slot = 0, from = ENDED): number[] {
  return [...meterRow(plane.meters, slot).subarray(from, from + ENDINGS.length)];
}

describe('the meter of a request', () => {
  it('times the first byte and the whole answer from the request head', () => {
    const plane = start();
    plane.client(post());
    plane.advance(40);
    plane.connect();
    plane.advance(200);
    plane.upstream.deliver(OK.slice(0, -3));
    plane.advance(60);
    plane.upstream.deliver(OK.slice(-3));
    assert.deepEqual(seen(plane, TTFB), [1, 240]);
    assert.deepEqual(seen(plane, TOTAL), [1, 300]);
    assert.deepEqual(seen(plane, TTFT), [0, 0], 'only a stream has a first token');
    assert.deepEqual(endings(plane), [1, 0, 0, 0]);
  });

  it('times the first event of a stream and the gaps between the others', () => {
    const plane = start();
    plane.client(post());
    plane.connect();
    plane.advance(100);
    plane.upstream.deliver(SSE_HEAD);
    plane.advance(400);
    plane.upstream.deliver(TOKEN);
    plane.advance(20);
    plane.upstream.deliver(TOKEN);
    plane.advance(40);
    plane.upstream.deliver(TOKEN + TOKEN);
    plane.advance(20);
    plane.upstream.deliver(STOP + DONE);
    assert.deepEqual(seen(plane, TTFT), [1, 500]);
    assert.deepEqual(seen(plane, TTFB), [1, 500], 'the head waits for the first event');
    // 20, and 40 shared by two; the end of the stream is no token.
    assert.deepEqual(seen(plane, EVENT_GAP), [3, 60]);
    assert.equal(histogram(plane, EVENT_GAP).max() / 16, 20);
  });

  it('counts comments and half events as no event', () => {
    const plane = start();
    plane.client(post());
    plane.connect();
    plane.upstream.deliver(SSE_HEAD + chunked(': ping\n\n'));
    plane.advance(60);
    plane.upstream.deliver(chunked('data: {"choices":'));
    plane.advance(40);
    plane.upstream.deliver(chunked('[{"delta":{"content":"x"}}]}\n\n'));
    assert.deepEqual(seen(plane, TTFB), [1, 0]);
    assert.deepEqual(seen(plane, TTFT), [1, 100]);
    assert.deepEqual(seen(plane, EVENT_GAP), [0, 0]);
  });

  it('counts a head that is not to wait any longer as the first byte, and adds nothing', () => {
    const plane = start({ options: { headHoldMs: 100 } });
    plane.client(post());
    plane.connect();
    plane.upstream.deliver(SSE_HEAD);
    plane.advance(200);
    plane.upstream.deliver(TOKEN + STOP + DONE);
    assert.ok(seen(plane, TTFB)[1] < 200);
    assert.deepEqual(seen(plane, TTFT), [1, 200]);
    assert.deepEqual(ownSeen(plane, OVERHEAD), [0, 0]);
  });
});

describe('the overhead', () => {
  it('is the time to hand the request on, opening a connection included', () => {
    const plane = start();
    plane.client(post());
    plane.advance(40);
    plane.connect();
    plane.advance(2_000);
    plane.upstream.deliver(OK);
    assert.deepEqual(ownSeen(plane, OVERHEAD), [1, 40]);
  });

  it('does not count the time that a client takes to send its body', () => {
    const plane = start();
    const request = post();
    const client = plane.client(request.slice(0, -5));
    plane.advance(500);
    client.deliver(request.slice(-5));
    plane.connect().deliver(OK);
    assert.deepEqual(ownSeen(plane, OVERHEAD), [1, 0]);
  });

  it('is not told for requests that were repeated', () => {
    const plane = start({ endpoints: [endpoint(0), endpoint(1)] });
    plane.client(post());
    plane.upstream.break(CLOSE_REFUSED);
    plane.net.settle();
    plane.connect().deliver(OK);
    assert.deepEqual(ownSeen(plane, OVERHEAD), [0, 0]);
  });
});

describe('the counts', () => {
  it('tell a retry by its reason, at the endpoint that failed', () => {
    const plane = start({ endpoints: [endpoint(0), endpoint(1)] });
    plane.client(post());
    const failed = plane.slotOf(plane.upstream);
    plane.upstream.break(CLOSE_REFUSED);
    plane.net.settle();
    plane.connect().deliver(OK);
    const index = ERROR_INDEX.get('connect_refused')!;
    assert.equal(plane.meters.own[OWN_RETRIES + index], 1);
    assert.equal(plane.meters.own[OWN_ERRORS + index], 0, 'the request went well in the end');
    assert.equal(meterRow(plane.meters, failed)[RETRIED], 1);
    assert.equal(meterRow(plane.meters, 1 - failed)[REPEATS], 1);
    assert.deepEqual(endings(plane, failed), [0, 0, 0, 0]);
    assert.deepEqual(endings(plane, 1 - failed), [1, 0, 0, 0]);
  });

  it('tell a failure that another model mended as a retry, too', () => {
    const plane = start({
      endpoints: [endpoint(0, { modelName: 'big' }), endpoint(1, { modelName: 'small' })],
      names: [{ name: 'big', model: 'big', fallbacks: ['small'], listed: true }],
      options: { numRetries: 0 },
    });
    plane.client(post({ body: '{"model":"big"}' }));
    plane.upstream.break(CLOSE_REFUSED);
    plane.net.settle();
    plane.connect().deliver(OK);
    assert.equal(plane.meters.own[OWN_RETRIES + ERROR_INDEX.get('connect_refused')!], 1);
    assert.equal(meterRow(plane.meters, 0)[RETRIED], 1);
    assert.equal(meterRow(plane.meters, 1)[REPEATS], 1);
    assert.deepEqual(endings(plane, 1), [1, 0, 0, 0]);
  });

  it('tell each way to end, once', () => {
    for (const [ending, end] of [
      [1, (plane: FakePlane) => plane.connect().deliver(answer(404, '{}'))],
      [2, (plane: FakePlane) => plane.connect().deliver(answer(501, '{}'))],
      [3, (plane: FakePlane) => plane.connect()],
    ] as const) {
      const plane = start();
      const client = plane.client(post());
      end(plane);
      client.break(CLOSE_RESET);
      plane.net.settle();
      const expected = ENDINGS.map((_, index) => Number(index === ending));
      assert.deepEqual(endings(plane), expected, ENDINGS[ending]);
      assert.deepEqual(seen(plane, TOTAL), [0, 0], 'only whole answers are timed');
      const code = ending === 3 ? 'client_gone' : 'upstream_status';
      assert.equal(plane.meters.own[OWN_ERRORS + ERROR_INDEX.get(code)!], 1);
    }
  });

  it('tell what never got to an endpoint at the first one of the model', () => {
    const plane = start({ options: { unavailableWaitMs: 100 } });
    plane.columns.control.probeState[0] = 0;
    plane.client(post());
    plane.advance(300);
    assert.deepEqual(endings(plane, 0, UNPLACED), [0, 0, 1, 0]);
    assert.deepEqual(endings(plane), [0, 0, 0, 0]);
    const [waits, waitedMs] = ownSeen(plane, QUEUE_WAIT);
    assert.equal(waits, 1);
    assert.ok(waitedMs >= 100 && waitedMs <= 140, `${waitedMs}`);
  });

  it('tell a request for an unknown model by its error alone', () => {
    const plane = start();
    plane.client(post({ body: '{"model":"nobody"}' }));
    assert.equal(plane.meters.own[OWN_ERRORS + ERROR_INDEX.get('model_not_found')!], 1);
    assert.ok(plane.meters.rows.every((cell) => cell === 0));
  });

  it('tell the body bytes of clients, without framing', () => {
    const plane = start();
    const body = '{"model":"m","x":"y"}';
    plane.client(post({ body }));
    plane.connect().deliver(OK);
    assert.equal(plane.meters.own[CLIENT_BYTES_IN], body.length);
    assert.equal(plane.meters.own[CLIENT_BYTES_OUT], '{"ok":1}'.length);
  });

  it('show the retry budget of each model at its first endpoint', () => {
    const plane = start({ endpoints: [endpoint(3), endpoint(1)] });
    plane.plane.meters.showBudgets(plane.plane.table);
    const budget = plane.plane.table.cluster('m')!.budget.balance(plane.clock.nowMs());
    assert.ok(budget > 0);
    assert.equal(meterRow(plane.meters, 3)[BUDGET], budget);
    assert.equal(meterRow(plane.meters, 1)[BUDGET], 0);
  });

  it('tell how late the event loop came round', () => {
    const plane = start();
    plane.client(post());
    plane.advance(40);
    plane.clock.advance(520);
    plane.plane.wheel.turn();
    assert.deepEqual(ownSeen(plane, LOOP_DELAY), [3, 500]);
  });
});
