/** From endpoint files to route tables, and the life of a slot. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FileEndpoints, Loaded } from '../config/load.ts';
import { parseEndpoints } from '../config/parse.ts';
import type { Problem } from '../config/problem.ts';
import { DEFAULTS } from '../config/schema.ts';
import { FakeClock } from '../core/clock.ts';
import type { Columns } from '../core/columns.ts';
import type { RouteTableSpec } from '../core/endpoint.ts';
import { charge, RATE_WINDOW_MS } from '../core/rate-window.ts';
import { createFleetState } from '../state/layout.ts';
import { Fleet, type FleetChange } from './fleet.ts';

/** Enough for the minute and for the buckets at its ends. */
const MINUTE_MS = RATE_WINDOW_MS + 1000;

function setUp(slots = 8) {
  const { columns } = createFleetState(slots, 2);
  const seen = {
    clock: new FakeClock(10_000),
    columns,
    published: [] as RouteTableSpec[],
    changes: [] as FleetChange[],
    forgotten: [] as number[],
    /** undefined = workers adopt at once. */
    adopted: undefined as number | undefined,
  };
  const fleet = new Fleet({
    strategy: () => DEFAULTS.routing.strategy,
    columns,
    clock: seen.clock,
    publish: (spec) => seen.published.push(spec),
    adoptedEpoch: () => seen.adopted ?? fleet.spec.epoch,
    onForget: (slot) => seen.forgotten.push(slot),
    onChange: (change) => seen.changes.push(change),
  });
  return { fleet, seen };
}

/** What a file says: hosts of its endpoints, '!' for an entry with a fault, or 'broken'. */
type FileText = readonly string[] | 'broken';

function loaded(files: Record<string, FileText>, changes: Partial<Loaded> = {}): Loaded {
  const byFile = new Map<string, FileEndpoints>();
  const problems: Problem[] = [];
  for (const [file, hosts] of Object.entries(files)) {
    if (hosts === 'broken') problems.push(problemIn(file));
    const good = hosts === 'broken' ? [] : hosts.filter((host) => host !== '!');
    for (const host of hosts) if (host === '!') problems.push(problemIn(file));
    const entries = entriesOf(file, good);
    byFile.set(file, { sourceType: 'openai', entries, ok: hosts !== 'broken' });
  }
  const rest = { config: DEFAULTS, endpoints: [], files: [], dir: '', listed: true };
  return { ...rest, byFile, problems, ...changes };
}

function problemIn(file: string): Problem {
  return { file, line: 3, column: 1, path: '', message: 'is broken', severity: 'error' };
}

function entriesOf(file: string, hosts: readonly string[]) {
  const items = hosts.map((host) => {
    const [name, weight = '1'] = host.split('*');
    const params = { api_base: `http://${name}/v1`, weight: Number(weight) };
    return { model_name: 'm', litellm_params: params };
  });
  return parseEndpoints(JSON.stringify({ model_list: items }), file, 'openai', {}).value!;
}

function hosts(fleet: Fleet): string[] {
  return fleet.endpoints.map(({ host }) => host);
}

function slotOf(fleet: Fleet, host: string): number | undefined {
  return fleet.endpoints.find((endpoint) => endpoint.host === host)?.slot;
}

function inFlight(columns: Columns, slot: number, count: number): void {
  columns.workers[1]!.inFlight[slot] = count;
}

test('publishes the endpoints of all files as the first epoch', () => {
  const { fleet, seen } = setUp();
  fleet.apply(loaded({ x: ['a', 'b'], y: ['c'] }));
  assert.deepEqual(hosts(fleet), ['a', 'b', 'c']);
  assert.equal(seen.published.length, 1);
  assert.equal(seen.published[0]!.epoch, 1);
  assert.deepEqual(seen.changes[0]!.added, ['m@http://a/v1', 'm@http://b/v1', 'm@http://c/v1']);
});

test('publishes an empty table when no file has an endpoint', () => {
  const { fleet, seen } = setUp();
  fleet.apply(loaded({}));
  assert.deepEqual(seen.published, [fleet.spec]);
  assert.equal(fleet.spec.epoch, 1);
});

test('publishes and tells nothing when nothing has changed', () => {
  const { fleet, seen } = setUp();
  fleet.apply(loaded({ x: ['a'] }));
  const { endpoints } = fleet;
  fleet.apply(loaded({ x: ['a'] }));
  assert.equal(seen.published.length, 1);
  assert.equal(seen.changes.length, 1);
  assert.equal(fleet.endpoints, endpoints);
});

