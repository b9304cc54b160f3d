/**
 * Random lives of a whole data plane: clients, endpoints, the clock and the operator do anything in
 * any order, and after each step what must always hold holds.
 */
import assert from 'node:assert/strict';
import { it, mock } from 'node:test';
import fc from 'fast-check';
import {
  answer,
  chunked,
  LAST_CHUNK,
  post,
  readAnswers,
  SSE_HEAD,
} from '../../test/fakes/http-text.ts';
import { endpoint, FakePlane, tableOf } from '../../test/fakes/plane.ts';
import type { FakeTransport } from '../../test/fakes/transport.ts';
import { PROBE_DOWN, PROBE_UP } from '../core/columns.ts';
import { CLOSE_REFUSED, CLOSE_RESET } from '../net/transport.ts';
import { GAUGE_EXCHANGES } from '../state/totals.ts';

const EVENT = 'data: {"choices":[{"delta":{"content":"x"}}]}\n\n';
const HEALTH = 'GET /health HTTP/1.1\r\nHost: r\r\n\r\n';

/** What a client may send; the number of requests in it. */
const REQUESTS: readonly (readonly [text: string, count: number])[] = [
  [post(), 1],
  [post() + post(), 2],
  [HEALTH + post(), 2],
  [post({ body: '{"model":"limited"}' }), 1],
  [post({ body: '{"model":"nobody"}' }), 1],
  [post({ path: '/v1/responses' }), 1],
  [post({ version: 'HTTP/1.0' }), 1],
  [post({ fields: 'Connection: close\r\n' }), 1],
  [post({ body: `{"model":"m","pad":"${'y'.repeat(40_000)}"}` }), 1],
  [post().slice(0, -4), 1],
  [post().slice(0, 30), 1],
  ['rubbish\r\n\r\n', 1],
];

/** What an endpoint may send. */
const ANSWERS: readonly string[] = [
  answer(200, '{"ok":1}'),
  answer(200, 'bye', 'Connection: close\r\n'),
  answer(404, 'no'),
  answer(500, 'oh'),
  answer(503, 'busy', 'Retry-After: 2\r\n'),
  answer(429, 'slow', 'x-should-retry: false\r\n'),
  'HTTP/1.1 204 No\r\n\r\n',
  'HTTP/1.1 100 Continue\r\n\r\n',
  'HTTP/1.1 200 OK\r\n\r\nuntil close',
  'HTTP/1.1 500 Oh\r\nContent-Length: 10\r\n\r\nhalf',
  SSE_HEAD,
  SSE_HEAD + chunked(EVENT),
  chunked(EVENT),
  chunked(EVENT.slice(0, 20)),
  chunked('data: [DONE]\n\n') + LAST_CHUNK,
  chunked(EVENT.repeat(8_000)),
  LAST_CHUNK,
  'SSH-2.0-x\r\n',
];

type Step = readonly [act: keyof typeof ACTS, which: number, what: number];

class Life {
  readonly plane = new FakePlane({
    endpoints: [
      endpoint(0),
      endpoint(1),
      endpoint(2, { rpmLimit: 3 }),
      endpoint(3, { modelName: 'limited', rpmLimit: 1 }),
    ],
    options: {
      retryBufferBytes: 100_000,
      maxQueue: 3,
      queueTimeoutMs: 3_000,
      requestTimeoutMs: 20_000,
      streamGapMs: 5_000,
      firstByteMs: 4_000,
      connectTimeoutMs: 2_000,
      writeStallMs: 2_000,
      keepAliveIdleMs: 6_000,
      maxIdleConns: 2,
    },
  });
  readonly clients: FakeTransport[] = [];
  /** Requests that each client sent. */
  readonly sent = new Map<FakeTransport, number>();
  readonly connected = new Set<FakeTransport>();

  client(which: number): FakeTransport | undefined {
    const open = this.clients.filter(({ closedBy }) => closedBy === '');
    return open.length === 0 ? undefined : open[which % open.length];
  }

  send(client: FakeTransport, what: number): void {
    const [text, count] = REQUESTS[what % REQUESTS.length]!;
    this.sent.set(client, (this.sent.get(client) ?? 0) + count);
    client.deliver(text);
  }

  /** A connection to an endpoint that stands, or stands now. */
  upstream(which: number): FakeTransport | undefined {
    const open = this.plane.net.upstream.filter(({ closedBy }) => closedBy === '');
    if (open.length === 0) return undefined;
    const transport = open[which % open.length]!;
    if (!this.connected.has(transport)) {
      this.connected.add(transport);
      this.plane.connect(transport);
    }
    return transport.closedBy === '' ? transport : undefined;
  }

  advance(ms: number): void {
    mock.timers.tick(ms);
    this.plane.advance(ms, ms > 1_000 ? 250 : 20);
  }

