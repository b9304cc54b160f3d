import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import type { EndpointSpec, RouteTableSpec } from './endpoint.ts';
import { RouteTable } from './route-table.ts';

function endpoint(slot: number, weight = 1): EndpointSpec {
  return {
    id: `m@http://engine-${slot}/v1`,
    slot,
    modelName: 'm',
    upstreamModel: 'm',
    apiBase: `http://engine-${slot}/v1`,
    tls: false,
    host: `engine-${slot}`,
    port: 80,
    basePath: '/v1',
    apiKey: '',
    weight,
    rpmLimit: 0,
    sourceType: 'self_deployed',
  };
}

function spec(epoch: number, clusters: Record<string, EndpointSpec[]>): RouteTableSpec {
  const list = Object.entries(clusters).map(([name, endpoints]) => ({ name, endpoints }));
  return { epoch, strategy: 'simple-shuffle', clusters: list };
}

describe('A route table', () => {
  test('finds the cluster of a model and nothing for names it does not know', () => {
    const table = new RouteTable(spec(3, { b: [endpoint(0)], a: [endpoint(1), endpoint(2)] }));
    assert.equal(table.epoch, 3);
    assert.equal(table.strategy, 'simple-shuffle');
    assert.deepEqual(table.modelNames, ['b', 'a']);
    assert.equal(table.cluster('a')?.size, 2);
    for (const name of ['', 'c', 'constructor', '__proto__']) {
      assert.equal(table.cluster(name), undefined);
    }
  });

  test('keeps the retry budget of a cluster across reloads', () => {
    const first = new RouteTable(spec(1, { a: [endpoint(0)], b: [endpoint(1)] }));
    while (first.cluster('a')?.budget.tryWithdraw(1_000));
    const second = new RouteTable(spec(2, { a: [endpoint(5)], c: [endpoint(1)] }), first);
    assert.equal(second.cluster('a')?.budget.balance(1_000), 0);
    assert.equal(second.cluster('c')?.budget.balance(1_000), 100);
  });

  test('divides the constant part of new retry budgets among the workers', () => {
    const table = new RouteTable(spec(1, { a: [endpoint(0)] }), undefined, 4);
    assert.equal(table.cluster('a')?.budget.balance(0), 25);
  });
});

describe('A cluster', () => {
  test('is a pool in the order of its endpoints', () => {
    const endpoints = [endpoint(7, 2), endpoint(3, 0.5), endpoint(9)];
    const cluster = new RouteTable(spec(1, { a: endpoints })).cluster('a')!;
    assert.equal(cluster.name, 'a');
    assert.equal(cluster.endpoints, endpoints);
    assert.deepEqual([...cluster.slots], [7, 3, 9]);
    assert.deepEqual([...cluster.weights], [2, 0.5, 1]);
    assert.deepEqual([...cluster.cumulative], [2, 2.5, 3.5]);
  });

  test('refuses a weight that is not positive and finite', () => {
    for (const weight of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.throws(() => new RouteTable(spec(1, { a: [endpoint(0, weight)] })), RangeError);
    }
  });
});
