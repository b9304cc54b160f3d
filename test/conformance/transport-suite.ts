/**
 * What every implementation of the transport seam must do (src/net/transport.ts), asked of real
 * sockets on the loopback interface.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, it } from 'node:test';
import { CLOSE_NORMAL, CLOSE_REFUSED, CLOSE_RESET, CLOSE_TLS } from '../../src/net/transport.ts';
import {
  Bench,
  type Implementation,
  LOOPBACK,
  MUCH,
  OPTIONS,
  type Pair,
  PeerLog,
  pattern,
  Recorder,
  someTurns,
} from './transport-bench.ts';

/** Declares the tests; `name` is the implementation's. */
export function testTransport(name: string, implementation: Implementation): void {
  const benches: Bench[] = [];
  const bench = (): Bench => {
    const made = new Bench(implementation);
    benches.push(made);
    return made;
  };
  afterEach(() => {
    for (const made of benches.splice(0)) made.close();
  });
  const pairs = { accepted: () => bench().accepted(), connected: () => bench().connected() };
  for (const [side, pair] of Object.entries(pairs)) {
    describe(`${name}, a connection that was ${side}`, () => {
      carriesBytes(pair);
      pauses(pair);
      queues(pair);
      halfCloses(pair);
      closes(pair);
      tellsOfItsClose(pair);
    });
  }
  describe(`${name}, connecting`, () => connects(bench));
  describe(`${name}, a listener`, () => listens(implementation));
}

function carriesBytes(pair: () => Promise<Pair>): void {
  it('passes bytes on in order, both ways', async () => {
    const { transport, handler, peer } = await pair();
    const log = new PeerLog(peer);
    const up = pattern(300_000);
    for (let at = 0; at < up.length; at += 7_001) transport.write(up.subarray(at, at + 7_001));
    const down = pattern(300_000, 2);
    peer.write(down);
    await handler.received(down.length);
    transport.end();
    await once(peer, 'end');
    assert.ok(log.bytes.equals(up));
    assert.ok(handler.bytes.equals(down));
  });

  it('keeps what is written on apart from what is read next', async () => {
    const { transport, handler, peer } = await pair();
    const log = new PeerLog(peer);
    // As the data plane does: what is lent is copied, what is given away goes on as it is.
    handler.onChunk = (chunk, start, end) => {
      const view = chunk.subarray(start, end);
      transport.write(transport.lendsChunks ? Buffer.from(view) : view);
    };
    peer.pause();
    const sent = pattern(1_000_000);
    peer.write(sent);
    await handler.received(sent.length);
    peer.resume();
    transport.end();
    await once(peer, 'end');
    assert.ok(log.bytes.equals(sent));
  });

  it('has sent, or still counts, all that was written', async () => {
    const { transport, peer } = await pair();
    peer.resume();
    assert.equal(transport.bytesQueued(), 0);
    transport.write(pattern(100));
    assert.ok(transport.bytesQueued() <= 100);
  });
}

function pauses(pair: () => Promise<Pair>): void {
  it('gives nothing while it is paused, and all of it later', async () => {
    const { transport, handler, peer } = await pair();
    transport.pause();
    const sent = pattern(200_000);
    peer.end(sent);
    await someTurns();
    assert.deepEqual(
      handler.events.filter((event) => event !== 'connect'),
      [],
    );
    transport.resume();
    await handler.until('the end', () => handler.has('end'));
    assert.ok(handler.bytes.equals(sent));
  });

  it('can be paused from within onBytes', async () => {
    const { transport, handler, peer } = await pair();
    let chunks = 0;
    handler.onChunk = () => {
      chunks++;
      transport.pause();
    };
    const sent = pattern(1_000_000);
    peer.end(sent);
    await handler.until('bytes', () => handler.has('bytes'));
    await someTurns();
    assert.equal(chunks, 1);
    for (let seen = 1; handler.size < sent.length; seen++) {
      transport.resume();
      await handler.until('more bytes', () => chunks > seen);
    }
    assert.ok(handler.bytes.equals(sent));
  });

  it('takes a resume without a pause as nothing', async () => {
    const { transport, handler, peer } = await pair();
    transport.resume();
    peer.write('x');
    await handler.received(1);
    transport.resume();
    peer.write('y');
    await handler.received(2);
    assert.equal(handler.bytes.toString(), 'xy');
  });
}