test('names what was added, removed and changed', () => {
  const { fleet, seen } = setUp();
  fleet.apply(loaded({ x: ['a', 'b', 'c'] }));
  fleet.apply(loaded({ x: ['a', 'b*2', 'd'] }));
  const { added, removed, changed, epoch, published } = seen.changes[1]!;
  assert.deepEqual([epoch, published], [2, true]);
  assert.deepEqual(added, ['m@http://d/v1']);
  assert.deepEqual(removed, ['m@http://c/v1']);
  assert.deepEqual(changed, ['m@http://b/v1']);
  assert.equal(seen.published[1]!.clusters[0]!.endpoints[1]!.weight, 2);
});

test('a file that breaks keeps its last good endpoints', () => {
  const { fleet, seen } = setUp();
  fleet.apply(loaded({ x: ['a'], y: ['b'] }));
  fleet.apply(loaded({ x: 'broken', y: ['b', 'c'] }));
  assert.deepEqual(hosts(fleet), ['a', 'b', 'c']);
  fleet.apply(loaded({ x: 'broken', y: ['b'] }));
  assert.deepEqual(hosts(fleet), ['a', 'b'], 'and goes on keeping them');
  assert.deepEqual(seen.changes[1]!.problems, ['x:3:1: is broken']);
});

test('a file that was never good has no endpoints', () => {
  const { fleet } = setUp();
  fleet.apply(loaded({ x: 'broken' }));
  assert.deepEqual(hosts(fleet), []);
});

test('tells new and healed problems without a new table', () => {
  const { fleet, seen } = setUp();
  fleet.apply(loaded({ x: ['a'] }));
  fleet.apply(loaded({ x: 'broken' }));
  fleet.apply(loaded({ x: 'broken' }));
  fleet.apply(loaded({ x: ['a'] }));
  assert.equal(seen.published.length, 1);
  assert.deepEqual(
    seen.changes.map(({ epoch, published, problems }) => [epoch, published, problems.length]),
    [
      [1, true, 0],
      [1, false, 1],
      [1, false, 0],
    ],
  );
});

test('an emptied file and a deleted file lose their endpoints', () => {
  const { fleet } = setUp();
  fleet.apply(loaded({ x: ['a'], y: ['b'], z: ['c'] }));
  fleet.apply(loaded({ x: [], y: ['b'] }));
  assert.deepEqual(hosts(fleet), ['b']);
});

test('a folder that cannot be listed deletes nothing', () => {
  const { fleet } = setUp();
  fleet.apply(loaded({ x: ['a'] }));
  fleet.apply(loaded({}, { listed: false }));
  assert.deepEqual(hosts(fleet), ['a']);
});

test('endpoints keep their slots through reloads', () => {
  const { fleet } = setUp();
  fleet.apply(loaded({ x: ['a', 'b', 'c'] }));
  const slot = slotOf(fleet, 'c');
  fleet.apply(loaded({ x: ['c*3', 'd'] }));
  assert.equal(slotOf(fleet, 'c'), slot);
  assert.notEqual(slotOf(fleet, 'd'), slot);
});

test('frees a slot only when all workers have adopted the table without it', () => {
  const { fleet, seen } = setUp();
  fleet.apply(loaded({ x: ['a', 'b'] }));
  fleet.apply(loaded({ x: ['b'] }));
  seen.adopted = 1;
  seen.clock.advance(MINUTE_MS);
  fleet.tick();
  assert.deepEqual(seen.forgotten, []);
  seen.adopted = 2;
  fleet.tick();
  assert.deepEqual(seen.forgotten, [0]);
});

test('frees a slot only when nothing is in flight', () => {
  const { fleet, seen } = setUp();
  fleet.apply(loaded({ x: ['a', 'b'] }));
  inFlight(seen.columns, 0, 1);
  fleet.apply(loaded({ x: ['b'] }));
  seen.clock.advance(10 * MINUTE_MS);
  fleet.tick();
  assert.deepEqual(seen.forgotten, []);
  inFlight(seen.columns, 0, 0);
  fleet.tick();
  assert.deepEqual(seen.forgotten, [0]);
});

test('keeps a slot for a minute, so that who returns has its counters', () => {
  const { fleet, seen } = setUp();
  fleet.apply(loaded({ x: ['a'] }));
  fleet.apply(loaded({}));
  seen.clock.advance(RATE_WINDOW_MS);
  fleet.tick();
  assert.deepEqual(seen.forgotten, []);
  seen.clock.advance(1);
  fleet.tick();
  assert.deepEqual(seen.forgotten, [0]);
});

test('frees a slot only when its rate window is over, however late the last charge was', () => {
  const { fleet, seen } = setUp();
  fleet.apply(loaded({ x: ['a'] }));
  fleet.apply(loaded({}));
  // A worker that had not adopted the table yet.
  seen.clock.advance(30_000);
  assert.ok(charge(seen.columns.shared.rate, 0, 10, seen.clock.nowMs()));
  seen.clock.advance(RATE_WINDOW_MS - 1);
  fleet.tick();
  assert.deepEqual(seen.forgotten, []);
  seen.clock.advance(1000);
  fleet.tick();
  assert.deepEqual(seen.forgotten, [0]);
});

