import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  answer,
  chunked,
  field,
  LAST_CHUNK,
  post,
  readAnswer,
} from '../../test/fakes/http-text.ts';
import { endpoint } from '../../test/fakes/plane.ts';
import { planeStarter } from '../../test/fakes/planes.ts';
import {
  CLOSE_EXHAUSTED,
  CLOSE_OTHER,
  CLOSE_REFUSED,
  CLOSE_RESET,
  CLOSE_TLS,
} from '../net/transport.ts';
import { TOTAL_RETRIES, TOTAL_SERVER_ERRORS } from '../state/totals.ts';

const start = planeStarter();
const OK = answer(200, '{"ok":1}');
const TWO = { endpoints: [endpoint(0), endpoint(1)] };

function codeOf(body: string): string {
  return JSON.parse(body).error.code;
}

describe('a failed attempt', () => {
  it('goes to another endpoint at once when the connection fails', () => {
    for (const [reason, detail] of [
      [CLOSE_REFUSED, 'connect_refused'],
      [CLOSE_TLS, 'tls_failed'],
      [CLOSE_OTHER, 'connect_failed'],
    ] as const) {
      const plane = start(TWO);
      const client = plane.client(post());
      const first = plane.slotOf(plane.upstream);
      plane.upstream.break(reason);
      plane.net.settle();
      assert.equal(plane.slotOf(plane.upstream), 1 - first, 'the other one');
      assert.equal(plane.events.find(({ kind }) => kind === 'attempt_failed')?.detail, detail);
      plane.connect().deliver(OK);
      assert.equal(readAnswer(client.received).status, 200);
      assert.equal(plane.own.failedConnect[first], 1);
      assert.equal(plane.total(TOTAL_RETRIES), 1);
      plane.assertQuiet();
    }
  });

  it("is nobody's fault when this machine has no socket left", () => {
    const plane = start();
    const client = plane.client(post());
    for (const waitMs of [200, 400, 800, 0]) {
      plane.upstream.break(CLOSE_EXHAUSTED);
      plane.net.settle();
      plane.advance(waitMs + 20);
    }
    const got = readAnswer(client.received);
    assert.equal(got.status, 503);
    assert.equal(codeOf(got.body), 'no_socket');
    assert.equal(plane.own.failedConnect[0], 0);
    assert.equal(plane.own.streak[0], 0);
    plane.assertQuiet();
  });

  it('waits a little before it tries the only endpoint again, and gives up in the end', () => {
    const plane = start();
    const client = plane.client(post());
    for (const waitMs of [200, 400]) {
      plane.upstream.break(CLOSE_REFUSED);
      plane.net.settle();
      const opened = plane.net.upstream.length;
      plane.advance(waitMs - 20);
      assert.equal(plane.net.upstream.length, opened, 'too early');
      plane.advance(40);
      assert.equal(plane.net.upstream.length, opened + 1);
    }
    plane.upstream.break(CLOSE_REFUSED);
    plane.net.settle();
    const got = readAnswer(client.received);
    assert.equal(got.status, 503, 'there is nobody to ask');
    assert.equal(codeOf(got.body), 'no_healthy_endpoint');
    assert.equal(field(got, 'retry-after'), '4', 'about what is left of the ejection');
    assert.equal(field(got, 'x-should-retry'), 'false');
    assert.equal(plane.net.upstream.length, 3);
    assert.equal(plane.total(TOTAL_SERVER_ERRORS), 1);
    plane.assertQuiet();
  });

  it('is repeated at once and for free when a kept-alive connection had closed', () => {
    const plane = start();
    const client = plane.client(post());
    plane.connect().deliver(OK);
    client.take();
    client.deliver(post());
    assert.equal(plane.net.upstream.length, 1, 'reuses the connection');
    plane.upstream.deliverEnd();
    assert.equal(plane.net.upstream.length, 2, 'a new one to the same endpoint');
    plane.connect().deliver(OK);
    assert.equal(readAnswer(client.received).status, 200);
    assert.equal(plane.total(TOTAL_RETRIES), 0);
    assert.equal(plane.own.failedStream[0], 0);
    plane.assertQuiet();
  });

  it('is repeated elsewhere when the endpoint closes before or within its head', () => {
    const head = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n';
    for (let cut = 0; cut <= head.length; cut++) {
      const plane = start(TWO);
      const client = plane.client(post());
      const first = plane.slotOf(plane.upstream);
      plane.connect().deliver(head.slice(0, cut));
      plane.upstream.deliverEnd();
      plane.net.settle();
      assert.equal(plane.net.upstream.length, 2, `cut at ${cut}`);
      assert.equal(plane.own.failedStream[first], 1);
      plane.connect().deliver(OK);
      assert.equal(readAnswer(client.received).body, '{"ok":1}');
      plane.assertQuiet();
    }
  });

  it('is not repeated when the route may have had an effect', () => {
    const plane = start(TWO);
    const client = plane.client(post({ path: '/v1/responses' }));
    plane.connect().deliverEnd();
    const got = readAnswer(client.received);
    assert.equal(got.status, 502);
    assert.equal(codeOf(got.body), 'upstream_closed');
    plane.assertQuiet();
  });

  it('counts what is not HTTP against the endpoint', () => {
    const plane = start(TWO);
    const client = plane.client(post());
    const first = plane.slotOf(plane.upstream);
    plane.connect().deliver('SSH-2.0-OpenSSH_9.6\r\n\r\n');
    plane.connect().deliver(OK);
    assert.equal(readAnswer(client.received).status, 200);
    assert.equal(plane.own.failedStatus[first], 1);
    plane.assertQuiet();
  });

  it('is repeated no more when the retry budget is spent', () => {
    const plane = start({ ...TWO, options: { failureThreshold: 1e6, maxIdleConns: 0 } });
    for (let i = 0; i < 300; i++) {
      const client = plane.client(post());
      plane.connect().deliver(answer(500, 'x'));
      client.break(CLOSE_RESET);
      plane.net.settle();
    }
    // Ten a second for ten seconds, and a fifth of the requests so far: 100 + r ÷ 5 = r at 125.
    const retried = plane.total(TOTAL_RETRIES);
    assert.ok(retried >= 125 && retried <= 160, `${retried} retries`);
    plane.assertEmpty();
  });
});

