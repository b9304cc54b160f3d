import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeNet } from '../../../test/fakes/transport.ts';
import { FakeClock } from '../../core/clock.ts';
import { TimerWheel } from '../../net/timer-wheel.ts';
import { CLOSE_NORMAL, CLOSE_REFUSED } from '../../net/transport.ts';
import { merged, RESENT, type Tally } from '../measure/tally.ts';
import type { ClientSpec } from '../plan.ts';
import { Pool } from './pool.ts';
import { SHOT_CANCELLED, SHOT_FAILED, SHOT_OK, SHOT_UNFINISHED, Shot } from './shot.ts';

const CLIENT: ClientSpec = {
  keepAlive: 'pool',
  timeoutMs: 1000,
  cancelRate: 0,
  cancelAfterMs: 0,
  stallMs: 1000,
  goodput: { ttftMs: 1, tpotMs: 1, e2elMs: 1 },
  keepsDetails: false,
};
const USAGE = '"usage":{"prompt_tokens":3,"completion_tokens":2}';
const STREAM =
  'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX-LLM-Router-Endpoint: e1\r\n' +
  'Transfer-Encoding: chunked\r\n\r\n' +
  [
    'data: {"choices":[{"delta":{"content":"a"}}]}\n\n',
    'data: {"choices":[{"delta":{"content":"b"},"finish_reason":"stop"}]}\n\n',
    `data: {"choices":[],${USAGE}}\n\ndata: [DONE]\n\n`,
  ]
    .map((data) => `${data.length.toString(16)}\r\n${data}\r\n`)
    .join('') +
  '0\r\n\r\n';
