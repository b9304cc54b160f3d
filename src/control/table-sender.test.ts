import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { EndpointSpec, RouteTableSpec } from '../core/endpoint.ts';
import type { ToWorker } from '../core/plane-messages.ts';
import { RouteTable } from '../core/route-table.ts';
import { TableParts } from '../proxy/table-parts.ts';
import { endpointAt } from './fleet.fake.ts';
import { TableSender } from './table-sender.ts';

const EMPTY: RouteTableSpec = { epoch: 0, strategy: 'simple-shuffle', clusters: [] };

function tableOf(epoch: number, endpoints: readonly EndpointSpec[]): RouteTableSpec {
  const names = [...new Set(endpoints.map(({ modelName }) => modelName))];
  const clusters = names.map((name) => {
    return { name, endpoints: endpoints.filter(({ modelName }) => modelName === name) };
  });
  return { ...EMPTY, epoch, clusters };
}

function fleet(count: number): EndpointSpec[] {
  return Array.from({ length: count }, (_, slot) => {
    return endpointAt(slot, { modelName: `m${slot % 7}`, apiBase: `http://e${slot}/v1` });
  });
}

/** A worker at the other end: what it is sent it gets as a copy, and in order. */
class Worker {
  readonly messages: ToWorker[] = [];
  readonly adopted: RouteTableSpec[] = [];
  readonly sender: TableSender;
  readonly #parts = new TableParts(EMPTY);
  #later: (() => void)[] = [];

  constructor() {
    this.sender = new TableSender(
      { post: (message) => this.#hear(message), later: (run) => this.#later.push(run) },
      EMPTY,
    );
  }

  /** The next pause is over; false = there is none. */
  wait(): boolean {
    const run = this.#later.shift();
    run?.();
    return run !== undefined;
  }

  #hear(sent: ToWorker): void {
    const message = structuredClone(sent);
    this.messages.push(message);
    if (message.kind === 'table') this.adopted.push(this.#parts.replace(message.spec));
    else if (message.kind === 'endpoints') this.#parts.take(message.endpoints);
    else if (message.kind === 'assemble') this.adopted.push(this.#parts.assemble(message));
  }
}

test('sends a small table at once and whole', () => {
  const worker = new Worker();
  const spec = tableOf(1, fleet(5));
  worker.sender.send(spec);
  assert.deepEqual(worker.adopted, [spec]);
  assert.equal(worker.wait(), false);
});

test('sends a large table in small messages, and afterwards only what changed', () => {
  const worker = new Worker();
  const endpoints = fleet(1000);
  worker.sender.send(tableOf(1, endpoints));
  assert.equal(worker.adopted.length, 0);
  while (worker.wait());
  assert.deepEqual(worker.adopted, [tableOf(1, endpoints)]);
  for (const message of worker.messages) {
    assert.ok(message.kind !== 'endpoints' || message.endpoints.length <= 64);
  }
  worker.messages.length = 0;
  const changed = endpoints.with(17, { ...endpoints[17]!, weight: 9 });
  const next = tableOf(2, changed.slice(1));
  worker.sender.send(next);
  assert.deepEqual(worker.adopted[1], next, 'a small change does not wait');
  const [first] = worker.messages;
  assert.deepEqual(first, { kind: 'endpoints', endpoints: [changed[17]] });
  assert.equal(worker.messages.length, 2);
  const [one, two] = worker.adopted;
  const before = new RouteTable(one!);
  const after = new RouteTable(two!, before);
  assert.equal(after.cluster('m1'), before.cluster('m1'), 'what is made of the same is kept');
  assert.notEqual(after.cluster('m3'), before.cluster('m3'));
});

test('whatever is published while it sends, the worker ends with the last table', () => {
  const sizes = fc.array(fc.tuple(fc.integer({ min: 0, max: 400 }), fc.nat(6)), { minLength: 1 });
  fc.assert(
    fc.property(sizes, (steps) => {
      const worker = new Worker();
      let known = fleet(400);
      let last = EMPTY;
      for (const [index, [count, waits]] of steps.entries()) {
        known = known.with(index % 400, { ...known[index % 400]!, weight: index + 2 });
        last = tableOf(index + 1, known.slice(0, count));
        worker.sender.send(last);
        for (let n = 0; n < waits; n++) worker.wait();
      }
      while (worker.wait());
      assert.deepEqual(worker.adopted.at(-1), last);
      const epochs = worker.adopted.map(({ epoch }) => epoch);
      assert.deepEqual(
        epochs,
        epochs.toSorted((a, b) => a - b),
        'never backwards',
      );
    }),
    { seed: 11, numRuns: 60 },
  );
});