function queues(pair: () => Promise<Pair>): void {
  it('queues what the peer does not read, says so, and tells when it is empty', async () => {
    const { transport, handler, peer } = await pair();
    peer.pause();
    const sent = pattern(MUCH);
    assert.equal(transport.write(sent), false, 'above the high-water mark');
    assert.ok(transport.bytesQueued() > 0);
    await someTurns();
    assert.ok(!handler.has('drain'));
    const log = new PeerLog(peer);
    peer.resume();
    await handler.until('drain', () => handler.has('drain'));
    assert.equal(transport.bytesQueued(), 0);
    transport.end();
    await once(peer, 'end');
    assert.ok(log.bytes.equals(sent));
  });
}

function halfCloses(pair: () => Promise<Pair>): void {
  it('tells of the end of the other side, and can still write', async () => {
    const { transport, handler, peer } = await pair();
    const log = new PeerLog(peer);
    peer.end('last');
    await handler.until('the end', () => handler.has('end'));
    assert.equal(handler.bytes.toString(), 'last');
    if (!handler.has('connect')) {
      // Only clients half-close; a connection to an endpoint ends with the endpoint.
      transport.write(Buffer.from('answer'));
      transport.end();
      await log.closed;
      assert.equal(log.bytes.toString(), 'answer');
      assert.equal(log.error, '');
    } else {
      transport.destroy();
    }
    await handler.closed();
    assert.equal(handler.events.at(-1), `close ${CLOSE_NORMAL}`);
  });

  it('reads on after its own end', async () => {
    const { transport, handler, peer } = await pair();
    new PeerLog(peer);
    transport.write(Buffer.from('bye'));
    transport.end();
    await once(peer, 'end');
    peer.end('and you');
    await handler.closed();
    assert.equal(handler.bytes.toString(), 'and you');
    assert.deepEqual(handler.events.slice(-2), ['end', `close ${CLOSE_NORMAL}`]);
  });
}

function closes(pair: () => Promise<Pair>): void {
  it('closes after the queue is written', async () => {
    const { transport, handler, peer } = await pair();
    peer.pause();
    const sent = pattern(MUCH);
    transport.write(sent);
    transport.close();
    const log = new PeerLog(peer);
    peer.resume();
    await once(peer, 'end');
    assert.equal(log.bytes.length, sent.length);
    peer.end();
    await handler.closed();
  });

  it('gives no bytes after a close, a destroy or a reset', async () => {
    for (const way of ['close', 'destroy', 'reset'] as const) {
      const { transport, handler, peer } = await pair();
      new PeerLog(peer);
      handler.onChunk = () => {
        handler.onChunk = () => assert.fail(`bytes after ${way}`);
        transport[way]();
      };
      peer.write(pattern(1_000_000));
      await handler.closed();
      await someTurns();
      const closes = handler.events.filter((event) => event.startsWith('close'));
      assert.equal(closes.length, 1);
      assert.equal(handler.events.at(-1), closes[0]);
      assert.ok(!handler.has('end'));
    }
  });

  it('never calls its handler from within a call', async () => {
    for (const way of ['close', 'destroy', 'reset', 'end'] as const) {
      const { transport, handler, peer } = await pair();
      new PeerLog(peer);
      const before = handler.events.length;
      transport.write(Buffer.from('x'));
      transport[way]();
      transport.bytesQueued();
      assert.equal(handler.events.length, before, way);
    }
  });

  it('destroys at once: the queue is lost', async () => {
    const { transport, handler, peer } = await pair();
    const log = new PeerLog(peer);
    peer.pause();
    transport.write(pattern(MUCH));
    transport.destroy();
    await handler.closed();
    peer.once('end', () => peer.destroy());
    peer.resume();
    await log.closed;
    assert.ok(log.bytes.length < MUCH);
  });
}

