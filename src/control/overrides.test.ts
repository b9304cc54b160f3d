/** Changes by the API and changes of the files, in any order. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { EndpointEntry } from '../config/endpoint-entry.ts';
import { Secret } from '../config/secret.ts';
import { Overrides } from './overrides.ts';

function entry(id: string, changes: Partial<EndpointEntry> = {}): EndpointEntry {
  return {
    id,
    modelName: 'm',
    upstreamModel: 'm',
    apiBase: 'http://10.0.0.1/v1',
    apiKey: new Secret(''),
    weight: 1,
    rpmLimit: 0,
    supportsVision: false,
    sourceType: 'self_deployed',
    place: { file: 'f', line: 1, column: 1 },
    ...changes,
  };
}

/** Lays and drops, as a reload does. */
function reload(overrides: Overrides, entries: readonly EndpointEntry[]) {
  const { entries: laid, overtaken } = overrides.lay(entries);
  overrides.drop(overtaken);
  return { laid, overtaken };
}

test('keeps a change over reloads until the file changes that value', () => {
  const overrides = new Overrides();
  overrides.change(entry('a'), { weight: 5 });
  assert.equal(reload(overrides, [entry('a', { rpmLimit: 60 })]).laid[0]!.weight, 5);
  assert.deepEqual(overrides.originOf('a'), { endpoint: 'file', weight: 'api', rpmLimit: 'file' });
  const { laid, overtaken } = reload(overrides, [entry('a', { weight: 2 })]);
  assert.deepEqual([laid[0]!.weight, overtaken], [2, [{ id: 'a', what: 'weight' }]]);
  assert.equal(reload(overrides, [entry('a')]).laid[0]!.weight, 1);
});

test('changes one value without touching the other', () => {
  const overrides = new Overrides();
  overrides.change(entry('a', { rpmLimit: 60 }), { weight: 5 });
  overrides.change(entry('a', { rpmLimit: 60, weight: 5 }), { rpmLimit: 10 });
  const [laid] = reload(overrides, [entry('a', { rpmLimit: 60 })]).laid;
  assert.deepEqual([laid!.weight, laid!.rpmLimit], [5, 10]);
  const [after] = reload(overrides, [entry('a', { rpmLimit: 61 })]).laid;
  assert.deepEqual([after!.weight, after!.rpmLimit], [5, 61]);
});

test('a value set back to what the file says is no change any more', () => {
  const overrides = new Overrides();
  overrides.change(entry('a'), { weight: 5 });
  overrides.change(entry('a', { weight: 5 }), { weight: 1 });
  assert.equal(overrides.originOf('a').weight, 'file');
});

test('what was removed comes back when its file changes no more than a secret', () => {
  const own = (value: string) => ({
    ...{ order: 1, maxParallel: 0, tpmLimit: 0, timeoutMs: 0, streamTimeoutMs: 0 },
    ...{ numRetries: -1, cooldownMs: -1, probed: true },
    headers: [['x-key', new Secret(value)]] as const,
  });
  const overrides = new Overrides();
  overrides.remove('a', entry('a', { own: own('one') }));
  const moved = { file: 'f', line: 9, column: 1 };
  const same = entry('a', { own: own('one'), place: moved });
  assert.deepEqual(reload(overrides, [same]).laid, []);
  assert.equal(reload(overrides, [entry('a', { own: own('two') })]).laid.length, 1);
});

test('forgets the changes of an endpoint that leaves its file', () => {
  const overrides = new Overrides();
  overrides.change(entry('a'), { weight: 5 });
  reload(overrides, []);
  assert.equal(reload(overrides, [entry('a')]).laid[0]!.weight, 1);
});

test('an added endpoint stays until a file lists it too', () => {
  const overrides = new Overrides();
  overrides.add(entry('new', { weight: 3 }));
  assert.deepEqual(
    reload(overrides, [entry('a')]).laid.map(({ id }) => id),
    ['a', 'new'],
  );
  overrides.change(entry('new', { weight: 3 }), { weight: 4 });
  assert.equal(reload(overrides, []).laid[0]!.weight, 4);
  assert.equal(overrides.originOf('new').endpoint, 'api');
  const { laid, overtaken } = reload(overrides, [entry('new', { weight: 9 })]);
  assert.deepEqual([laid.length, laid[0]!.weight], [1, 9]);
  assert.deepEqual(overtaken, [{ id: 'new', what: 'added' }]);
  assert.equal(overrides.originOf('new').endpoint, 'file');
});

test('a removed endpoint stays away until its entry in the file changes', () => {
  const overrides = new Overrides();
  overrides.remove('a', entry('a'));
  const moved = { place: { file: 'f', line: 99, column: 1 } };
  assert.deepEqual(reload(overrides, [entry('a', moved)]).laid, []);
  assert.deepEqual(overrides.removed, ['a']);
  assert.equal(reload(overrides, [entry('a', { apiKey: new Secret('new') })]).laid.length, 1);
  assert.deepEqual(overrides.removed, []);
});

test('a removal ends when the endpoint leaves the file', () => {
  const overrides = new Overrides();
  overrides.remove('a', entry('a'));
  reload(overrides, []);
  assert.equal(reload(overrides, [entry('a')]).laid.length, 1);
});

test('an endpoint can be removed and added anew with other values', () => {
  const overrides = new Overrides();
  overrides.remove('a', entry('a'));
  overrides.add(entry('a', { weight: 7 }));
  const { laid } = reload(overrides, [entry('a')]);
  assert.deepEqual([laid.length, laid[0]!.weight], [1, 7]);
  overrides.remove('a', undefined);
  assert.deepEqual(reload(overrides, [entry('a')]).laid, []);
});

test('laying alone changes nothing: a dry run may do it', () => {
  const overrides = new Overrides();
  overrides.change(entry('a'), { weight: 5 });
  overrides.lay([entry('a', { weight: 2 })]);
  assert.equal(overrides.lay([entry('a')]).entries[0]!.weight, 5);
});

test('whatever happens, the last who changed a value has the say', () => {
  const step = fc.oneof(
    fc.record({ by: fc.constant('api' as const), weight: fc.integer({ min: 1, max: 4 }) }),
    fc.record({ by: fc.constant('file' as const), weight: fc.integer({ min: 1, max: 4 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const overrides = new Overrides();
      let [inFile, expected] = [1, 1];
      let current = entry('a');
      for (const { by, weight } of steps) {
        if (by === 'api') overrides.change(current, { weight });
        // A file that is read again without a change of this value says nothing.
        if (by === 'api' || weight !== inFile) expected = weight;
        if (by === 'file') inFile = weight;
        current = reload(overrides, [entry('a', { weight: inFile })]).laid[0]!;
        assert.equal(current.weight, expected);
        assert.equal(overrides.originOf('a').weight === 'api', expected !== inFile);
      }
    }),
    { seed: 4, numRuns: 300 },
  );
});
