import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import {
  answer,
  chunked,
  field,
  LAST_CHUNK,
  post,
  readAnswer,
} from '../../test/fakes/http-text.ts';
import { endpoint, FakePlane, type FakePlaneParts } from '../../test/fakes/plane.ts';
import { charge, used } from '../core/rate-window.ts';
import {
  CLOSE_EXHAUSTED,
  CLOSE_OTHER,
  CLOSE_REFUSED,
  CLOSE_RESET,
  CLOSE_TLS,
} from '../net/transport.ts';
import {
  GAUGE_EXCHANGES,
  GAUGE_QUEUED,
  TOTAL_CLIENT_ERRORS,
  TOTAL_CLIENT_GONE,
  TOTAL_OK,
  TOTAL_REQUESTS,
  TOTAL_RETRIES,
  TOTAL_SERVER_ERRORS,
} from '../state/totals.ts';

const planes: FakePlane[] = [];
const OK = answer(200, '{"ok":1}');
const TWO = { endpoints: [endpoint(0), endpoint(1)] };

afterEach(() => {
  for (const plane of planes.splice(0)) plane.close();
});

function start(parts?: FakePlaneParts): FakePlane {
  const plane = new FakePlane(parts);
  planes.push(plane);
  return plane;
}

function codeOf(body: string): string {
  return JSON.parse(body).error.code;
}

describe('an exchange', () => {
  it('connects, sends the request and relays the answer', () => {
    const plane = start();
    const client = plane.client(post());
    assert.deepEqual(plane.net.opened, [{ host: 'e0', port: 9000, tls: false }]);
    assert.equal(plane.own.inFlight[0], 1);
    assert.equal(plane.own.pending[0], 1);
    assert.equal(plane.upstream.received, '', 'nothing is sent before the connection stands');
    plane.connect();
    const sent = plane.upstream.take();
    assert.match(sent, /^POST \/v1\/chat\/completions HTTP\/1\.1\r\nHost: e0:9000\r\n/);
    assert.match(sent, /\r\n\r\n\{"model":"m"\}$/);
    plane.upstream.deliver(OK);
    const got = readAnswer(client.received);
    assert.equal(got.status, 200);
    assert.equal(got.body, '{"ok":1}');
    assert.equal(plane.total(TOTAL_OK), 1);
    assert.equal(plane.own.ok[0], 1);
    plane.assertQuiet();
  });

  it('counts bytes both ways', () => {
    const plane = start();
    plane.client(post());
    const sent = plane.connect().received;
    plane.upstream.deliver(OK);
    assert.equal(plane.own.bytesUp[0], sent.length);
    assert.equal(plane.own.bytesDown[0], OK.length);
    assert.equal(plane.own.sent[0], 1);
  });

  it('refuses a body without a model, and one with an unknown model', () => {
    for (const [body, status, code] of [
      ['{"messages":[]}', 400, 'model_missing'],
      ['{"model":5}', 400, 'model_missing'],
      ['{"model":""}', 400, 'model_missing'],
      ['{"model":"m"', 400, 'model_missing'],
      ['', 400, 'model_missing'],
      ['{"model":"other"}', 404, 'model_not_found'],
    ] as const) {
      const plane = start();
      const got = readAnswer(plane.client(post({ body })).received);
      assert.equal(got.status, status, body);
      assert.equal(codeOf(got.body), code);
      assert.equal(plane.total(TOTAL_CLIENT_ERRORS), 1);
      plane.assertQuiet();
    }
  });
});

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
    assert.equal(got.status, 502);
    assert.equal(codeOf(got.body), 'connect_refused');
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