function tellsOfItsClose(pair: () => Promise<Pair>): void {
  it('resets so that the peer sees an error', async () => {
    const { transport, handler, peer } = await pair();
    const log = new PeerLog(peer);
    transport.reset();
    await Promise.all([log.closed, handler.closed()]);
    assert.equal(log.error, 'ECONNRESET');
    assert.equal(log.ended, false);
  });

  it('survives every call after its close', async () => {
    const { transport, handler, peer } = await pair();
    new PeerLog(peer);
    transport.destroy();
    await handler.closed();
    const { length } = handler.events;
    transport.pause();
    transport.resume();
    transport.write(Buffer.from('x'));
    transport.end();
    transport.close();
    transport.reset();
    transport.destroy();
    await someTurns();
    assert.equal(handler.events.length, length);
  });

  it('says that the peer reset the connection', async () => {
    const { handler, peer } = await pair();
    peer.resetAndDestroy();
    await handler.closed();
    assert.equal(handler.events.at(-1), `close ${CLOSE_RESET}`);
    assert.equal(handler.events.filter((event) => event.startsWith('close')).length, 1);
  });

  it('knows the address of its peer', async () => {
    const { transport } = await pair();
    assert.equal(transport.peerAddress(), LOOPBACK);
  });
}

function connects(bench: () => Bench): void {
  it('tells of a refused connection once, and of nothing else', async () => {
    const one = bench();
    const port = await one.server(() => {});
    one.close();
    const { handler } = one.open(port);
    await handler.closed();
    await someTurns();
    assert.deepEqual(handler.events, [`close ${CLOSE_REFUSED}`]);
  });

  it('can be given up before it stands', async () => {
    const one = bench();
    const port = await one.server(() => {});
    const { transport, handler } = one.open(port);
    transport.destroy();
    await handler.closed();
    await someTurns();
    assert.deepEqual(handler.events, [`close ${CLOSE_NORMAL}`]);
  });

  it('tells of a peer that does not speak TLS', async () => {
    const one = bench();
    const port = await one.server((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'));
    });
    const { handler } = one.open(port, true);
    await handler.closed();
    assert.deepEqual(handler.events, [`close ${CLOSE_TLS}`]);
  });

  it('serves many connections that are read at the same time', async () => {
    const one = bench();
    const bodies = Array.from({ length: 20 }, (_, i) => pattern(200_000, i + 1));
    let next = 0;
    const port = await one.server((socket) => socket.end(bodies[next++]!));
    const handlers: Recorder[] = [];
    for (const _ of bodies) handlers.push(one.open(port).handler);
    await Promise.all(handlers.map((handler) => handler.received(200_000)));
    const found = handlers.map(({ bytes }) => bodies.findIndex((body) => body.equals(bytes)));
    assert.deepEqual(
      found.toSorted((a, b) => a - b),
      bodies.map((_, i) => i),
    );
  });
}

function listens(implementation: Implementation): void {
  it('says so when the address is taken', async () => {
    const first = await implementation.listen(OPTIONS, () => new Recorder());
    const again = implementation.listen({ ...OPTIONS, port: first.port }, () => new Recorder());
    await assert.rejects(again, { code: 'EADDRINUSE' });
    first.close();
  });

  it('keeps open connections when it closes', async () => {
    const handler = new Recorder();
    const listener = await implementation.listen(OPTIONS, (transport) => {
      handler.transport = transport;
      return handler;
    });
    const peer = connect({ port: listener.port, host: LOOPBACK });
    await once(peer, 'connect');
    peer.write('x');
    await handler.received(1);
    listener.close();
    peer.write('y');
    await handler.received(2);
    peer.destroy();
    await handler.until('the end', () => handler.has('end') || handler.events.length > 2);
    handler.transport!.destroy();
  });
}
