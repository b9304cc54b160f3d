/** Workers that start, die, are replaced and drain; every one of them a fake. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../core/clock.ts';
import type { RouteTableSpec } from '../core/endpoint.ts';
import type { FromWorker, PlaneEvent, ToWorker } from '../core/plane-messages.ts';
import type { RequestRecord } from '../core/request-record.ts';
import { createFleetState } from '../state/layout.ts';
import {
  GAUGE_CONNECTIONS,
  GAUGE_EXCHANGES,
  GAUGE_QUEUED,
  TOTAL_REQUESTS,
} from '../state/totals.ts';
import { Supervisor, type WorkerPort } from './supervisor.ts';

class FakeWorker implements WorkerPort {
  readonly index: number;
  readonly spec: RouteTableSpec;
  readonly posted: ToWorker[] = [];
  terminated = false;
  say: (message: FromWorker) => void = () => {};
  exit: (reason: string) => void = () => {};

  constructor(index: number, spec: RouteTableSpec) {
    this.index = index;
    this.spec = spec;
  }

  post(message: ToWorker): void {
    this.posted.push(message);
  }

  onMessage(listener: (message: FromWorker) => void): void {
    this.say = listener;
  }

  onExit(listener: (reason: string) => void): void {
    this.exit = listener;
  }

  terminate(): void {
    this.terminated = true;
  }
}

function table(epoch: number): RouteTableSpec {
  return { epoch, strategy: 'simple-shuffle', clusters: [] };
}

function setUp(workers = 2) {
  const state = createFleetState(4, workers);
  const seen = {
    ...state,
    clock: new FakeClock(1000),
    spawned: [] as FakeWorker[],
    events: [] as PlaneEvent[],
    requests: [] as { readonly records: readonly RequestRecord[]; readonly dropped: number }[],
    crashes: [] as string[],
    waiting: [] as { readonly run: () => void; readonly afterMs: number }[],
    /** Runs what waits. */
    runLater(): void {
      for (const { run } of seen.waiting.splice(0)) run();
    },
  };
  const supervisor = new Supervisor(
    {
      workers,
      columns: state.columns,
      totals: state.totals,
      clock: seen.clock,
      spawn(index, spec) {
        const worker = new FakeWorker(index, spec);
        seen.spawned.push(worker);
        return worker;
      },
      onEvent: (event) => seen.events.push(event),
      onShadow: () => {},
      onRequests: (records, dropped) => seen.requests.push({ records, dropped }),
      onCrash: (index, reason) => seen.crashes.push(`${index}: ${reason}`),
      later: (run, afterMs) => seen.waiting.push({ run, afterMs }),
    },
    table(0),
  );
  return { supervisor, seen };
}

async function running(workers = 2) {
  const both = setUp(workers);
  const { supervisor, seen } = both;
  supervisor.publish(table(1));
  const started = supervisor.start();
  for (const worker of seen.spawned) worker.say({ kind: 'listening', port: 8000 });
  assert.equal(await started, undefined);
  return both;
}

