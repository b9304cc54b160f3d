import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { answer, field, post, readAnswer } from '../../test/fakes/http-text.ts';
import { endpoint, type FakePlane } from '../../test/fakes/plane.ts';
import { planeStarter } from '../../test/fakes/planes.ts';
import { charge, used } from '../core/rate-window.ts';
import { CLOSE_REFUSED, CLOSE_RESET } from '../net/transport.ts';
import { GAUGE_QUEUED } from '../state/totals.ts';

const start = planeStarter();
const OK = answer(200, '{"ok":1}');

function codeOf(body: string): string {
  return JSON.parse(body).error.code;
}

describe('waiting', () => {
  const limited = { endpoints: [endpoint(0, { rpmLimit: 1 })] };

  it('ends with 429 and a true Retry-After when the rate limit stays reached', () => {
    const plane = start(limited);
    plane.client(post());
    plane.connect().deliver(OK);
    plane.advance(10_000);
    const second = plane.client(post());
    assert.equal(plane.total(GAUGE_QUEUED), 1);
    plane.advance(4_980);
    assert.equal(second.received, '');
    plane.advance(60);
    const got = readAnswer(second.received);
    assert.equal(got.status, 429);
    assert.equal(codeOf(got.body), 'rate_limited');
    const seconds = Number(field(got, 'retry-after'));
    assert.ok(seconds >= 45 && seconds <= 46, `Retry-After: ${seconds}`);
    assert.equal(plane.total(GAUGE_QUEUED), 0);
    plane.assertQuiet();
  });

  it('ends when the window opens', () => {
    const plane = start({ ...limited, options: { queueTimeoutMs: 70_000 } });
    plane.client(post());
    plane.connect().deliver(OK);
    const second = plane.client(post());
    plane.advance(59_900);
    assert.equal(plane.own.sent[0], 1);
    plane.advance(800);
    plane.connect().deliver(OK);
    assert.equal(readAnswer(second.received).status, 200);
    assert.equal(plane.total(GAUGE_QUEUED), 0);
    plane.assertQuiet();
  });

  it('ends with 503 after a shorter time when no endpoint is up', () => {
    const plane = start();
    plane.columns.control.probeState[0] = 0;
    const client = plane.client(post());
    assert.equal(plane.total(GAUGE_QUEUED), 1);
    plane.advance(1_040);
    const got = readAnswer(client.received);
    assert.equal(got.status, 503);
    assert.equal(codeOf(got.body), 'no_healthy_endpoint');
    assert.equal(plane.total(GAUGE_QUEUED), 0);
    plane.assertQuiet();
  });

  it('is refused when the queue is full', () => {
    const plane = start({ ...limited, options: { maxQueue: 2 } });
    plane.client(post());
    const waiting = [plane.client(post()), plane.client(post())];
    const got = readAnswer(plane.client(post()).received);
    assert.equal(got.status, 429);
    assert.equal(codeOf(got.body), 'queue_full');
    assert.ok(Number(field(got, 'retry-after')) >= 60);
    assert.deepEqual(
      waiting.map(({ received }) => received),
      ['', ''],
    );
    assert.equal(plane.total(GAUGE_QUEUED), 2);
  });

  it('ends with 404 when a reload takes the model away', () => {
    const plane = start(limited);
    plane.client(post());
    const client = plane.client(post());
    plane.plane.adopt({ epoch: 2, strategy: 'simple-shuffle', clusters: [] });
    plane.advance(20);
    assert.equal(readAnswer(client.received).status, 404);
    assert.equal(plane.total(GAUGE_QUEUED), 0);
  });

  it('goes on past one whose remaining endpoints are taken', () => {
    const plane = start({
      endpoints: [endpoint(0), endpoint(1, { rpmLimit: 1 })],
      options: { maxConnsPerHost: 1, numRetries: 3 },
    });
    const first = plane.client(post());
    const second = plane.client(post());
    const third = plane.client(post());
    assert.equal(plane.total(GAUGE_QUEUED), 1);
    const zero = plane.net.upstream.find((one) => plane.slotOf(one) === 0)!;
    // Whoever runs on 0 fails there; 1 has no room, and 0 comes free again.
    plane.connect(zero).deliver(answer(500, 'x'));
    plane.advance(1_000);
    const again = plane.net.upstream.filter((one) => plane.slotOf(one) === 0 && !one.gone);
    assert.ok(again.length > 0);
    assert.equal(plane.own.inFlight[0], 1, 'the endpoint that is free is used');
    for (const client of [first, second, third]) client.break(CLOSE_RESET);
    plane.assertEmpty();
  });
});

describe('a rate window', () => {
  const limited = { endpoints: [endpoint(0, { rpmLimit: 1 })], options: { numRetries: 0 } };

  function isFree(plane: FakePlane): boolean {
    const opened = plane.net.upstream.length;
    plane.client(post());
    return plane.net.upstream.length > opened;
  }

  it('gets its charge back when nothing was sent', () => {
    const refused = start(limited);
    refused.client(post());
    refused.upstream.break(CLOSE_REFUSED);
    refused.net.settle();
    assert.ok(isFree(refused), 'refused connection');

    const left = start(limited);
    left.client(post()).break(CLOSE_RESET);
    left.net.settle();
    assert.ok(isFree(left), 'client left while connecting');

    const slow = start({ ...limited, options: { ...limited.options, connectTimeoutMs: 500 } });
    slow.client(post());
    slow.advance(540);
    assert.ok(isFree(slow), 'connect timeout');
  });

  it('keeps its charge when the request was sent', () => {
    const plane = start(limited);
    const client = plane.client(post());
    plane.connect();
    client.break(CLOSE_RESET);
    plane.net.settle();
    assert.ok(!isFree(plane));
  });

  it('is charged for the moment of sending when the connection took long', () => {
    const plane = start({ ...limited, options: { ...limited.options, queueTimeoutMs: 200_000 } });
    plane.client(post());
    plane.advance(5_000);
    plane.connect().deliver(OK);
    plane.client(post());
    plane.advance(59_000);
    assert.equal(plane.net.upstream.length, 1, 'sixty seconds after sending, not after the pick');
    plane.advance(2_000);
    assert.equal(plane.net.upstream.length, 2);
  });

  it('lets an exchange wait again when its place was taken while it connected', () => {
    const plane = start({ ...limited, options: { ...limited.options, queueTimeoutMs: 200_000 } });
    const client = plane.client(post());
    plane.advance(5_000);
    const cells = plane.columns.shared.rate;
    charge(cells, 0, 0, plane.clock.nowMs());
    plane.connect();
    assert.equal(plane.upstream.received, '', 'nothing was sent');
    assert.equal(plane.total(GAUGE_QUEUED), 1);
    assert.equal(used(cells, 0, plane.clock.nowMs()), 1, 'its own charge was given back');
    plane.advance(61_000);
    assert.equal(plane.total(GAUGE_QUEUED), 0);
    plane.connect().deliver(OK);
    assert.equal(readAnswer(client.received).status, 200);
    plane.assertQuiet();
  });
});
