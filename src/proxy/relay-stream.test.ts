import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assertHonest, EVENTS, STREAM, WHOLE } from '../../test/fakes/honest-stream.ts';
import {
  chunked,
  LAST_CHUNK,
  post,
  readAnswer,
  readAnswers,
  SSE_HEAD,
} from '../../test/fakes/http-text.ts';
import { endpoint } from '../../test/fakes/plane.ts';
import { planeStarter } from '../../test/fakes/planes.ts';
import { CLOSE_RESET } from '../net/transport.ts';
import { TOTAL_OK, TOTAL_SERVER_ERRORS } from '../state/totals.ts';

const start = planeStarter();
const TWO = { endpoints: [endpoint(0), endpoint(1)] };

describe('an event stream', () => {
  it('reaches the client in whole events, wherever its bytes are cut', () => {
    const body = STREAM.slice(SSE_HEAD.length);
    for (let cut = 0; cut <= body.length; cut++) {
      const plane = start();
      const client = plane.client(post());
      plane.connect().deliver(SSE_HEAD + body.slice(0, cut));
      const [early] = readAnswers(client.received);
      assertWhole(early?.body ?? '', cut);
      plane.upstream.deliver(body.slice(cut));
      assert.equal(readAnswer(client.received).body, WHOLE);
      plane.assertQuiet();
      plane.close();
    }
  });

  function assertWhole(text: string, cut: number): void {
    let sum = '';
    const boundaries = ['', ...EVENTS.map((event) => (sum += event))];
    // A CRLF may be cut: its CR ends the line already.
    const halves = boundaries.filter((one) => one.endsWith('\r\n')).map((one) => one.slice(0, -1));
    assert.ok([...boundaries, ...halves].includes(text), `cut at ${cut}: ${JSON.stringify(text)}`);
  }

  it('passes an event on the moment it is complete', () => {
    const plane = start();
    const client = plane.client(post());
    plane.connect().deliver(SSE_HEAD);
    let expected = '';
    for (const event of EVENTS) {
      plane.upstream.deliver(chunked(event));
      expected += event;
      assert.equal(readAnswer(client.received).body, expected);
    }
  });

  it('is passed on in pieces where an event is larger than what is held', () => {
    const plane = start();
    const client = plane.client(post());
    const event = `data: ${'x'.repeat(1_200_000)}\n\n`;
    plane.connect().deliver(SSE_HEAD);
    const bytes = chunked(event);
    for (let at = 0; at < bytes.length; at += 60_000)
      plane.upstream.deliver(bytes.slice(at, at + 60_000));
    plane.upstream.deliver(chunked(EVENTS[0]!) + chunked(EVENTS[4]!) + LAST_CHUNK);
    const got = readAnswer(client.received);
    assert.ok(got.body === event + EVENTS[0] + EVENTS[4]);
    plane.assertQuiet();
  });

  it('gets no error event within an event that was passed on in pieces', () => {
    const plane = start();
    const client = plane.client(post());
    plane.connect().deliver(SSE_HEAD);
    for (let i = 0; i < 20; i++) plane.upstream.deliver(chunked('x'.repeat(60_000)));
    plane.upstream.break(CLOSE_RESET);
    plane.net.settle();
    const got = readAnswer(client.received);
    assert.equal(got.complete, false);
    assert.match(got.body, /^x+$/);
    assert.equal(client.closedBy, 'close');
    plane.assertQuiet();
  });

  it('may lack the blank line of its last event', () => {
    for (const end of ['data: [DONE]', 'data: [DONE]\n']) {
      const plane = start();
      const client = plane.client(post());
      plane.connect().deliver(SSE_HEAD + chunked(EVENTS[0]!) + chunked(end) + LAST_CHUNK);
      const got = readAnswer(client.received);
      assert.ok(got.complete);
      assert.equal(got.body, EVENTS[0] + end);
      plane.assertQuiet();
    }
  });

  it('that is compressed passes as it is', () => {
    const plane = start();
    const client = plane.client(post());
    const head = SSE_HEAD.replace('\r\n\r\n', '\r\nContent-Encoding: gzip\r\n\r\n');
    plane.connect().deliver(head + chunked('\x1f\x8b\x08'));
    assert.equal(readAnswer(client.received).body, '\x1f\x8b\x08');
    plane.upstream.deliver(LAST_CHUNK);
    assert.ok(readAnswer(client.received).complete);
    plane.assertQuiet();
  });
});

