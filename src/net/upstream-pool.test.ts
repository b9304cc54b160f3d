import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { endpoint } from '../../test/fakes/plane.ts';
import { FakeNet, type FakeTransport } from '../../test/fakes/transport.ts';
import { FakeClock } from '../core/clock.ts';
import { TimerWheel } from './timer-wheel.ts';
import { CLOSE_REFUSED, CLOSE_RESET, type TransportHandler } from './transport.ts';
import { type PoolOptions, type UpstreamConnection, UpstreamPool } from './upstream-pool.ts';

const benches: Bench[] = [];
const SELF = endpoint(0);
const PROVIDER = endpoint(0, { sourceType: 'provider' });
const A = 'http://a:1';
const B = 'http://b:1';

afterEach(() => {
  for (const bench of benches.splice(0)) bench.wheel.stop();
});

class User implements TransportHandler {
  readonly events: string[] = [];
  onConnect(): void {
    this.events.push('connect');
  }
  onBytes(chunk: Buffer, start: number, end: number): void {
    this.events.push(chunk.toString('latin1', start, end));
  }
  onDrain(): void {
    this.events.push('drain');
  }
  onEnd(): void {
    this.events.push('end');
  }
  onClose(reason: number): void {
    this.events.push(`close ${reason}`);
  }
}

class Bench {
  readonly clock = new FakeClock(5_000);
  readonly wheel = new TimerWheel(this.clock, () => {});
  readonly net = new FakeNet();
  readonly pool: UpstreamPool;

  constructor(options: Partial<PoolOptions> = {}) {
    this.pool = new UpstreamPool(this.net, this.wheel, { idleMs: 0, maxIdle: 10, ...options });
    benches.push(this);
  }

  open(origin = A, user = new User()): UpstreamConnection {
    return this.pool.open(origin, SELF, user);
  }

  transport(connection: UpstreamConnection): FakeTransport {
    return connection.transport as FakeTransport;
  }

  advance(ms: number): void {
    for (let left = ms; left > 0; left -= 20) {
      this.clock.advance(Math.min(left, 20));
      this.wheel.turn();
    }
  }

  reuse(origin = A): UpstreamConnection | undefined {
    return this.pool.reuse(origin, new User());
  }
}

describe('the pool', () => {
  it('opens a connection to the address and tells its user what happens', () => {
    const bench = new Bench();
    const user = new User();
    const connection = bench.open(A, user);
    assert.deepEqual(bench.net.opened, [{ host: 'e0', port: 9000, tls: false }]);
    assert.equal(connection.reused, false);
    connection.onConnect();
    bench.transport(connection).deliver('hello');
    bench.transport(connection).deliverEnd();
    bench.transport(connection).break(CLOSE_REFUSED);
    bench.net.settle();
    assert.deepEqual(user.events, ['connect', 'hello', 'end', `close ${CLOSE_REFUSED}`]);
  });

  it('reuses the newest connection first, and only for its own address', () => {
    const bench = new Bench();
    const [first, second, other] = [bench.open(), bench.open(), bench.open(B)];
    for (const connection of [first, second, other]) bench.pool.release(connection, SELF, -1);
    const again = bench.reuse();
    assert.equal(again, second);
    assert.equal(again!.reused, true);
    assert.equal(bench.reuse(), first);
    assert.equal(bench.reuse(), undefined);
    assert.equal(bench.reuse(B), other);
    assert.equal(bench.reuse('http://c:1'), undefined);
  });

  it('tells the next user, and no longer the last one', () => {
    const bench = new Bench();
    const user = new User();
    const connection = bench.open(A, user);
    bench.pool.release(connection, SELF, -1);
    const next = new User();
    bench.pool.reuse(A, next);
    bench.transport(connection).deliver('answer');
    assert.deepEqual(user.events, []);
    assert.deepEqual(next.events, ['answer']);
  });

  it('reads again from a connection that was paused', () => {
    const bench = new Bench();
    const connection = bench.open();
    connection.transport.pause();
    bench.pool.release(connection, SELF, -1);
    assert.equal(bench.transport(connection).paused, false);
  });
});

