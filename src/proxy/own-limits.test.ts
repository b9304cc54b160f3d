import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { answer, chunked, post, readAnswer, SSE_HEAD } from '../../test/fakes/http-text.ts';
import { endpoint, FakePlane, type FakePlaneParts, own } from '../../test/fakes/plane.ts';
import type { OwnSettings } from '../core/endpoint.ts';
import { CLOSE_REFUSED } from '../net/transport.ts';
import { GAUGE_QUEUED } from '../state/totals.ts';

const planes: FakePlane[] = [];
const OK = answer(200, '{"ok":1}');
const STREAM = post({ body: '{"model":"m","stream":true}' });

afterEach(() => {
  for (const plane of planes.splice(0)) plane.close();
});

function start(parts: FakePlaneParts): FakePlane {
  const plane = new FakePlane(parts);
  planes.push(plane);
  return plane;
}

/** One endpoint with settings of its own, and no retries unless it has its own. */
function alone(settings: Partial<OwnSettings>): FakePlane {
  return start({ endpoints: [endpoint(0, { own: own(settings) })], options: { numRetries: 0 } });
}

function codeOf(body: string): string {
  return JSON.parse(body).error.code;
}

describe('an endpoint with settings of its own', () => {
  it('is tried before all of a higher order, and they only when it cannot', () => {
    const second = endpoint(0, { own: own({ order: 2 }) });
    const first = endpoint(1, { own: own({ order: 1 }) });
    const plane = start({ endpoints: [second, first, endpoint(2)] });
    for (let n = 0; n < 20; n++) {
      plane.client(post());
      assert.equal(plane.slotOf(plane.upstream), 1);
    }
    const client = plane.client(post());
    plane.upstream.break(CLOSE_REFUSED);
    plane.net.settle();
    assert.equal(plane.slotOf(plane.upstream), 0);
    plane.upstream.break(CLOSE_REFUSED);
    plane.net.settle();
    assert.equal(plane.slotOf(plane.upstream), 2, 'one without an order comes last');
    plane.connect().deliver(OK);
    assert.equal(readAnswer(client.received).status, 200);
  });

  it('has no more attempts at once than max_parallel_requests', () => {
    const plane = alone({ maxParallel: 2 });
    plane.client(post());
    const running = plane.connect();
    plane.client(post());
    const third = plane.client(post());
    assert.equal(plane.net.upstream.length, 2);
    assert.equal(plane.total(GAUGE_QUEUED), 1);
    running.deliver(OK);
    plane.advance(40);
    assert.equal(plane.total(GAUGE_QUEUED), 0);
    plane.upstream.deliver(OK);
    assert.equal(third.gone, false);
  });

  it('is given up after its timeout, before and inside an answer', () => {
    const plane = alone({ timeoutMs: 5_000 });
    const silent = plane.client(post());
    plane.connect();
    plane.advance(4_900);
    assert.equal(silent.received, '');
    plane.advance(140);
    const got = readAnswer(silent.received);
    assert.equal(got.status, 504);
    assert.equal(codeOf(got.body), 'attempt_timeout');
    const slow = plane.client(post());
    plane.connect().deliver('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n123');
    plane.advance(5_040);
    assert.ok(slow.gone, 'cut off in the middle');
    assert.equal(plane.own.failedTimeout[0], 2);
    plane.assertQuiet();
  });

  it('lets a stream go on beyond its timeout, once it flows', () => {
    const plane = alone({ timeoutMs: 5_000 });
    const client = plane.client(STREAM);
    plane.connect().deliver(SSE_HEAD);
    for (let second = 0; second < 10; second++) {
      plane.upstream.deliver(chunked(`data: ${second}\n\n`));
      plane.advance(1_000);
    }
    assert.match(client.received, /data: 9/);
    assert.equal(client.gone, false);
    const silent = plane.client(STREAM);
    plane.connect();
    plane.advance(5_040);
    assert.equal(readAnswer(silent.received).status, 504);
  });

  it('has stream_timeout for each silence of a stream, and for no other answer', () => {
    const plane = alone({ timeoutMs: 60_000, streamTimeoutMs: 2_000 });
    const silent = plane.client(STREAM);
    plane.connect();
    plane.advance(2_040);
    assert.equal(codeOf(readAnswer(silent.received).body), 'attempt_timeout');
    const stalls = plane.client(STREAM);
    plane.connect().deliver(SSE_HEAD + chunked('data: 1\n\n'));
    plane.advance(1_900);
    plane.upstream.deliver(chunked('data: 2\n\n'));
    plane.advance(1_900);
    assert.doesNotMatch(stalls.received, /error/);
    plane.advance(200);
    assert.match(stalls.received, /"code":"stream_stalled"/);
    const plain = plane.client(post());
    plane.connect();
    plane.advance(10_000);
    plane.upstream.deliver(OK);
    assert.equal(readAnswer(plain.received).status, 200);
  });

  it('is never ejected with a cooldown of 0, and for its own time with another', () => {
    const never = alone({ cooldownMs: 0 });
    for (let n = 0; n < 5; n++) {
      never.client(post());
      never.upstream.break(CLOSE_REFUSED);
      never.net.settle();
    }
    assert.equal(never.own.ejections[0], 0);
    const short = alone({ cooldownMs: 30_000 });
    short.client(post());
    short.upstream.break(CLOSE_REFUSED);
    short.net.settle();
    const ms = short.own.ejectedUntilMs[0]! - short.clock.nowMs();
    assert.ok(Math.abs(ms - 30_000) <= 3_000, `${ms}`);
    short.plane.adopt({ epoch: 2, strategy: 'simple-shuffle', clusters: [] });
  });

  it('is tried again as often as its own num_retries says', () => {
    const plane = alone({ numRetries: 2 });
    const client = plane.client(post());
    for (let attempt = 0; attempt < 3; attempt++) {
      assert.equal(client.received, '');
      plane.upstream.break(CLOSE_REFUSED);
      plane.net.settle();
      plane.advance(1_000);
    }
    assert.equal(plane.net.upstream.length, 3);
    assert.equal(readAnswer(client.received).status, 503);
  });

  it('gets its own fields instead of what the client sent under those names', () => {
    const plane = alone({
      headers: [
        ['OpenAI-Organization', 'org-1'],
        ['X-Team', 'blue'],
      ],
    });
    plane.client(post({ fields: 'x-team: red\r\nX-Other: 1\r\n' }));
    plane.connect();
    const head = plane.upstream.received.split('\r\n\r\n')[0]!;
    assert.match(head, /\r\nOpenAI-Organization: org-1\r\n/);
    assert.match(head, /\r\nX-Team: blue\r\n/);
    assert.match(head, /\r\nX-Other: 1\r\n/);
    assert.doesNotMatch(head, /red/);
  });
});

describe('the limit of all requests together', () => {
  it('refuses one more before its body is read', () => {
    const plane = start({ options: { maxRequests: 2 } });
    plane.client(post());
    const upstream = plane.connect();
    plane.client(post());
    const third = plane.client(post());
    const got = readAnswer(third.received);
    assert.equal(got.status, 429);
    assert.equal(codeOf(got.body), 'too_many_requests');
    assert.match(got.head, /\r\nRetry-After: 1\r\n/);
    upstream.deliver(OK);
    plane.client(post());
    assert.equal(plane.net.upstream.length, 2, 'one has ended, and its connection serves again');
  });
});
