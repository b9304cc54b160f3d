import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import { answer, field, post, readAnswer, readAnswers } from '../../test/fakes/http-text.ts';
import type { FakePlane } from '../../test/fakes/plane.ts';
import { planeStarter } from '../../test/fakes/planes.ts';
import type { FakeTransport } from '../../test/fakes/transport.ts';
import { GAUGE_CONNECTIONS, TOTAL_CLIENT_GONE, TOTAL_OK } from '../state/totals.ts';

const start = planeStarter();
const OK = answer(200, '{"ok":1}');
const HEALTH = 'GET /health HTTP/1.1\r\nHost: r\r\n\r\n';
const LAST = 'GET /health HTTP/1.1\r\nHost: r\r\nConnection: close\r\n\r\n';

/** The connection lingered and the client did its part. */
function leave(plane: FakePlane, client: FakeTransport): void {
  client.deliverEnd();
  plane.net.settle();
}

describe('timers of a connection', () => {
  it('close one that never sends anything', () => {
    const plane = start();
    const client = plane.client();
    plane.advance(9_960);
    assert.equal(client.closedBy, '');
    plane.advance(80);
    assert.equal(client.closedBy, 'destroy');
    assert.equal(client.received, '');
    plane.assertEmpty();
  });

  it('answer 408 to a head that does not come to its end, however busily it drips', () => {
    const plane = start();
    const client = plane.client('G');
    for (let i = 0; i < 9; i++) {
      plane.advance(1_000);
      client.deliver(i === 0 ? 'ET /health HTTP/1.1\r\nX: ' : 'y');
    }
    assert.equal(client.received, '');
    plane.advance(1_040);
    assert.equal(readAnswer(client.received).status, 408);
    plane.advance(2_040);
    plane.assertEmpty();
  });

  it('answer 408 to a body that pauses too long, not to one that is slow', () => {
    const plane = start();
    const text = post();
    const client = plane.client(text.slice(0, -5));
    for (let at = 5; at > 1; at--) {
      plane.advance(29_000, 500);
      client.deliver(text.slice(-at, -at + 1));
      assert.equal(client.received, '');
    }
    plane.advance(30_060, 500);
    assert.equal(readAnswer(client.received).status, 408);
    assert.ok(client.ended);
    plane.advance(2_520, 500);
    plane.assertEmpty();
  });

  it('close one that is idle between requests', () => {
    const plane = start();
    const client = plane.client(HEALTH);
    plane.advance(64_500, 500);
    assert.equal(client.closedBy, '');
    plane.advance(1_000);
    assert.equal(client.closedBy, 'destroy');
    plane.assertEmpty();
  });

  it('leave a slow reader alone while it reads its last answer', () => {
    const plane = start();
    const client = plane.client(LAST);
    client.stalled = true;
    const slow = plane.client();
    slow.stalled = true;
    slow.deliver(LAST);
    assert.ok(slow.bytesQueued() > 0);
    for (let i = 0; i < 5; i++) {
      plane.advance(29_000, 500);
      slow.drain(10);
      plane.advance(1_500, 500);
      assert.equal(slow.closedBy, '', `after ${i}`);
    }
    plane.advance(61_000, 500);
    assert.equal(slow.closedBy, 'destroy', 'it stopped reading');
    plane.assertEmpty();
  });

  it('do not run while an exchange does', () => {
    const plane = start();
    const client = plane.client(post());
    plane.connect();
    plane.advance(500_000, 500);
    assert.equal(client.closedBy, '');
    plane.upstream.deliver(OK);
    assert.equal(readAnswer(client.received).status, 200);
  });
});