describe('an idle connection', () => {
  for (const [what, happen] of Object.entries({
    'bytes arrive': (transport: FakeTransport) => transport.deliver('late'),
    'the endpoint ends it': (transport: FakeTransport) => transport.deliverEnd(),
    'it breaks': (transport: FakeTransport) => transport.break(CLOSE_RESET),
  })) {
    it(`is given up when ${what}`, () => {
      const bench = new Bench();
      const user = new User();
      const connection = bench.open(A, user);
      bench.pool.release(connection, SELF, -1);
      happen(bench.transport(connection));
      bench.net.settle();
      assert.equal(bench.reuse(), undefined);
      assert.ok(bench.transport(connection).gone);
      assert.deepEqual(user.events, [], 'nobody is told');
    });
  }

  it('is kept four seconds for an engine of our own, ninety for a provider', () => {
    for (const [spec, idleMs] of [
      [SELF, 4_000],
      [PROVIDER, 90_000],
    ] as const) {
      const bench = new Bench();
      const connection = bench.open();
      bench.pool.release(connection, spec, -1);
      bench.advance(idleMs - 20);
      assert.equal(bench.transport(connection).closedBy, '');
      bench.advance(540);
      assert.equal(bench.transport(connection).closedBy, 'destroy');
      assert.equal(bench.reuse(), undefined);
    }
  });

  it('is kept as configured', () => {
    const bench = new Bench({ idleMs: 10_000 });
    const connection = bench.open();
    bench.pool.release(connection, SELF, -1);
    bench.advance(9_980);
    assert.equal(bench.transport(connection).closedBy, '');
    bench.advance(540);
    assert.equal(bench.transport(connection).closedBy, 'destroy');
  });

  it('is given up two seconds before the end that the endpoint announced', () => {
    const bench = new Bench({ idleMs: 60_000 });
    const connection = bench.open();
    bench.pool.release(connection, SELF, 5_000);
    bench.advance(2_980);
    assert.equal(bench.transport(connection).closedBy, '');
    bench.advance(540);
    assert.equal(bench.transport(connection).closedBy, 'destroy');
  });

  it('is not kept at all when the announced time is too short', () => {
    for (const announcedMs of [0, 1_000, 2_000]) {
      const bench = new Bench();
      const connection = bench.open();
      bench.pool.release(connection, SELF, announcedMs);
      assert.equal(bench.transport(connection).closedBy, 'destroy');
      assert.equal(bench.reuse(), undefined);
    }
  });

  it('that announced a shorter time is not reused after it, whatever was idle before', () => {
    const bench = new Bench({ idleMs: 60_000 });
    const [long, short] = [bench.open(), bench.open()];
    bench.pool.release(long, SELF, -1);
    bench.pool.release(short, SELF, 3_000);
    bench.advance(1_600);
    assert.equal(bench.transport(short).closedBy, 'destroy');
    assert.equal(bench.reuse(), long);
  });

  it('is not reused after its time, even before the sweep comes by', () => {
    const bench = new Bench();
    const connection = bench.open();
    bench.pool.release(connection, SELF, 2_100);
    bench.advance(140);
    assert.equal(bench.reuse(), undefined);
    assert.equal(bench.transport(connection).closedBy, 'destroy');
  });

  it('is one of so many at most', () => {
    const bench = new Bench({ maxIdle: 2 });
    const connections = [bench.open(), bench.open(B), bench.open()];
    for (const connection of connections) bench.pool.release(connection, SELF, -1);
    const closed = connections.map((connection) => bench.transport(connection).closedBy);
    assert.deepEqual(closed, ['', '', 'destroy']);
    bench.reuse();
    const late = bench.open();
    bench.pool.release(late, SELF, -1);
    assert.equal(bench.transport(late).closedBy, '', 'there is room again');
  });

  it('is ended when the pool closes', () => {
    const bench = new Bench();
    const connections = [bench.open(), bench.open(B)];
    for (const connection of connections) bench.pool.release(connection, SELF, -1);
    bench.pool.close();
    bench.net.settle();
    assert.ok(connections.every((connection) => bench.transport(connection).gone));
    assert.equal(bench.reuse(), undefined);
  });

  it('leaves no timer behind when there are no more', () => {
    const bench = new Bench();
    bench.pool.release(bench.open(), SELF, -1);
    bench.advance(6_000);
    const { nowMs } = bench.wheel;
    bench.advance(1_000);
    assert.ok(bench.wheel.nowMs >= nowMs);
    bench.pool.release(bench.open(), SELF, -1);
    bench.advance(6_000);
    assert.equal(bench.reuse(), undefined, 'the sweep starts again');
  });
});

it('ignores what still happens to a discarded connection', () => {
  const bench = new Bench();
  const user = new User();
  const connection = bench.open(A, user);
  connection.discard();
  connection.onConnect();
  bench.net.settle();
  assert.deepEqual(user.events, []);
  assert.equal(bench.transport(connection).closedBy, 'destroy');
});