describe('an endpoint that dies in a stream', () => {
  const ways = ['end', 'reset'] as const;

  it('is replaced before the first whole event, and told of honestly after it', () => {
    const firstEvent = SSE_HEAD.length + chunked(EVENTS[0]!).length - 2;
    for (const way of ways) {
      for (let cut = 0; cut < STREAM.length; cut++) {
        const plane = start(TWO);
        const client = plane.client(post());
        plane.connect().deliver(STREAM.slice(0, cut));
        const dead = plane.upstream;
        if (way === 'end') dead.deliverEnd();
        else dead.break(CLOSE_RESET);
        plane.net.settle();
        if (cut < firstEvent) {
          assert.notEqual(plane.upstream, dead, `${way} at ${cut}: another endpoint is tried`);
          plane.connect().deliver(STREAM);
          assert.equal(readAnswer(client.received).body, WHOLE, `${way} at ${cut}`);
          assert.equal(plane.total(TOTAL_OK), 1);
        } else {
          const got = readAnswer(client.received);
          assert.equal(assertHonest(got.body), 'upstream_disconnected', `${way} at ${cut}`);
          assert.equal(got.complete, false, 'no last chunk');
          assert.equal(client.closedBy, 'close');
          assert.equal(plane.total(TOTAL_SERVER_ERRORS), 1);
          assert.equal(plane.own.failedStream[plane.slotOf(dead)], 1);
        }
        plane.assertQuiet();
        plane.close();
      }
    }
  });

  it('is told of when it ended properly but without saying that it was complete', () => {
    for (let count = 1; count <= 3; count++) {
      const plane = start();
      const client = plane.client(post());
      plane.connect().deliver(SSE_HEAD + chunked(EVENTS[0]!));
      const more = EVENTS.slice(1, count).map(chunked).join('');
      plane.upstream.deliver(`${more}${chunked('data: {"half')}${LAST_CHUNK}`);
      const got = readAnswer(client.received);
      assert.equal(assertHonest(got.body, EVENTS.slice(0, count)), 'upstream_disconnected');
      assert.equal(got.complete, false);
      plane.assertQuiet();
    }
  });

  it('is told of also when all came at once', () => {
    const plane = start({ ...TWO, options: { numRetries: 0 } });
    const client = plane.client(post());
    plane.connect().deliver(SSE_HEAD + chunked(EVENTS[0]! + EVENTS[1]!) + LAST_CHUNK);
    assert.equal(readAnswer(client.received).status, 502, 'nothing was sent yet');
    plane.assertQuiet();
  });

  it('is success for streams that never say so, and for other statuses', () => {
    for (const [path, status] of [
      ['/v1/embeddings', 200],
      ['/v1/chat/completions', 400],
    ] as const) {
      const plane = start();
      const client = plane.client(post({ path }));
      const head = SSE_HEAD.replace('200', String(status));
      plane.connect().deliver(head + chunked('data: 1\n\n') + LAST_CHUNK);
      const got = readAnswer(client.received);
      assert.equal(got.status, status);
      assert.ok(got.complete);
      plane.assertQuiet();
    }
  });

  it('is told of in the words of the route', () => {
    const plane = start();
    const client = plane.client(post({ path: '/v1/messages' }));
    plane.connect().deliver(SSE_HEAD + chunked('event: ping\ndata: {}\n\n'));
    plane.upstream.break(CLOSE_RESET);
    plane.net.settle();
    assert.match(readAnswer(client.received).body, /\n\nevent: error\ndata: \{"type":"error"/);
  });

  it('is shown to an HTTP/1.0 client too', () => {
    const plane = start();
    const client = plane.client(post({ version: 'HTTP/1.0' }));
    plane.connect().deliver(SSE_HEAD + chunked(EVENTS[0]!));
    plane.upstream.break(CLOSE_RESET);
    plane.net.settle();
    assert.ok(client.received.includes(`\r\n\r\n${EVENTS[0]}data: {"error"`));
    assert.equal(client.closedBy, 'close');
  });

  it('leaves other answers visibly incomplete', () => {
    const length = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc';
    const chunks = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunked('abc')}`;
    for (const [bytes, version, way] of [
      [length, 'HTTP/1.1', 'close'],
      [chunks, 'HTTP/1.1', 'close'],
      [length, 'HTTP/1.0', 'close'],
      // Its end looks like a proper one, so it must not get one.
      [chunks, 'HTTP/1.0', 'reset'],
    ] as const) {
      const plane = start();
      const client = plane.client(post({ version }));
      plane.connect().deliver(bytes);
      plane.upstream.deliverEnd();
      plane.net.settle();
      assert.match(client.received, /abc(\r\n)?$/);
      assert.equal(client.closedBy, way, `${version} ${bytes}`);
      plane.assertEmpty();
    }
  });

  it('is replaced when its framing breaks before the first byte of the body', () => {
    const plane = start(TWO);
    const client = plane.client(post());
    plane.connect().deliver(`${SSE_HEAD}zz\r\n`);
    plane.connect().deliver(STREAM);
    assert.equal(readAnswer(client.received).body, WHOLE);
    plane.assertQuiet();
  });
});