describe('timers of an exchange', () => {
  it('end it when it takes longer than allowed, in every stage', () => {
    const stages: ((plane: FakePlane) => void)[] = [
      () => {},
      (plane) => plane.connect(),
      (plane) => plane.connect().deliver('HTTP/1.1 200'),
      (plane) => plane.connect().deliver(answer(500, 'x')),
      (plane) => {
        plane.columns.control.probeState[0] = 0;
        plane.upstream.break(CLOSE_REFUSED);
      },
    ];
    for (const stage of stages) {
      const options = { requestTimeoutMs: 1_000, unavailableWaitMs: 10_000, baseDelayMs: 1_000 };
      const plane = start({ options });
      const client = plane.client(post());
      stage(plane);
      plane.advance(940);
      assert.equal(client.received, '');
      plane.advance(100);
      const got = readAnswer(client.received);
      assert.ok(got.status === 504 || got.status === 500, `${got.status}`);
      plane.assertQuiet();
    }
  });

  it('end it while the body is still being read', () => {
    const plane = start({ options: { requestTimeoutMs: 1_000 } });
    const client = plane.client(post().slice(0, -3));
    plane.advance(1_040);
    const got = readAnswer(client.received);
    assert.equal(got.status, 504);
    assert.equal(field(got, 'connection'), 'close');
    assert.ok(client.ended);
    plane.assertQuiet();
  });

  it('end an attempt that does not connect in time', () => {
    const plane = start({ ...TWO, options: { connectTimeoutMs: 500 } });
    const client = plane.client(post());
    const first = plane.slotOf(plane.upstream);
    plane.advance(480);
    assert.equal(plane.net.upstream.length, 1);
    plane.advance(40);
    assert.equal(plane.net.upstream[0]!.closedBy, 'destroy');
    assert.equal(plane.own.failedTimeout[first], 1);
    plane.connect().deliver(OK);
    assert.equal(readAnswer(client.received).status, 200);
    plane.assertQuiet();
  });

  it('end an attempt that does not start to answer in time, if so configured', () => {
    const plane = start({ ...TWO, options: { firstByteMs: 300 } });
    const client = plane.client(post());
    const first = plane.slotOf(plane.connect());
    plane.advance(340);
    assert.equal(plane.own.failedTimeout[first], 1);
    plane.connect().deliver(OK);
    assert.equal(readAnswer(client.received).status, 200);
    plane.assertQuiet();
  });
});

describe('a client that leaves', () => {
  const stages: Record<string, (plane: FakePlane) => void> = {
    connecting: () => {},
    waiting: (plane) => plane.connect(),
    'within the head': (plane) => plane.connect().deliver('HTTP/1.1 2'),
    'before the first byte': (plane) => {
      plane.connect().deliver('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n');
    },
    relaying: (plane) => plane.connect().deliver('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab'),
    'holding an error': (plane) => {
      plane.connect().deliver('HTTP/1.1 500 OK\r\nContent-Length: 5\r\n\r\nab');
    },
    'backing off': (plane) => plane.connect().deliver(answer(500, 'x')),
  };
  for (const [stage, reach] of Object.entries(stages)) {
    it(`ends the attempt while ${stage}`, () => {
      const plane = start();
      const client = plane.client(post());
      reach(plane);
      assert.equal(plane.total(GAUGE_EXCHANGES), 1);
      client.break(CLOSE_RESET);
      plane.net.settle();
      for (const transport of plane.net.upstream) {
        if (stage !== 'backing off') assert.equal(transport.closedBy, 'destroy');
      }
      assert.equal(plane.total(TOTAL_CLIENT_GONE), 1);
      assert.equal(plane.total(TOTAL_REQUESTS), 1);
      plane.assertEmpty();
      assert.equal(plane.own.failedStream[0], 0, 'the endpoint is not blamed');
    });
  }

  it('leaves the queue', () => {
    const plane = start({ endpoints: [endpoint(0, { rpmLimit: 1 })] });
    const first = plane.client(post());
    const client = plane.client(post());
    client.break(CLOSE_RESET);
    plane.net.settle();
    assert.equal(plane.total(GAUGE_QUEUED), 0);
    first.break(CLOSE_RESET);
    plane.assertEmpty();
  });
});

describe('an early answer', () => {
  it('to a request that is still being written ends the connection to the endpoint', () => {
    const plane = start();
    const client = plane.client(post({ body: `{"model":"m","x":"${'y'.repeat(50_000)}"}` }));
    plane.upstream.stalled = true;
    plane.connect().deliver(answer(413, 'no'));
    assert.equal(readAnswer(client.received).status, 413);
    assert.equal(
      plane.upstream.closedBy,
      'destroy',
      'the rest of the body must not be read as a request',
    );
    plane.assertQuiet();
  });

  it('of the kind 1xx is dropped', () => {
    const early = 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n';
    const bytes = `HTTP/1.1 100 Continue\r\n\r\n${early}${OK}`;
    for (let cut = 1; cut < bytes.length; cut++) {
      const plane = start();
      const client = plane.client(post());
      plane.connect().deliver(bytes.slice(0, cut));
      plane.upstream.deliver(bytes.slice(cut));
      assert.ok(client.received.startsWith('HTTP/1.1 200'), `cut at ${cut}`);
      plane.assertQuiet();
    }
  });
});

describe('a drain', () => {
  it('ends what still runs with 503 at its deadline', () => {
    const plane = start();
    const client = plane.client(post());
    plane.connect();
    plane.downstreams.endAll();
    const got = readAnswer(client.received);
    assert.equal(got.status, 503);
    assert.equal(codeOf(got.body), 'draining');
    assert.equal(field(got, 'connection'), 'close');
    plane.assertQuiet();
  });
});
