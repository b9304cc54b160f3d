/** Every fault knob, seen from a raw socket: what the router's peer really does. */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { createConnection } from 'node:net';
import { after, test } from 'node:test';
import { until, untilPasses } from '../../test/fakes/until.ts';
import { Xorshift } from '../core/random.ts';
import type { Sim } from './engine.ts';
import { startSim } from './engine.ts';
import { drawDeath, drawFailure } from './faults.ts';
import { defaultOptions } from './flags.ts';

const sims: Sim[] = [];

async function start(options: Parameters<typeof startSim>[0] = {}): Promise<Sim> {
  const sim = await startSim(options);
  sims.push(sim);
  return sim;
}

after(async () => {
  for (const sim of sims) await sim.close();
});

/** What came over one connection until it ended, and how it ended. */
interface Wire {
  text: string;
  /** When each piece came, by `performance.now()`. */
  readonly atMs: number[];
  end: 'open' | 'fin' | 'rst' | 'refused';
}

function dial(sim: Sim, request: string): { socket: Socket; wire: Wire; ended: Promise<Wire> } {
  const wire: Wire = { text: '', atMs: [], end: 'open' };
  const socket = createConnection({ port: sim.port, host: '127.0.0.1' });
  socket.write(request);
  socket.on('data', (bytes) => {
    wire.text += bytes.toString('utf8');
    wire.atMs.push(performance.now());
  });
  const ended = new Promise<Wire>((resolve) => {
    socket.on('end', () => {
      if (wire.end === 'open') wire.end = 'fin';
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      wire.end = error.code === 'ECONNREFUSED' ? 'refused' : 'rst';
    });
    socket.on('close', () => resolve(wire));
  });
  return { socket, wire, ended };
}

function chat(changes: object = {}, header = 'connection: close\r\n'): string {
  const body = JSON.stringify({ messages: [{ role: 'user', content: 'hi' }], ...changes });
  const head = `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n${header}`;
  return `${head}content-length: ${body.length}\r\n\r\n${body}`;
}

const STREAM = { stream: true, max_tokens: 20 };

