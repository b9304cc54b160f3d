import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assertHonest, EVENTS, STREAM, WHOLE } from '../../test/fakes/honest-stream.ts';
import {
  answer,
  chunked,
  field,
  LAST_CHUNK,
  post,
  readAnswer,
  SSE_HEAD,
} from '../../test/fakes/http-text.ts';
import type { FakePlaneParts } from '../../test/fakes/plane.ts';
import { planeStarter } from '../../test/fakes/planes.ts';
import { CLOSE_RESET } from '../net/transport.ts';

const start = planeStarter();
const CHUNKED_HEAD = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
const OK = answer(200, '{"ok":1}');

describe('an answer', () => {
  it('is the same for the client wherever its bytes are cut', () => {
    for (const bytes of [
      answer(200, '{"a":"é"}', 'X-A: 1\r\n'),
      answer(404, '{"error":1}'),
      answer(200, ''),
      'HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n',
      `${CHUNKED_HEAD}${chunked('ab')}${chunked('cde')}${LAST_CHUNK}`,
      `${CHUNKED_HEAD}${chunked('ab')}0\r\nX-T: 1\r\n\r\n`,
      STREAM,
    ]) {
      const whole = relayed([bytes]);
      for (let cut = 1; cut < bytes.length; cut++) {
        const parts = relayed([bytes.slice(0, cut), bytes.slice(cut)]);
        assert.deepEqual(parts, whole, `cut at ${cut}`);
      }
      assert.deepEqual(relayed([...bytes]), whole, 'byte by byte');
    }
  });

  function relayed(parts: readonly string[]): object {
    const plane = start();
    const client = plane.client(post({ fields: 'X-Request-Id: r1\r\n' }));
    plane.connect();
    for (const part of parts) plane.upstream.deliver(part);
    const got = readAnswer(client.received);
    assert.ok(got.complete);
    assert.equal(client.ended, false, 'the connection stays');
    assert.equal(plane.upstream.closedBy, '', 'the connection to the endpoint is kept');
    plane.assertQuiet();
    plane.close();
    return got;
  }

  it('reaches the client as it comes', () => {
    const plane = start();
    const client = plane.client(post());
    plane.connect().deliver('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n');
    assert.equal(client.received, '', 'the head waits for the first byte of the body');
    plane.upstream.deliver('ab');
    assert.match(client.received, /\r\n\r\nab$/);
    plane.upstream.deliver('cd');
    assert.match(client.received, /abcd$/);
    plane.upstream.deliver('ef');
    assert.equal(readAnswer(client.received).body, 'abcdef');
  });

  it('without a length ends with the connection', () => {
    const plane = start();
    const client = plane.client(post());
    plane.connect().deliver('HTTP/1.1 200 OK\r\n\r\nabc');
    plane.upstream.deliver('def');
    plane.upstream.deliverEnd();
    const got = readAnswer(client.received);
    assert.equal(got.body, 'abcdef');
    assert.ok(got.complete);
    assert.equal(field(got, 'transfer-encoding'), 'chunked');
    plane.net.settle();
    assert.ok(plane.upstream.gone, 'such a connection is not reused');
    plane.assertQuiet();
  });

  it('of unknown length ends with the connection for an HTTP/1.0 client', () => {
    const plane = start();
    const client = plane.client(
      post({ version: 'HTTP/1.0', fields: 'Connection: keep-alive\r\n' }),
    );
    plane.connect().deliver(STREAM);
    const text = client.received;
    assert.ok(text.endsWith(`\r\n\r\n${WHOLE}`), text);
    assert.match(text, /Connection: close/);
    assert.ok(client.ended);
    plane.assertQuiet();
  });

  it('with bytes behind its end costs the endpoint its connection', () => {
    const plane = start();
    const client = plane.client(post());
    plane.connect().deliver(`${OK}HTTP/1.1 200 OK\r\n`);
    assert.equal(readAnswer(client.received).body, '{"ok":1}');
    assert.equal(plane.upstream.closedBy, 'destroy');
    plane.assertQuiet();
  });

  it('that says "Connection: close" is not followed by another request', () => {
    const plane = start();
    plane.client(post());
    plane.connect().deliver(answer(200, 'x', 'Connection: close\r\n'));
    assert.equal(plane.upstream.closedBy, 'destroy');
  });

  it('is not begun before the first byte of its body, but after a while', () => {
    const plane = start({ options: { headHoldMs: 500 } });
    const client = plane.client(post());
    plane.connect().deliver(SSE_HEAD);
    plane.advance(480);
    assert.equal(client.received, '');
    plane.advance(40);
    assert.match(client.received, /^HTTP\/1\.1 200 OK\r\n/);
    plane.upstream.deliver(STREAM.slice(SSE_HEAD.length));
    assert.equal(readAnswer(client.received).body, WHOLE);
    plane.assertQuiet();
  });

  it('may have a head as large as is allowed', () => {
    const plane = start();
    const fields = 'X-Long: '.concat('y'.repeat(7_900), '\r\n').repeat(4);
    const client = plane.client(post());
    plane.connect().deliver(`HTTP/1.1 200 OK\r\n${fields}Transfer-Encoding: chunked\r\n\r\n`);
    plane.upstream.deliver(chunked('z'.repeat(65_000)) + LAST_CHUNK);
    assert.equal(readAnswer(client.received).body.length, 65_000);
    plane.assertQuiet();
  });
});

