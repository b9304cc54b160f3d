/** Slots stay with their endpoints, and the table mirrors the files. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { EndpointEntry } from './endpoint-entry.ts';
import { parseEndpoints } from './parse.ts';
import { buildRouteTableSpec, SlotAllocator } from './route-table-spec.ts';
import { DEFAULTS } from './schema.ts';

function entries(...pairs: readonly (readonly [model: string, params: string])[]): EndpointEntry[] {
  const items = pairs.map(([m, p]) => `- {model_name: ${m}, litellm_params: {${p}}}\n`);
  const { value, problems } = parseEndpoints(`model_list:\n${items.join('')}`, 'f', 'openai');
  assert.deepEqual(problems, []);
  return value!;
}

const A: [string, string] = ['m', 'api_base: "http://a"'];
const B: [string, string] = ['m', 'api_base: "http://b"'];
const C: [string, string] = ['n', 'api_base: "http://c"'];

test('endpoints become clusters by model name, in the order of the files', () => {
  const params = 'model: openai/x, api_base: "https://[::1]/v1/", api_key: k, weight: 2, rpm: 9';
  const { spec, added, removed, rejected } = buildRouteTableSpec(
    entries(['m', params], C, B),
    { ...DEFAULTS, routing: { ...DEFAULTS.routing, strategy: 'least-waiting' } },
    new SlotAllocator(8),
    3,
  );
  assert.equal(spec.epoch, 3);
  assert.equal(spec.strategy, 'least-waiting');
  assert.deepEqual(
    spec.clusters.map(({ name, endpoints }) => [name, endpoints.map(({ slot }) => slot)]),
    [
      ['m', [0, 2]],
      ['n', [1]],
    ],
  );
  assert.deepEqual(spec.clusters[0]!.endpoints[0], {
    id: 'm@https://[::1]/v1',
    slot: 0,
    modelName: 'm',
    upstreamModel: 'x',
    apiBase: 'https://[::1]/v1',
    tls: true,
    host: '::1',
    port: 443,
    basePath: '/v1',
    apiKey: 'k',
    weight: 2,
    rpmLimit: 9,
    sourceType: 'openai',
  });
  assert.equal(added.length, 3);
  assert.deepEqual([removed, rejected], [[], []]);
  assert.deepEqual(structuredClone(spec), spec);
});

test('a reload keeps slots, names what came and went, and reuses only released slots', () => {
  const slots = new SlotAllocator(3);
  const build = (epoch: number, ...pairs: [string, string][]) =>
    buildRouteTableSpec(entries(...pairs), DEFAULTS, slots, epoch);
  const slotOf = (built: ReturnType<typeof build>) =>
    new Map(built.spec.clusters.flatMap((c) => c.endpoints.map((e) => [e.id, e.slot])));

  build(1, A, B);
  const second = build(2, B, C);
  assert.deepEqual(
    [...slotOf(second)],
    [
      ['m@http://b', 1],
      ['n@http://c', 2],
    ],
  );
  assert.deepEqual(
    second.added.map(({ id }) => id),
    ['n@http://c'],
  );
  assert.deepEqual(second.removed, ['m@http://a']);

  // Still draining: its slot is taken, and it is not reported again.
  const third = build(3, B, C, ['o', 'api_base: "http://d"']);
  assert.deepEqual(third.removed, []);
  assert.deepEqual(third.rejected, ['o@http://d']);

  // It comes back as what it was; a late release must not free it.
  const fourth = build(4, A, B, C);
  assert.equal(slotOf(fourth).get('m@http://a'), 0);
  assert.deepEqual(
    fourth.added.map(({ id }) => id),
    ['m@http://a'],
  );
  assert.equal(slots.release('m@http://a'), false);

  build(5, B, C);
  assert.equal(slots.release('m@http://a'), true);
  assert.equal(slots.release('m@http://a'), false);
  assert.equal(slotOf(build(6, B, C, ['o', 'api_base: "http://d"'])).get('o@http://d'), 0);
});

test('no two identities ever share a slot (300 runs of 60 steps, seed 11)', () => {
  const step = fc.oneof(
    fc.record({ keep: fc.uniqueArray(fc.integer({ min: 0, max: 9 })) }),
    fc.record({ release: fc.integer({ min: 0, max: 9 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const slots = new SlotAllocator(6);
      const held = new Map<string, number>();
      for (const move of steps) {
        if ('release' in move) {
          if (slots.release(`e${move.release}`)) held.delete(`e${move.release}`);
          continue;
        }
        const ids = move.keep.map((number) => `e${number}`);
        slots.retireOthers(new Set(ids));
        for (const id of ids) {
          const { slot } = slots.take(id);
          if (slot < 0) assert.equal(held.size, 6);
          else if (held.has(id)) assert.equal(slot, held.get(id));
          else held.set(id, slot);
        }
        assert.equal(new Set(held.values()).size, held.size);
      }
    }),
    { numRuns: 300, seed: 11 },
  );
});