describe('a first answer that is an error', () => {
  const busy = answer(503, 'full', 'Retry-After: 7\r\nX-From: first\r\n');

  it('is kept while another endpoint is tried, and forgotten when that one answers', () => {
    const plane = start(TWO);
    const client = plane.client(post());
    const first = plane.slotOf(plane.upstream);
    plane.connect().deliver(busy);
    assert.equal(client.received, '');
    assert.equal(plane.own.busy[first], 1);
    plane.connect().deliver(OK);
    assert.equal(readAnswer(client.received).status, 200);
    plane.assertQuiet();
  });

  it('is what the client gets when nobody does better', () => {
    const plane = start({ ...TWO, options: { numRetries: 1 } });
    const client = plane.client(post());
    plane.connect().deliver(busy);
    plane.upstream.break(CLOSE_REFUSED);
    plane.net.settle();
    const got = readAnswer(client.received);
    assert.equal(got.status, 503);
    assert.equal(got.body, 'full');
    assert.equal(field(got, 'x-from'), 'first');
    assert.equal(field(got, 'retry-after'), '7');
    assert.equal(field(got, 'x-should-retry'), 'false');
    assert.equal(field(got, 'content-length'), '4');
    plane.assertQuiet();
  });

  it('is replaced by the last error answer', () => {
    const plane = start({ ...TWO, options: { numRetries: 1 } });
    const client = plane.client(post());
    plane.connect().deliver(answer(500, 'one'));
    plane.connect().deliver(answer(502, 'two'));
    const got = readAnswer(client.received);
    assert.equal(got.status, 502);
    assert.equal(got.body, 'two');
    plane.assertQuiet();
  });

  it('says once whether the client should repeat it', () => {
    const plane = start({ options: { numRetries: 1 } });
    const client = plane.client(post());
    plane.connect().deliver(answer(500, 'one', 'Connection: close\r\nX-Should-Retry: true\r\n'));
    plane.advance(220);
    plane.upstream.break(CLOSE_REFUSED);
    plane.net.settle();
    const got = readAnswer(client.received);
    assert.equal(got.status, 500);
    assert.equal(field(got, 'x-should-retry'), 'true', "the endpoint's own word");
    plane.assertQuiet();
  });

  it('goes through at once when the endpoint says that a retry is pointless', () => {
    const plane = start(TWO);
    const client = plane.client(post());
    plane.connect().deliver(answer(503, 'no', 'x-should-retry: false\r\n'));
    const got = readAnswer(client.received);
    assert.equal(got.body, 'no');
    assert.equal(field(got, 'x-should-retry'), 'false');
    assert.equal(plane.net.upstream.length, 1);
    plane.assertQuiet();
  });

  it('gives way to words of ours under its status when its body breaks off or is too large', () => {
    const large = 'x'.repeat(70_000);
    for (const bytes of [
      'HTTP/1.1 500 Oh\r\nContent-Length: 10\r\n\r\nhalf',
      `HTTP/1.1 500 Oh\r\nTransfer-Encoding: chunked\r\n\r\n${chunked(large)}`,
      'HTTP/1.1 500 Oh\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
    ]) {
      const plane = start({ options: { numRetries: 1 } });
      const client = plane.client(post());
      plane.connect().deliver(bytes);
      plane.upstream.deliverEnd();
      plane.net.settle();
      plane.advance(220);
      plane.upstream.break(CLOSE_REFUSED);
      plane.net.settle();
      const got = readAnswer(client.received);
      assert.equal(got.status, 500);
      assert.equal(codeOf(got.body), 'upstream_status');
      plane.assertQuiet();
    }
  });

  it('is read at every split, and its connection serves again', () => {
    const bytes = `HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfull\r\n${LAST_CHUNK}`;
    for (let cut = 1; cut < bytes.length; cut++) {
      const plane = start({ options: { numRetries: 1 } });
      const client = plane.client(post());
      plane.connect().deliver(bytes.slice(0, cut));
      plane.upstream.deliver(bytes.slice(cut));
      plane.advance(220);
      assert.equal(plane.net.upstream.length, 1, 'on the same connection');
      plane.upstream.deliver(bytes.slice(0, cut));
      plane.upstream.deliver(bytes.slice(cut));
      assert.equal(readAnswer(client.received).body, 'full');
      plane.assertQuiet();
    }
  });

  it('is waited for a short time only', () => {
    const plane = start(TWO);
    const client = plane.client(post());
    plane.connect().deliver('HTTP/1.1 500 Oh\r\nContent-Length: 10\r\n\r\nhal');
    plane.advance(2_040);
    assert.equal(plane.net.upstream.length, 2);
    plane.connect().deliver(OK);
    assert.equal(readAnswer(client.received).status, 200);
    plane.assertQuiet();
  });

  it('with Retry-After keeps traffic away until then', () => {
    const plane = start(TWO);
    plane.client(post());
    const first = plane.slotOf(plane.upstream);
    plane.connect().deliver(answer(429, 'slow', 'Retry-After: 10\r\n'));
    plane.connect().deliver(OK);
    for (let i = 0; i < 20; i++) {
      plane.client(post());
      assert.equal(plane.slotOf(plane.upstream), 1 - first);
    }
    assert.equal(plane.own.inFlight[first], 0);
    assert.equal(plane.own.failedStatus[first], 0, 'busy is not a fault');
  });
});