describe('timers of an answer', () => {
  it('end a stream that stalls', () => {
    const plane = start({ options: { streamGapMs: 5_000 } });
    const client = plane.client(post());
    plane.connect().deliver(SSE_HEAD + chunked(EVENTS[0]!));
    for (let i = 0; i < 3; i++) {
      plane.advance(4_500);
      plane.upstream.deliver(chunked(EVENTS[1]!));
    }
    plane.advance(4_960);
    assert.equal(client.closedBy, '');
    plane.advance(80);
    const events = [EVENTS[0]!, EVENTS[1]!, EVENTS[1]!, EVENTS[1]!];
    assert.equal(assertHonest(readAnswer(client.received).body, events), 'stream_stalled');
    assert.equal(plane.own.failedTimeout[0], 1);
    assert.equal(plane.upstream.closedBy, 'destroy');
    plane.assertEmpty();
  });

  it('end a stream at the deadline of the request, without blame', () => {
    const plane = start({ options: { requestTimeoutMs: 2_000 } });
    const client = plane.client(post());
    plane.connect().deliver(SSE_HEAD + chunked(EVENTS[0]!) + chunked('data: {"half'));
    plane.advance(2_040);
    assert.equal(assertHonest(readAnswer(client.received).body), 'deadline_exceeded');
    assert.equal(plane.own.ignored[0], 1);
    plane.assertEmpty();
  });

  it('end a stream at the deadline of a drain', () => {
    const plane = start();
    const client = plane.client(post());
    plane.connect().deliver(SSE_HEAD + chunked(EVENTS[0]!));
    plane.downstreams.endAll();
    assert.equal(assertHonest(readAnswer(client.received).body), 'draining');
    plane.assertEmpty();
  });
});

describe('a client that reads slowly', () => {
  const body = 'HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n';
  const piece = 'abcdefgh'.repeat(8_000);

  function flooded(parts?: FakePlaneParts) {
    const plane = start(parts);
    const client = plane.client(post());
    plane.connect().deliver(body);
    client.stalled = true;
    for (let i = 0; i < 50 && !plane.upstream.paused; i++) plane.upstream.deliver(piece);
    assert.ok(plane.upstream.paused);
    return { plane, client };
  }

  it('makes the endpoint wait, and nothing is lost or mixed up', () => {
    const { plane, client } = flooded();
    assert.ok(client.bytesQueued() > 256 * 1024 && client.bytesQueued() < 400 * 1024);
    // Another answer is composed meanwhile in the same scratch buffers.
    const other = plane.client(post());
    plane.connect().deliver(answer(200, 'Z'.repeat(60_000)));
    assert.equal(readAnswer(other.received).body, 'Z'.repeat(60_000));
    client.drain();
    const first = plane.net.upstream[0]!;
    assert.equal(first.paused, false);
    const got = readAnswer(client.received).body;
    assert.equal(got, piece.repeat(got.length / piece.length));
  });

  it('is cut off when it has read nothing for a while', () => {
    const { plane, client } = flooded();
    plane.advance(29_500, 500);
    assert.equal(client.closedBy, '');
    plane.advance(1_000);
    assert.equal(client.closedBy, 'reset');
    assert.equal(plane.upstream.closedBy, 'destroy');
    assert.equal(plane.own.ignored[0], 1);
    plane.assertEmpty();
  });

  it('is not cut off while it reads on', () => {
    const { plane, client } = flooded();
    for (let i = 0; i < 6; i++) {
      plane.advance(25_000, 500);
      client.drain(10_000);
    }
    assert.equal(client.closedBy, '');
    plane.advance(61_000, 500);
    assert.equal(client.closedBy, 'reset');
  });

  it('does not keep its connection when the endpoint dies and it reads no more', () => {
    const { plane, client } = flooded();
    plane.upstream.break(CLOSE_RESET);
    plane.net.settle();
    assert.equal(client.closedBy, 'close');
    assert.equal(client.gone, false, 'its queue may still leave');
    plane.advance(70_000, 500);
    plane.assertEmpty();
  });

  it('leaves its endpoint free as soon as the answer is complete', () => {
    const plane = start();
    const client = plane.client(post());
    client.stalled = true;
    plane.connect().deliver(answer(200, 'x'.repeat(60_000)));
    assert.equal(plane.own.inFlight[0], 0);
    client.drain();
    assert.equal(readAnswer(client.received).body.length, 60_000);
    plane.assertQuiet();
  });
});