const body = `{"choices":[{"message":{"content":"ab"}}],${USAGE}}`;
const WHOLE = `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const BUSY = 'HTTP/1.1 503 Busy\r\nContent-Length: 9\r\n\r\nqueue ful';

interface End {
  readonly shot: Shot;
  readonly outcome: number;
  readonly error: string;
  readonly example: string;
}

class Rig {
  readonly net = new FakeNet();
  readonly clock = new FakeClock();
  readonly wheel = new TimerWheel(this.clock, () => {});
  readonly ends: End[] = [];
  readonly tally: Tally = merged([]);
  readonly pool: Pool;

  constructor(client: Partial<ClientSpec> = {}) {
    const owner = {
      finished: (shot: Shot, outcome: number, error: string, example: string) => {
        this.ends.push({ shot, outcome, error, example });
      },
    };
    this.pool = new Pool({
      connector: { connect: (handler) => this.net.connect('h', 1, false, handler) },
      wheel: this.wheel,
      clock: this.clock,
      client: { ...CLIENT, ...client },
      owner,
      workers: 1,
    });
  }

  send(cancelAfterMs = -1): Shot {
    const extra = { cancelAfterMs, wantsText: true, session: 1, keepsGaps: false };
    const shot = new Shot(Buffer.from('GET / HTTP/1.1\r\n\r\n'), this.tally, 0, extra);
    this.pool.nowMs();
    this.pool.submit(shot);
    return shot;
  }

  /** The connection opened as number `at`, ready for use. */
  connected(at: number) {
    const transport = this.net.upstream[at]!;
    transport.handler!.onConnect();
    return transport;
  }

  pass(ms: number): void {
    for (let passed = 0; passed < ms; passed += 20) {
      this.clock.advance(20);
      this.wheel.turn();
    }
    this.net.settle();
  }

  done(): void {
    this.wheel.stop();
  }
}

test('an answer is the same wherever it is cut', () => {
  for (const answer of [STREAM, WHOLE, `HTTP/1.1 100 Continue\r\n\r\n${WHOLE}`]) {
    for (let cut = 1; cut < answer.length; cut++) {
      const rig = new Rig();
      rig.send();
      const server = rig.connected(0);
      server.deliver(answer.slice(0, cut));
      assert.equal(rig.ends.length, 0, `cut at ${cut}`);
      server.deliver(answer.slice(cut));
      const [end] = rig.ends;
      assert.equal(end!.outcome, SHOT_OK, `cut at ${cut}: ${end!.error}`);
      assert.equal(end!.shot.text, 'ab');
      assert.equal(end!.shot.completionTokens, 2);
      assert.equal(end!.shot.endpoint, answer === STREAM ? 'e1' : '');
      rig.done();
    }
  }
});

test('connections are reused newest first, and more are opened when none is idle', () => {
  const rig = new Rig();
  rig.send();
  rig.send();
  rig.connected(0).deliver(WHOLE);
  rig.connected(1).deliver(WHOLE);
  rig.send();
  assert.equal(rig.net.upstream.length, 2);
  assert.match(rig.net.upstream[1]!.received, /GET.*GET/s);
  rig.done();
});

test('what is above the limit waits its turn', () => {
  const rig = new Rig();
  rig.pool.setLimit(1);
  rig.send();
  const second = rig.send();
  assert.equal(rig.pool.waiting(), 1);
  rig.clock.advance(50);
  rig.connected(0).deliver(WHOLE);
  assert.equal(rig.pool.waiting(), 0);
  assert.equal(second.sentMs, 50);
  assert.equal(rig.net.upstream.length, 1);
  rig.done();
});

test('a kept connection that dies unanswered costs a new connection and no request', () => {
  const rig = new Rig();
  rig.send();
  rig.connected(0).deliver(WHOLE);
  rig.send();
  rig.net.upstream[0]!.break(CLOSE_NORMAL);
  rig.net.settle();
  assert.equal(rig.ends.length, 1);
  rig.connected(1).deliver(WHOLE);
  assert.equal(rig.ends[1]!.outcome, SHOT_OK);
  assert.equal(rig.tally.counts[RESENT], 1);
  rig.done();
});

test('failures say their class', () => {
  const cases: [(rig: Rig) => void, string][] = [
    [(rig) => rig.net.upstream[0]!.break(CLOSE_REFUSED), 'connection refused'],
    [(rig) => rig.connected(0).deliver(BUSY), 'HTTP 503'],
    [(rig) => rig.connected(0).deliver('SSH-2.0-OpenSSH\r\n\r\n'), 'invalid HTTP'],
    [(rig) => rig.connected(0).deliverEnd(), 'connection closed early'],
    [
      (rig) => {
        const server = rig.connected(0);
        server.deliver(STREAM.slice(0, -40));
        server.deliverEnd();
      },
      'answer cut short',
    ],
    [
      (rig) => {
        rig.connected(0);
        rig.pass(1100);
      },
      'timed out',
    ],
  ];
  for (const [happen, error] of cases) {
    const rig = new Rig();
    rig.send();
    happen(rig);
    rig.net.settle();
    assert.deepEqual(
      rig.ends.map((end) => [end.outcome, end.error]),
      [[SHOT_FAILED, error]],
    );
    if (error === 'HTTP 503') assert.equal(rig.ends[0]!.example, 'queue ful');
    rig.done();
  }
});

test('a client that leaves closes its connection', () => {
  const rig = new Rig();
  rig.send(100);
  rig.connected(0).deliver(STREAM.slice(0, 200));
  rig.pass(140);
  assert.equal(rig.ends[0]!.outcome, SHOT_CANCELLED);
  assert.equal(rig.net.upstream[0]!.closedBy, 'destroy');
  rig.done();
});

test('one connection for each request, when asked for', () => {
  const rig = new Rig({ keepAlive: 'per-request' });
  for (let at = 0; at < 3; at++) {
    rig.send();
    rig.connected(at).deliver(WHOLE);
    assert.equal(rig.net.upstream[at]!.closedBy, 'destroy');
  }
  assert.equal(rig.ends.length, 3);
  rig.done();
});

test('as httpx: a hundred connections, forgotten after five idle seconds', () => {
  const rig = new Rig({ keepAlive: 'httpx' });
  for (let i = 0; i < 150; i++) rig.send();
  assert.equal(rig.net.upstream.length, 100);
  for (let at = 0; at < 100; at++) rig.connected(at).deliver(WHOLE);
  for (let at = 0; at < 100; at++) {
    if (rig.ends.length < 150) rig.net.upstream[at]!.deliver(WHOLE);
  }
  assert.equal(rig.ends.length, 150);
  rig.clock.advance(6000);
  rig.send();
  assert.equal(rig.net.upstream.length, 101);
  rig.done();
});

test('closing ends what runs as unfinished', () => {
  const rig = new Rig();
  rig.send();
  rig.connected(0);
  rig.pool.close();
  assert.equal(rig.ends[0]!.outcome, SHOT_UNFINISHED);
  rig.done();
});