/** Lets what was resolved go on; tells whether `promise` has settled. */
async function settled(promise: Promise<unknown>): Promise<boolean> {
  let done = false;
  void promise.then(() => {
    done = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  return done;
}

test('starts every worker with the table of now and waits until all listen', async () => {
  const { supervisor, seen } = setUp();
  supervisor.publish(table(7));
  const started = supervisor.start();
  assert.deepEqual(
    seen.spawned.map(({ index, spec }) => [index, spec.epoch]),
    [
      [0, 7],
      [1, 7],
    ],
  );
  seen.spawned[0]!.say({ kind: 'listening', port: 1 });
  assert.equal(await settled(started), false);
  seen.spawned[1]!.say({ kind: 'listening', port: 1 });
  assert.equal(await started, undefined);
});

test('tells why a worker cannot listen and does not replace it', async () => {
  const { supervisor, seen } = setUp();
  const started = supervisor.start();
  seen.spawned[0]!.say({ kind: 'listening', port: 1 });
  seen.spawned[1]!.say({ kind: 'failed', code: 'EACCES', message: 'no' });
  seen.spawned[1]!.exit('');
  const failure = await started;
  assert.equal(failure?.code, 'EACCES');
  seen.runLater();
  assert.deepEqual([seen.spawned.length, seen.crashes], [2, []]);
});

test('a worker that ends before it listens is a failed start, not a restart', async () => {
  const { supervisor, seen } = setUp(1);
  const started = supervisor.start();
  seen.spawned[0]!.exit('TypeError: x');
  assert.deepEqual(await started, { code: '', message: 'TypeError: x' });
  seen.runLater();
  assert.equal(seen.spawned.length, 1);
});

test('sends every new table to every worker', async () => {
  const { supervisor, seen } = await running();
  supervisor.publish(table(2));
  for (const { posted } of seen.spawned) {
    assert.deepEqual(posted, [{ kind: 'table', spec: table(2) }]);
  }
});

test('sends new options to every worker, with the epoch they come after', async () => {
  const { supervisor, seen } = await running();
  const epoch = supervisor.adoptedEpoch;
  supervisor.configure({ numRetries: 9 });
  for (const { posted } of seen.spawned) {
    assert.deepEqual(posted, [{ kind: 'options', epoch, options: { numRetries: 9 } }]);
  }
});

test('an epoch is adopted when the last worker says so', async () => {
  const { supervisor, seen } = await running();
  assert.equal(supervisor.adoptedEpoch, 1);
  supervisor.publish(table(2));
  seen.spawned[1]!.say({ kind: 'adopted', epoch: 2 });
  assert.equal(supervisor.adoptedEpoch, 1);
  seen.spawned[0]!.say({ kind: 'adopted', epoch: 2 });
  assert.equal(supervisor.adoptedEpoch, 2);
});

test('hands events on', async () => {
  const { seen } = await running();
  const event: PlaneEvent = {
    kind: 'ejected',
    endpointId: 'e',
    requestId: 'r',
    detail: 'd',
    dropped: 0,
  };
  seen.spawned[0]!.say({ kind: 'event', event });
  assert.deepEqual(seen.events, [event]);
});

test('hands records of requests on, and tells the worker that it may send more', async () => {
  const { seen } = await running();
  seen.spawned[1]!.say({ kind: 'requests', records: [], dropped: 3 });
  assert.deepEqual(seen.requests, [{ records: [], dropped: 3 }]);
  assert.deepEqual(seen.spawned[1]!.posted.at(-1), { kind: 'taken' });
  assert.ok(!seen.spawned[0]!.posted.some(({ kind }) => kind === 'taken'));
});

test('replaces a worker that dies, with the newest table', async () => {
  const { supervisor, seen } = await running();
  seen.clock.advance(60_000);
  supervisor.publish(table(2));
  seen.spawned[0]!.say({ kind: 'adopted', epoch: 2 });
  seen.spawned[1]!.exit('boom');
  assert.deepEqual(seen.crashes, ['1: boom']);
  assert.equal(supervisor.adoptedEpoch, 1, 'nobody is there yet to have adopted it');
  supervisor.publish(table(3));
  seen.spawned[0]!.say({ kind: 'adopted', epoch: 3 });
  assert.deepEqual(
    seen.waiting.map(({ afterMs }) => afterMs),
    [0],
  );
  seen.runLater();
  const replacement = seen.spawned[2]!;
  assert.deepEqual([replacement.index, replacement.spec.epoch], [1, 3]);
  assert.equal(supervisor.adoptedEpoch, 3);
  supervisor.publish(table(4));
  assert.deepEqual(replacement.posted, [{ kind: 'table', spec: table(4) }]);
});

test('sets back what a dead worker had in flight, and nothing else', async () => {
  const { seen } = await running();
  for (const index of [0, 1]) {
    seen.columns.workers[index]!.inFlight[2] = 4;
    seen.columns.workers[index]!.pending[2] = 3;
    seen.columns.workers[index]!.sent[2] = 9;
    for (const gauge of [GAUGE_CONNECTIONS, GAUGE_EXCHANGES, GAUGE_QUEUED, TOTAL_REQUESTS]) {
      seen.totals[index]![gauge] = 5;
    }
  }
  seen.spawned[1]!.exit('');
  const [alive, dead] = seen.columns.workers;
  assert.deepEqual([dead!.inFlight[2], dead!.pending[2], dead!.sent[2]], [0, 0, 9]);
  assert.deepEqual([alive!.inFlight[2], alive!.pending[2]], [4, 3]);
  const gauges = [GAUGE_CONNECTIONS, GAUGE_EXCHANGES, GAUGE_QUEUED, TOTAL_REQUESTS];
  assert.deepEqual(
    gauges.map((gauge) => seen.totals[1]![gauge]),
    [0, 0, 0, 5],
  );
  assert.deepEqual(
    gauges.map((gauge) => seen.totals[0]![gauge]),
    [5, 5, 5, 5],
  );
});

test('pauses before it replaces a worker that died young', async () => {
  const { seen } = await running(1);
  seen.clock.advance(4999);
  seen.spawned[0]!.exit('');
  assert.equal(seen.waiting[0]!.afterMs, 500);
  seen.runLater();
  seen.spawned[1]!.say({ kind: 'listening', port: 1 });
  seen.clock.advance(5000);
  seen.spawned[1]!.exit('');
  assert.equal(seen.waiting[0]!.afterMs, 0);
});

test('goes on trying when a replacement cannot listen, and says why', async () => {
  const { seen } = await running(1);
  seen.spawned[0]!.exit('boom');
  seen.runLater();
  seen.spawned[1]!.say({ kind: 'failed', code: 'EADDRINUSE', message: 'in use' });
  seen.spawned[1]!.exit('');
  assert.deepEqual(seen.crashes, ['0: boom', '0: cannot listen: in use']);
  seen.runLater();
  assert.equal(seen.spawned.length, 3);
});

test('drains in two steps and resolves when every worker has drained', async () => {
  const { supervisor, seen } = await running();
  const drained = supervisor.drain(2000, 600_000);
  const kinds = () => seen.spawned.map(({ posted }) => posted.map(({ kind }) => kind));
  assert.deepEqual(kinds(), [['drain'], ['drain']]);
  assert.equal(seen.waiting[0]!.afterMs, 2000);
  seen.runLater();
  await settled(drained);
  assert.deepEqual(seen.spawned[1]!.posted[1], { kind: 'close', timeoutMs: 600_000 });
  seen.spawned[0]!.say({ kind: 'drained' });
  // Said and then ended: that is one worker, not two.
  seen.spawned[0]!.exit('');
  assert.equal(await settled(drained), false);
  seen.spawned[1]!.say({ kind: 'drained' });
  assert.equal(await settled(drained), true);
});

test('a worker that dies while draining has drained and is not replaced', async () => {
  const { supervisor, seen } = await running();
  const drained = supervisor.drain(2000, 1000);
  seen.spawned[0]!.exit('boom');
  seen.runLater();
  await settled(drained);
  seen.spawned[1]!.exit('boom');
  assert.equal(await settled(drained), true);
  assert.deepEqual([seen.spawned.length, seen.crashes], [2, []]);
});

test('a drain does not wait for a worker that died just before it', async () => {
  const { supervisor, seen } = await running(1);
  seen.spawned[0]!.exit('boom');
  const drained = supervisor.drain(0, 1000);
  assert.equal(await settled(drained), true);
  seen.runLater();
  assert.equal(seen.spawned.length, 1, 'and it is not replaced any more');
});

test('a drain ends shortly after its deadline although a worker is stuck', async () => {
  const { supervisor, seen } = await running(1);
  const drained = supervisor.drain(0, 1000);
  assert.equal(await settled(drained), false);
  assert.deepEqual(
    seen.waiting.map(({ afterMs }) => afterMs),
    [4000],
  );
  seen.runLater();
  assert.equal(await settled(drained), true);
});

test('a reload reaches workers that drain', async () => {
  const { supervisor, seen } = await running(1);
  void supervisor.drain(0, 1000);
  supervisor.publish(table(2));
  assert.equal(seen.spawned[0]!.posted.at(-1)!.kind, 'table');
});

test('ends all workers at once and replaces none', async () => {
  const { supervisor, seen } = await running();
  supervisor.stop();
  for (const worker of seen.spawned) {
    assert.equal(worker.terminated, true);
    worker.exit('');
  }
  seen.runLater();
  assert.deepEqual([seen.spawned.length, seen.crashes], [2, []]);
});
