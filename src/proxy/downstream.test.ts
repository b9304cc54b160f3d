import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  answer,
  chunked,
  field,
  post,
  readAnswer,
  readAnswers,
} from '../../test/fakes/http-text.ts';
import { endpoint, type FakePlane } from '../../test/fakes/plane.ts';
import { planeStarter } from '../../test/fakes/planes.ts';
import type { FakeTransport } from '../../test/fakes/transport.ts';
import { CLOSE_NORMAL, CLOSE_RESET } from '../net/transport.ts';
import { GAUGE_EXCHANGES, TOTAL_REJECTED, TOTAL_REQUESTS } from '../state/totals.ts';

const start = planeStarter();
const OK = answer(200, '{"ok":1}');
const HEALTH = 'GET /health HTTP/1.1\r\nHost: r\r\n\r\n';
const LAST = 'GET /health HTTP/1.1\r\nHost: r\r\nConnection: close\r\n\r\n';

/** The connection lingered and the client did its part. */
function leave(plane: FakePlane, client: FakeTransport): void {
  client.deliverEnd();
  plane.net.settle();
}

describe('a client connection', () => {
  it('serves the same requests however their bytes are cut', () => {
    const bytes = post() + HEALTH + post({ fields: 'X-N: 2\r\n' });
    for (let cut = 0; cut <= bytes.length; cut++) {
      const plane = start();
      const client = plane.client(bytes.slice(0, cut));
      client.deliver(bytes.slice(cut));
      plane.connect().deliver(OK);
      assert.match(plane.upstream.received, /X-N: 2/, `cut at ${cut}`);
      plane.upstream.deliver(OK);
      const got = readAnswers(client.received);
      assert.deepEqual(
        got.map(({ body }) => body),
        ['{"ok":1}', '{"status":"ok"}', '{"ok":1}'],
        `cut at ${cut}`,
      );
      client.break(CLOSE_NORMAL);
      plane.assertEmpty();
    }
  });

  it('serves requests that come byte by byte', () => {
    const plane = start();
    const client = plane.client();
    for (const byte of HEALTH + post()) client.deliver(byte);
    plane.connect().deliver(OK);
    assert.equal(readAnswers(client.received).length, 2);
    plane.assertQuiet();
  });

  it('does not start a pipelined request before the one ahead of it is answered', () => {
    const plane = start();
    const client = plane.client(post() + post());
    assert.equal(plane.total(GAUGE_EXCHANGES), 1);
    assert.equal(plane.net.upstream.length, 1);
    plane.connect().deliver(OK);
    assert.equal(plane.total(GAUGE_EXCHANGES), 1);
    assert.equal(plane.net.upstream.length, 1, 'the connection to the endpoint is reused');
    plane.upstream.deliver(OK);
    assert.equal(readAnswers(client.received).length, 2);
    assert.equal(plane.total(TOTAL_REQUESTS), 2);
    plane.assertQuiet();
  });

  it('reads no further than needed while a request runs', () => {
    const plane = start();
    const client = plane.client(post());
    for (let i = 0; i < 20; i++)
      client.deliver(post({ body: `{"model":"m"}${' '.repeat(9_000)}` }));
    assert.ok(client.paused);
    plane.connect().deliver(OK);
    for (let i = 0; i < 20; i++) {
      plane.net.settle();
      plane.upstream.deliver(OK);
    }
    plane.net.settle();
    assert.equal(readAnswers(client.received).length, 21);
    assert.equal(client.paused, false);
    plane.assertQuiet();
  });

  it('takes in no more requests when nobody reads its answers', () => {
    const plane = start();
    const client = plane.client();
    client.stalled = true;
    for (let i = 0; i < 400; i++) client.deliver(HEALTH.repeat(10));
    const queued = client.bytesQueued();
    assert.ok(queued < 512 * 1024, `${queued} bytes are queued`);
    assert.ok(client.paused);
    for (let i = 0; i < 400 && client.bytesQueued() > 0; i++) {
      client.drain();
      plane.net.settle();
    }
    client.stalled = false;
    client.drain();
    plane.net.settle();
    assert.equal(readAnswers(client.received).length, 4_000);
    client.break(CLOSE_NORMAL);
    plane.assertEmpty();
  });

  it('ends after a request that asks for it, and ignores what follows', () => {
    const plane = start();
    const client = plane.client(LAST + HEALTH);
    const got = readAnswer(client.received);
    assert.equal(field(got, 'connection'), 'close');
    assert.ok(client.ended);
    leave(plane, client);
    assert.equal(client.closedBy, 'close');
    plane.assertEmpty();
  });

  it('of HTTP/1.0 ends after its answer unless it asked to stay', () => {
    const plane = start();
    const stay = plane.client(post({ version: 'HTTP/1.0', fields: 'Connection: keep-alive\r\n' }));
    plane.connect().deliver(OK);
    assert.equal(field(readAnswer(stay.received), 'connection'), 'keep-alive');
    assert.equal(stay.ended, false);
    const go = plane.client(post({ version: 'HTTP/1.0' }));
    plane.upstream.deliver(OK);
    assert.equal(field(readAnswer(go.received), 'connection'), 'close');
    assert.ok(go.ended);
  });

  it('gets 100 (Continue) when its body is about to be read', () => {
    const plane = start();
    const [head, body] = post({ fields: 'Expect: 100-continue\r\n' }).split('\r\n\r\n');
    const client = plane.client(`${head}\r\n\r\n`);
    assert.equal(client.take(), 'HTTP/1.1 100 Continue\r\n\r\n');
    client.deliver(body!);
    plane.connect().deliver(OK);
    assert.equal(readAnswer(client.received).status, 200);
    assert.doesNotMatch(plane.upstream.received, /expect/i);
    plane.assertQuiet();
  });

  it('is not told to continue when the body is refused, or here already', () => {
    const plane = start({ options: { maxBodyBytes: 5 } });
    const expecting = post({ fields: 'Expect: 100-continue\r\n' });
    const client = plane.client(`${expecting.split('\r\n\r\n')[0]}\r\n\r\n`);
    assert.match(client.received, /^HTTP\/1\.1 413/);
    const other = start();
    const quick = other.client(expecting);
    other.connect().deliver(OK);
    assert.match(quick.received, /^HTTP\/1\.1 200/);
  });
});

