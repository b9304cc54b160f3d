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

  test('leads an alias to its cluster, and lists it unless it is hidden', () => {
    const names = [
      { name: 'gpt-4', model: 'a', fallbacks: [], listed: true },
      { name: 'secret', model: 'a', fallbacks: [], listed: false },
      { name: 'nowhere', model: 'gone', fallbacks: [], listed: true },
    ];
    const table = new RouteTable({ ...spec(1, { a: [endpoint(0)] }), names });
    assert.equal(table.route('gpt-4')?.cluster, table.cluster('a'));
    assert.equal(table.route('secret')?.cluster, table.cluster('a'));
    assert.equal(table.route('nowhere'), undefined);
    assert.equal(table.cluster('gpt-4'), undefined, 'an alias is no cluster');
    assert.deepEqual(table.modelNames, ['a', 'gpt-4']);
  });

  test('holds names that no entry has against the patterns, the most specific first', () => {
    const clusters = {
      '*': [endpoint(0)],
      'openai/*': [endpoint(1)],
      'openai/*-mini': [endpoint(2)],
      'openai/o3': [endpoint(3)],
    };
    const table = new RouteTable(spec(1, clusters));
    const slot = (model: string) => table.route(model)?.cluster.slots[0];
    assert.equal(slot('openai/o3'), 3);
    assert.equal(slot('openai/gpt-4'), 1);
    assert.equal(slot('openai/gpt-4-mini'), 2);
    assert.equal(slot('anything'), 0);
    assert.deepEqual(table.route('openai/gpt-4-mini')?.matched, ['gpt-4']);
    assert.deepEqual(table.modelNames, ['openai/o3'], 'patterns are not names');
  });

  test('finds fallbacks, also those of a pattern and those that a pattern covers', () => {
    const names = [
      { name: 'a', model: 'a', fallbacks: ['b', 'gone', 'x/y'], listed: true },
      { name: 'x/*', model: 'x/*', fallbacks: ['a'], listed: false },
    ];
    const clusters = { a: [endpoint(0)], b: [endpoint(1)], 'x/*': [endpoint(2)] };
    const table = new RouteTable({ ...spec(1, clusters), names });
    const goesTo = (model: string) =>
      table.route(model)?.fallbacks.map(({ cluster, matched }) => [cluster.name, ...matched]);
    assert.deepEqual(goesTo('a'), [['b'], ['x/*', 'y']]);
    assert.deepEqual(goesTo('x/z'), [['a']]);
    assert.deepEqual(goesTo('b'), []);
  });

  test('puts a lower order into an earlier tier, and endpoints without one into the last', () => {
    const own = (order: number) => ({ own: { order } }) as unknown as Partial<EndpointSpec>;
    const list = [
      { ...endpoint(0), ...own(5) },
      endpoint(1),
      { ...endpoint(2), ...own(1) },
      { ...endpoint(3), ...own(5) },
    ];
    const cluster = new RouteTable(spec(1, { m: list })).cluster('m')!;
    assert.equal(cluster.tiers, 3);
    assert.deepEqual([...cluster.tierOf], [1, 2, 0, 1]);
    assert.equal(new RouteTable(spec(1, { m: [endpoint(0)] })).cluster('m')!.tiers, 1);
  });
});