test('a status failure carries its body and Retry-After', async () => {
  const cases: readonly [object, number][] = [
    [{ failureStatus: 429 }, 429],
    [{ failureStatus: 503 }, 503],
    [{ failureStatus: 500 }, 500],
    [{ failureTypes: ['queue_full'] }, 500],
    [{}, 500],
  ];
  for (const [options, status] of cases) {
    const sim = await start({ failureInjectionRate: 100, retryAfterSeconds: 2, ...options });
    const { text } = await dial(sim, chat()).ended;
    assert.match(text, new RegExp(`^HTTP/1.1 ${status} `));
    assert.match(text, /\r\nretry-after: 2\r\n/);
    assert.match(text, /\{"error":\{"message":/);
    assert.equal(sim.stats().failed, 1);
  }
});

test('failures strike at their rate and by their types', () => {
  const options = {
    ...defaultOptions(),
    failureInjectionRate: 30,
    failureTypes: ['rate_limit', 'reset'],
  };
  const random = new Xorshift(9);
  const count = { none: 0, status: 0, reset: 0, hang: 0, close: 0 };
  for (let at = 0; at < 10_000; at++) count[drawFailure(options, random).kind]++;
  // N = 10,000, seed 9; three standard deviations are about 140.
  assert.ok(Math.abs(count.none - 7000) < 140, JSON.stringify(count));
  assert.ok(Math.abs(count.status - 1500) < 140, JSON.stringify(count));
  assert.equal(count.hang + count.close, 0);
});

test('deaths strike at their rate', () => {
  const options = { ...defaultOptions(), dieMidEvent: true, dieRate: 25 };
  const random = new Xorshift(9);
  let deaths = 0;
  for (let at = 0; at < 10_000; at++) {
    if (drawDeath(options, random).afterEvents === 1) deaths++;
  }
  assert.ok(Math.abs(deaths - 2500) < 140, String(deaths));
});

test('dies after so many events, by FIN, by RST or by a clean end', async () => {
  for (const [dieBy, end] of [
    ['close', 'fin'],
    ['reset', 'rst'],
    ['end', 'fin'],
  ] as const) {
    const sim = await start({ dieAfterEvents: 3, dieBy, interTokenLatencyMs: 1 });
    const wire = await dial(sim, chat(STREAM)).ended;
    assert.equal(wire.end, end, dieBy);
    assert.equal(wire.text.split('data: ').length - 1, 3, dieBy);
    assert.equal(wire.text.endsWith('\r\n0\r\n\r\n'), dieBy === 'end');
    assert.doesNotMatch(wire.text, /DONE/);
    const { failed, active, running } = sim.stats();
    assert.deepEqual([failed, active, running], [1, 0, 0]);
  }
});

test('dies before the first event', async () => {
  const sim = await start({ dieAfterEvents: 0 });
  const wire = await dial(sim, chat(STREAM)).ended;
  assert.match(wire.text, /^HTTP\/1.1 200 OK\r\n/);
  assert.doesNotMatch(wire.text, /data: /);
});

test('dies in the middle of an event', async () => {
  const sim = await start({ dieAfterEvents: 2, dieMidEvent: true });
  const wire = await dial(sim, chat(STREAM)).ended;
  const events = wire.text.split('data: ').slice(1);
  assert.equal(events.length, 3);
  assert.match(events[1]!, /\n\n\r\n/);
  assert.doesNotMatch(events[2]!, /\}\n\n/);
});

test('cuts an answer that is not streamed half-way', async () => {
  const sim = await start({ dieAfterEvents: 1 });
  const wire = await dial(sim, chat({}, '')).ended;
  const [head = '', body = ''] = wire.text.split('\r\n\r\n');
  const declared = Number(/content-length: (\d+)/i.exec(head)?.[1]);
  assert.ok(body.length > 0 && Buffer.byteLength(body) < declared);
});

test('ends a stream without [DONE] when told to', async () => {
  const sim = await start({ omitDone: true });
  const wire = await dial(sim, chat(STREAM)).ended;
  assert.match(wire.text, /"finish_reason":"length"/);
  assert.doesNotMatch(wire.text, /DONE/);
  assert.match(wire.text, /\r\n0\r\n\r\n$/);
});

test('hangs and resets on every route but its own', async () => {
  const sim = await start({ hang: true });
  const silent = dial(sim, 'GET /health HTTP/1.1\r\nhost: x\r\n\r\n');
  const own = await dial(sim, 'GET /sim/stats HTTP/1.1\r\nhost: x\r\n\r\n').ended;
  assert.match(own.text, /^HTTP\/1.1 200 OK/);
  assert.equal(silent.wire.text, '');
  await sim.setOptions({ hang: false, reset: true });
  const reset = await dial(sim, 'GET /health HTTP/1.1\r\nhost: x\r\n\r\n').ended;
  assert.deepEqual([reset.end, reset.text], ['rst', '']);
  silent.socket.destroy();
});

test('a single request may hang, be reset or be closed', async () => {
  for (const [type, end] of [
    ['close', 'fin'],
    ['reset', 'rst'],
  ] as const) {
    const sim = await start({ failureInjectionRate: 100, failureTypes: [type] });
    const wire = await dial(sim, chat({}, '')).ended;
    assert.deepEqual([wire.end, wire.text], [end, '']);
  }
  const sim = await start({ failureInjectionRate: 100, failureTypes: ['hang'] });
  const { socket, ended } = dial(sim, chat({}, ''));
  await until('it is at work', () => sim.stats().active > 0);
  socket.destroy();
  assert.equal((await ended).text, '');
  await until('it has stopped', () => sim.stats().active === 0);
  assert.equal(sim.stats().cancelled, 1);
});

test('refuses connections, closes idle ones, lets answers finish, and comes back', async () => {
  const sim = await start({ interTokenLatencyMs: 5, controlPort: 0 });
  const idle = dial(sim, 'GET /health HTTP/1.1\r\nhost: x\r\n\r\n');
  const busy = dial(sim, chat(STREAM));
  await until(
    'both are answered',
    () => busy.wire.text.includes('data: ') && idle.wire.text !== '',
  );
  const faults = `${sim.controlUrl}/sim/faults`;
  await fetch(faults, { method: 'POST', body: '{"refuse":true}' });
  assert.equal((await idle.ended).end, 'fin');
  assert.equal((await dial(sim, chat()).ended).end, 'refused');
  assert.match((await busy.ended).text, /DONE/);
  await fetch(faults, { method: 'POST', body: '{"refuse":false}' });
  // The listener opens after the answer.
  await untilPasses(async () => {
    assert.match((await dial(sim, chat()).ended).text, /^HTTP\/1.1 200 OK/);
  });
});

test('closes an idle connection after its time, as uvicorn does without a word', async () => {
  const sim = await start({ keepAliveTimeoutMs: 60 });
  const wire = await dial(sim, chat({}, '')).ended;
  assert.equal(wire.end, 'fin');
  const idleMs = performance.now() - wire.atMs.at(-1)!;
  assert.ok(idleMs >= 50 && idleMs < 5000, String(idleMs));
  assert.doesNotMatch(wire.text, /\r\n(connection|keep-alive):/i);
});

test('announces its keep-alive time when told to', async () => {
  const sim = await start({ keepAliveTimeoutMs: 7000, announceKeepAlive: true });
  const { socket, wire } = dial(sim, chat({}, ''));
  await until('the head came', () => wire.text.includes('\r\n\r\n'));
  assert.match(wire.text, /\r\nconnection: keep-alive\r\nkeep-alive: timeout=7\r\n/);
  socket.destroy();
});

test('sends half of the head at once and the rest late', async () => {
  const sim = await start({ slowHeadersMs: 300 });
  for (const changes of [{}, STREAM]) {
    const { wire, ended } = dial(sim, chat(changes));
    await until('half of it came', () => wire.text !== '');
    assert.match(wire.text, /^HTTP\/1.1 200 OK/);
    assert.doesNotMatch(wire.text, /\r\n\r\n/);
    await ended;
    assert.match(wire.text, /\r\n\r\n/);
    assert.ok(wire.atMs[1]! - wire.atMs[0]! >= 150);
  }
});

test('frames a body by length, by chunks or by the end of the connection', async () => {
  const heads: Record<string, string> = {};
  for (const bodyFraming of ['length', 'chunked', 'close']) {
    const sim = await start({ bodyFraming, stableIds: true });
    const wire = await dial(sim, chat()).ended;
    assert.equal(wire.end, 'fin');
    heads[bodyFraming] = wire.text.split('\r\n\r\n')[0]!;
  }
  assert.match(heads.length!, /content-length: \d+/i);
  assert.match(heads.chunked!, /transfer-encoding: chunked/i);
  assert.doesNotMatch(heads.close!, /content-length|transfer-encoding/i);
});

test('a full queue is answered 503', async () => {
  const sim = await start({ maxNumSeqs: 1, maxWaitingQueueLength: 0, interTokenLatencyMs: 60_000 });
  const first = dial(sim, chat(STREAM));
  await until('it is full', () => sim.stats().running > 0);
  const second = await dial(sim, chat()).ended;
  assert.match(second.text, /^HTTP\/1.1 503 /);
  first.socket.destroy();
});