describe('a client that closes its sending side', () => {
  it('between two requests is gone', () => {
    const plane = start();
    const client = plane.client(HEALTH);
    leave(plane, client);
    assert.equal(client.closedBy, 'close');
    plane.assertEmpty();
  });

  it('gets the rest of an answer that is still queued', () => {
    const plane = start();
    const client = plane.client();
    client.stalled = true;
    client.deliver(HEALTH);
    client.deliverEnd();
    client.drain();
    assert.equal(readAnswer(client.received).status, 200);
    plane.assertEmpty();
  });

  it('within its head or body is gone', () => {
    for (const cut of [10, -3]) {
      const plane = start();
      const client = plane.client(post().slice(0, cut));
      leave(plane, client);
      assert.notEqual(client.closedBy, '');
      assert.equal(client.received, '');
      plane.assertEmpty();
      assert.equal(plane.total(TOTAL_CLIENT_GONE), cut < 0 ? 1 : 0);
    }
  });

  it('gets the answers to all it sent, and then the end', () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    const plane = start();
    const client = plane.client(post() + HEALTH + post());
    client.deliverEnd();
    plane.connect().deliver(OK);
    plane.upstream.deliver(OK);
    mock.timers.tick(10);
    plane.net.settle();
    assert.deepEqual(
      readAnswers(client.received).map(({ status }) => status),
      [200, 200, 200],
    );
    assert.equal(client.closedBy, 'close');
    plane.assertEmpty();
    mock.timers.reset();
  });

  it('is asked twice whether it is there, never within an answer', () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    const plane = start();
    const client = plane.client(post());
    client.deliverEnd();
    assert.equal(client.received, 'HTTP/1.1 100 Continue\r\n\r\n');
    plane.connect().deliver('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf');
    mock.timers.tick(10);
    plane.upstream.deliver('-whole');
    plane.net.settle();
    assert.equal(readAnswer(client.received).body, 'half-whole');
    plane.assertEmpty();
    mock.timers.reset();
  });

  it('is gone when it cannot understand the question', () => {
    const plane = start();
    const client = plane.client(post({ version: 'HTTP/1.0' }));
    plane.connect();
    leave(plane, client);
    assert.equal(client.received, '');
    assert.equal(plane.upstream.closedBy, 'destroy');
    assert.equal(plane.total(TOTAL_CLIENT_GONE), 1);
    plane.assertEmpty();
  });
});

describe('a drain', () => {
  it('closes idle connections and lets the others end after their answer', () => {
    const plane = start();
    const idle = plane.client(HEALTH);
    const busy = plane.client(post());
    plane.plane.draining = true;
    plane.downstreams.closeAfterAnswers(true);
    assert.equal(idle.closedBy, 'close');
    plane.connect().deliver(OK);
    assert.equal(field(readAnswer(busy.received), 'connection'), 'close');
    assert.ok(busy.ended);
    const late = plane.client(HEALTH);
    assert.equal(field(readAnswer(late.received), 'connection'), 'close');
    leave(plane, busy);
    leave(plane, late);
    plane.assertEmpty();
    assert.equal(plane.total(TOTAL_OK), 1);
  });

  it('leaves a connection alone that has yet to ask, while new ones are still accepted', () => {
    const plane = start();
    const used = plane.client(HEALTH);
    const fresh = plane.client();
    plane.plane.draining = true;
    plane.downstreams.closeAfterAnswers(false);
    assert.equal(used.closedBy, 'close');
    assert.equal(fresh.closedBy, '');
    fresh.deliver(HEALTH);
    assert.equal(field(readAnswer(fresh.received), 'connection'), 'close');
    const unused = plane.client();
    plane.downstreams.closeAfterAnswers(true);
    assert.equal(unused.closedBy, 'close');
    leave(plane, fresh);
    plane.assertEmpty();
  });

  it('answers /ready with 503', () => {
    const plane = start();
    const ready = 'GET /ready HTTP/1.1\r\nHost: r\r\n\r\n';
    assert.equal(readAnswer(plane.client(ready).received).status, 200);
    plane.plane.draining = true;
    assert.equal(readAnswer(plane.client(ready).received).status, 503);
  });

  it('ends everything at its deadline', () => {
    const plane = start();
    const clients = [
      plane.client(),
      plane.client('GET /he'),
      plane.client(post().slice(0, -2)),
      plane.client(post()),
      plane.client(LAST),
    ];
    plane.downstreams.endAll();
    for (const client of clients) leave(plane, client);
    plane.assertEmpty();
    assert.equal(plane.total(GAUGE_CONNECTIONS), 0);
  });
});