describe('a refused request', () => {
  it('is answered, and the connection ends after the client had time to read', () => {
    const plane = start();
    const client = plane.client('GET / HTTP/1.1\r\nBad Header: x\r\n\r\n');
    const got = readAnswer(client.received);
    assert.equal(got.status, 400);
    assert.equal(field(got, 'connection'), 'close');
    assert.equal(plane.total(TOTAL_REJECTED), 1);
    assert.ok(client.ended);
    assert.equal(client.closedBy, '');
    client.deliver('more of the same');
    assert.equal(readAnswers(client.received).length, 1);
    plane.advance(2_040);
    assert.equal(client.closedBy, 'destroy');
    plane.assertEmpty();
  });

  it('does not make us read without bound', () => {
    const plane = start();
    const client = plane.client('nonsense\r\n\r\n');
    for (let i = 0; i < 17; i++) client.deliver('x'.repeat(64 * 1024));
    assert.equal(client.closedBy, 'destroy');
    plane.assertEmpty();
  });

  it('is a body that is too large: at once when it says so, else when it has become so', () => {
    const options = { maxBodyBytes: 20 };
    const body = '{"model":"m","x":"1234567890"}';
    const said = start({ options });
    const one = said.client(post({ body }).slice(0, -body.length));
    assert.equal(readAnswer(one.received).status, 413);
    assert.equal(said.total(TOTAL_REQUESTS), 0);
    const grown = start({ options });
    const head =
      'POST /v1/chat/completions HTTP/1.1\r\nHost: r\r\nTransfer-Encoding: chunked\r\n\r\n';
    const two = grown.client(head + chunked(body.slice(0, 15)));
    assert.equal(two.received, '');
    two.deliver(chunked(body.slice(15)));
    const got = readAnswer(two.received);
    assert.equal(got.status, 413);
    assert.equal(field(got, 'connection'), 'close');
    assert.ok(two.ended);
    leave(grown, two);
    grown.assertEmpty();
  });

  it('is a body whose framing breaks', () => {
    const plane = start();
    const head =
      'POST /v1/chat/completions HTTP/1.1\r\nHost: r\r\nTransfer-Encoding: chunked\r\n\r\n';
    const client = plane.client(`${head}zz\r\n`);
    assert.equal(readAnswer(client.received).status, 400);
    leave(plane, client);
    plane.assertEmpty();
  });

  it('with a body on its way ends the connection also when the route is ours', () => {
    const plane = start();
    const client = plane.client(
      'GET /health HTTP/1.1\r\nHost: r\r\nContent-Length: 5\r\n\r\nGET /health HTTP/1.1\r\n',
    );
    assert.equal(field(readAnswer(client.received), 'connection'), 'close');
  });

  it('keeps the connection when its body was read', () => {
    const plane = start();
    const client = plane.client(post({ body: '{}' }) + HEALTH);
    assert.deepEqual(
      readAnswers(client.received).map(({ status }) => status),
      [400, 200],
    );
    assert.equal(client.ended, false);
  });
});

