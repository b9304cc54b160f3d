import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { answer, field, post, readAnswer } from '../../test/fakes/http-text.ts';
import { endpoint, type FakePlane } from '../../test/fakes/plane.ts';
import { planeStarter } from '../../test/fakes/planes.ts';
import { CLOSE_REFUSED, CLOSE_RESET } from '../net/transport.ts';
import {
  GAUGE_EXCHANGES,
  GAUGE_QUEUED,
  TOTAL_CLIENT_ERRORS,
  TOTAL_CLIENT_GONE,
  TOTAL_OK,
  TOTAL_REQUESTS,
} from '../state/totals.ts';

const start = planeStarter();
const OK = answer(200, '{"ok":1}');
const TWO = { endpoints: [endpoint(0), endpoint(1)] };

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
