import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Reloads } from './reloads.ts';

function setUp() {
  const seen = {
    /** Loads that hang until the test ends them, oldest first. */
    open: [] as { resolve(value: string): void; reject(error: Error): void }[],
    loads: 0,
    applied: [] as string[],
    errors: [] as unknown[],
    async end(value: string | Error): Promise<void> {
      const load = seen.open.shift()!;
      if (value instanceof Error) load.reject(value);
      else load.resolve(value);
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
  const reloads = new Reloads<string>({
    load() {
      seen.loads++;
      return new Promise((resolve, reject) => seen.open.push({ resolve, reject }));
    },
    apply(loaded) {
      if (loaded === 'poison') throw new Error('applied poison');
      seen.applied.push(loaded);
    },
    onError: (error) => seen.errors.push(error),
  });
  return { reloads, seen };
}

test('reads and applies on request', async () => {
  const { reloads, seen } = setUp();
  reloads.request();
  await seen.end('a');
  reloads.request();
  await seen.end('b');
  assert.deepEqual(seen.applied, ['a', 'b']);
});

test('reads once more for all requests that came while it was reading', async () => {
  const { reloads, seen } = setUp();
  reloads.request();
  reloads.request();
  reloads.request();
  assert.equal(seen.loads, 1);
  await seen.end('old');
  assert.equal(seen.loads, 2);
  await seen.end('new');
  assert.deepEqual(seen.applied, ['old', 'new']);
  assert.equal(seen.loads, 2);
});

test('applies nothing after it was stopped', async () => {
  const { reloads, seen } = setUp();
  reloads.request();
  reloads.request();
  reloads.stop();
  await seen.end('late');
  reloads.request();
  assert.deepEqual([seen.applied, seen.loads], [[], 1]);
});

test('goes on after a reading or an application that throws', async () => {
  const { reloads, seen } = setUp();
  reloads.request();
  await seen.end(new Error('disk'));
  reloads.request();
  await seen.end('poison');
  reloads.request();
  await seen.end('good');
  assert.deepEqual(seen.applied, ['good']);
  assert.equal(seen.errors.length, 2);
});