describe('room for bodies', () => {
  const body = `{"model":"m","x":"${'y'.repeat(30_000)}"}`;
  const options = { retryBufferBytes: 50_000 };

  it('is waited for, and the body is read when there is some', () => {
    const plane = start({ options });
    const first = plane.client(post({ body }).slice(0, -1));
    const second = plane.client(post({ body, fields: 'Expect: 100-continue\r\n' }));
    assert.ok(second.paused);
    assert.equal(second.received, '');
    first.break(CLOSE_RESET);
    plane.net.settle();
    plane.connect().deliver(OK);
    plane.net.settle();
    assert.equal(readAnswer(second.received).status, 200);
    assert.equal(plane.plane.bodies.usedBytes, 0);
    plane.assertQuiet();
  });

  it('is waited for by those who leave, too', () => {
    const plane = start({ options });
    const first = plane.client(post({ body }).slice(0, -1));
    const second = plane.client(post({ body }));
    const third = plane.client(post({ body }));
    second.break(CLOSE_RESET);
    plane.net.settle();
    first.break(CLOSE_RESET);
    plane.net.settle();
    plane.connect().deliver(OK);
    assert.equal(readAnswer(third.received).status, 200);
    third.break(CLOSE_RESET);
    plane.assertEmpty();
    assert.equal(plane.plane.bodies.usedBytes, 0);
  });

  it('is waited for until the deadline at most', () => {
    const plane = start({ options: { ...options, requestTimeoutMs: 1_000 } });
    const first = plane.client(post({ body }).slice(0, -1));
    const second = plane.client(post({ body }).slice(0, -20_000));
    plane.advance(1_100);
    for (const client of [first, second]) {
      assert.equal(readAnswer(client.received).status, 504);
      leave(plane, client);
    }
    plane.assertEmpty();
    assert.equal(plane.plane.bodies.usedBytes, 0);
  });

  it('comes from bodies that were sent: those requests are not repeated', () => {
    const plane = start({ options, endpoints: [endpoint(0), endpoint(1)] });
    const first = plane.client(post({ body }));
    const sent = plane.connect();
    const second = plane.client(post({ body }));
    plane.connect();
    sent.deliverEnd();
    assert.equal(readAnswer(first.received).status, 502);
    plane.upstream.deliver(OK);
    assert.equal(readAnswer(second.received).status, 200);
    plane.assertQuiet();
  });
});