test('clears a slot for its next owner', () => {
  const { fleet, seen } = setUp(1);
  const { columns, clock } = seen;
  fleet.apply(loaded({ x: ['a'] }));
  columns.workers[0]!.sent[0] = 7;
  columns.workers[1]!.ejectedUntilMs[0] = 1e12;
  columns.control.operatorState[0] = 1;
  columns.control.running[0] = 3;
  columns.control.kvUsage[0] = 0.5;
  columns.shared.probing[0] = 9;
  fleet.apply(loaded({}));
  clock.advance(MINUTE_MS);
  fleet.tick();
  fleet.apply(loaded({ x: ['b'] }));
  assert.equal(slotOf(fleet, 'b'), 0);
  const { control, shared, workers } = columns;
  assert.deepEqual([workers[0]!.sent[0], workers[1]!.ejectedUntilMs[0]], [0, 0]);
  assert.deepEqual([control.operatorState[0], control.running[0]], [0, -1]);
  assert.deepEqual([control.kvUsage[0], shared.probing[0]], [Number.NaN, 0]);
});

test('one that returns while it drains keeps its slot and its counters', () => {
  const { fleet, seen } = setUp();
  fleet.apply(loaded({ x: ['a', 'b'] }));
  seen.columns.workers[0]!.ok[0] = 5;
  fleet.apply(loaded({ x: ['b'] }));
  fleet.apply(loaded({ x: ['b', 'a'] }));
  assert.equal(slotOf(fleet, 'a'), 0);
  assert.deepEqual(seen.changes[2]!.added, ['m@http://a/v1']);
  seen.clock.advance(MINUTE_MS);
  fleet.tick();
  assert.deepEqual(seen.forgotten, []);
  assert.equal(seen.columns.workers[0]!.ok[0], 5);
});

test('one that returned and left again drains from then on', () => {
  const { fleet, seen } = setUp();
  fleet.apply(loaded({ x: ['a'] }));
  fleet.apply(loaded({}));
  seen.clock.advance(MINUTE_MS - 1);
  fleet.apply(loaded({ x: ['a'] }));
  fleet.apply(loaded({}));
  seen.clock.advance(1);
  fleet.tick();
  assert.deepEqual(seen.forgotten, []);
  seen.clock.advance(MINUTE_MS);
  fleet.tick();
  assert.deepEqual(seen.forgotten, [0]);
});

test('leaves out what finds no slot, says so once, and takes it in when one is freed', () => {
  const { fleet, seen } = setUp(2);
  fleet.apply(loaded({ x: ['a', 'b', 'c'] }));
  assert.deepEqual(hosts(fleet), ['a', 'b']);
  assert.deepEqual(seen.changes[0]!.rejected, ['m@http://c/v1']);
  fleet.apply(loaded({ x: ['a', 'b', 'c'] }));
  assert.equal(seen.changes.length, 1);
  fleet.apply(loaded({ x: ['b', 'c'] }));
  assert.deepEqual(hosts(fleet), ['b']);
  seen.clock.advance(MINUTE_MS);
  fleet.tick();
  assert.deepEqual(hosts(fleet), ['b', 'c']);
  assert.deepEqual(seen.changes.at(-1)!.rejected, []);
  assert.equal(seen.published.at(-1), fleet.spec);
});

test('publishes what the API changed, and keeps it over reloads of other things', () => {
  const { fleet, seen } = setUp();
  fleet.apply(loaded({ a: ['h1', 'h2'] }));
  fleet.overrides.change(fleet.entryOf('m@http://h1/v1')!, { weight: 7 });
  fleet.refresh();
  const weights = () => fleet.endpoints.map(({ weight }) => weight);
  assert.deepEqual([weights(), seen.published.length], [[7, 1], 2]);
  fleet.apply(loaded({ a: ['h1', 'h2*3'] }));
  assert.deepEqual(weights(), [7, 3]);
  fleet.apply(loaded({ a: ['h1*2', 'h2*3'] }));
  assert.deepEqual(weights(), [2, 3]);
  assert.deepEqual(seen.changes.at(-1)!.overtaken, [{ id: 'm@http://h1/v1', what: 'weight' }]);
});

test('an endpoint removed through the API keeps its slot until it has drained', () => {
  const { fleet, seen } = setUp();
  fleet.apply(loaded({ a: ['h1', 'h2'] }));
  const id = 'm@http://h1/v1';
  fleet.overrides.remove(id, fleet.fileEntryOf(id));
  fleet.refresh();
  assert.deepEqual([hosts(fleet), seen.changes.at(-1)!.removed], [['h2'], [id]]);
  fleet.apply(loaded({ a: ['h1', 'h2'] }));
  assert.deepEqual(hosts(fleet), ['h2']);
});