  check(): void {
    this.plane.net.settle();
    this.plane.assertSound();
    for (const [client, count] of this.sent) {
      if (client.closedBy === 'reset' || client.bytesQueued() > 0) continue;
      const answers = readAnswers(client.received);
      assert.ok(answers.length <= count, `${answers.length} answers to ${count} requests`);
    }
  }
}

const ACTS = {
  request(life: Life, which: number, what: number): void {
    if (which % 3 === 0 || life.client(which) === undefined) {
      const client = life.plane.client();
      life.clients.push(client);
      life.send(client, what);
    } else {
      life.send(life.client(which)!, what);
    }
  },
  leave(life: Life, which: number, what: number): void {
    const client = life.client(which);
    if (what % 3 === 0) client?.deliverEnd();
    else client?.break(CLOSE_RESET);
  },
  stall(life: Life, which: number, what: number): void {
    const client = life.client(which);
    if (client !== undefined) client.stalled = what % 2 === 0;
    if (what % 2 === 1) client?.drain();
  },
  upstreamStall(life: Life, which: number, what: number): void {
    const transport = life.upstream(which);
    if (transport !== undefined) transport.stalled = what % 2 === 0;
    if (what % 2 === 1) transport?.drain();
  },
  refuse(life: Life, which: number): void {
    const waiting = life.plane.net.upstream.filter((one) => {
      return one.closedBy === '' && !life.connected.has(one);
    });
    waiting[which % Math.max(1, waiting.length)]?.break(CLOSE_REFUSED);
  },
  answer(life: Life, which: number, what: number): void {
    life.upstream(which)?.deliver(ANSWERS[what % ANSWERS.length]!);
  },
  part(life: Life, which: number, what: number): void {
    const text = ANSWERS[what % ANSWERS.length]!;
    const transport = life.upstream(which);
    transport?.deliver(text.slice(0, what % text.length));
    if (what % 2 === 0) transport?.deliver(text.slice(what % text.length));
  },
  die(life: Life, which: number, what: number): void {
    const transport = life.upstream(which);
    if (what % 2 === 0) transport?.deliverEnd();
    else transport?.break(CLOSE_RESET);
  },
  time(life: Life, which: number, what: number): void {
    life.advance(what % 5 === 0 ? 1 + (what % 7_000) : 1 + (which % 300));
  },
  fleet(life: Life, which: number, what: number): void {
    const { columns, plane } = life.plane;
    columns.control.probeState[which % 4] = what % 3 === 0 ? PROBE_DOWN : PROBE_UP;
    columns.control.operatorState[which % 4] = what % 7 === 0 ? 1 : 0;
    if (what % 5 !== 0) return;
    const all = [0, 1, 2].map((slot) => endpoint(slot));
    const some = all.filter(({ slot }) => slot !== which % 4);
    plane.adopt(tableOf(plane.table.epoch + 1, some));
  },
  drain(life: Life, which: number, what: number): void {
    if (what % 4 !== 0) return;
    life.plane.plane.draining = which % 2 === 0;
    if (what % 8 === 0) life.plane.downstreams.closeAfterAnswers(what % 16 === 0);
    if (what % 32 === 0) life.plane.downstreams.endAll();
  },
};

const WEIGHTS: Readonly<Record<keyof typeof ACTS, number>> = {
  request: 8,
  leave: 2,
  stall: 2,
  upstreamStall: 1,
  refuse: 2,
  answer: 10,
  part: 4,
  die: 2,
  time: 4,
  fleet: 1,
  drain: 1,
};

const script = fc.array(
  fc.oneof(
    ...Object.entries(WEIGHTS).map(([act, weight]) => ({
      weight,
      arbitrary: fc.tuple(
        fc.constant(act as keyof typeof ACTS),
        fc.nat(50),
        fc.nat(10_000),
      ) as fc.Arbitrary<Step>,
    })),
  ),
  { minLength: 5, maxLength: 60 },
);

function live(steps: readonly Step[]): void {
  mock.timers.enable({ apis: ['setTimeout'] });
  const life = new Life();
  try {
    for (const [act, which, what] of steps) {
      ACTS[act](life, which, what);
      life.check();
    }
    // Left alone, everything comes to an end by itself: no exchange outlives its deadline, and
    // those that are pipelined behind it have one each.
    const most = Math.max(0, ...life.sent.values());
    for (let i = 0; i < most && life.plane.total(GAUGE_EXCHANGES) > 0; i++) life.advance(21_000);
    life.plane.assertQuiet();
    for (const client of life.clients) client.break(CLOSE_RESET);
    life.advance(8_000);
    for (const client of life.clients) client.drain();
    life.plane.assertEmpty();
  } finally {
    life.plane.close();
    mock.timers.reset();
  }
}

it('ends with nothing in flight, queued or armed, whatever happened in whatever order', () => {
  fc.assert(
    fc.property(script, (steps) => {
      live(steps);
    }),
    { seed: 5, numRuns: 400 },
  );
});
