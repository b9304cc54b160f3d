import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RATE_CELLS } from '../core/rate-window.ts';
import { TOKEN_CELLS } from '../core/token-window.ts';
import { createFleetState, type FleetState, mapFleetState } from './layout.ts';
import { METER_CELLS, WORKER_CELLS } from './meters.ts';
import { TOTALS } from './totals.ts';

const SHAPES = [
  [1, 1],
  [3, 2],
  [100, 5],
  [4096, 3],
] as const;

type Column = Int32Array | Float64Array;

/** Every typed array of the state, by a name. */
function columnsOf({ columns, totals, meters }: FleetState): Map<string, Column> {
  const found = new Map<string, Column>();
  for (const [worker, own] of columns.workers.entries()) {
    for (const [name, column] of Object.entries(own)) found.set(`${worker}.${name}`, column);
    found.set(`${worker}.totals`, totals[worker]!);
    found.set(`${worker}.meters`, meters[worker]!.rows);
    found.set(`${worker}.own`, meters[worker]!.own);
  }
  for (const [name, column] of Object.entries(columns.control))
    found.set(`control.${name}`, column);
  for (const [name, column] of Object.entries(columns.shared)) found.set(`shared.${name}`, column);
  return found;
}

describe('the shared memory', () => {
  it('gives every column its own bytes, each on a cache line of its own', () => {
    for (const [slots, workers] of SHAPES) {
      const state = createFleetState(slots, workers);
      const ranges = [...columnsOf(state)].map(([name, column]) => {
        assert.equal(column.buffer, state.buffer, name);
        assert.equal(column.byteOffset % 64, 0, `${name} starts within a cache line`);
        return { name, from: column.byteOffset, to: column.byteOffset + column.byteLength };
      });
      ranges.sort((a, b) => a.from - b.from);
      for (const [at, range] of ranges.entries()) {
        const next = ranges[at + 1]?.from ?? state.buffer.byteLength;
        assert.ok(range.to <= next, `${range.name} overlaps`);
      }
    }
  });

  it('has a cell of each column for each slot', () => {
    const [slots, workers] = [7, 3];
    const state = createFleetState(slots, workers);
    assert.equal(state.columns.slots, slots);
    assert.equal(state.columns.workers.length, workers);
    assert.equal(state.totals.length, workers);
    for (const [name, column] of columnsOf(state)) {
      const expected = { totals: TOTALS, own: WORKER_CELLS, meters: slots * METER_CELLS };
      const kind = name.split('.')[1]! as keyof typeof expected;
      const cells = new Map([
        ['shared.rate', RATE_CELLS],
        ['shared.tokens', TOKEN_CELLS],
      ]);
      const usual = slots * (cells.get(name) ?? 1);
      assert.equal(column.length, expected[kind] ?? usual, name);
    }
  });

  it('is seen the same way by every thread that maps it', () => {
    const [slots, workers] = [5, 2];
    const ours = createFleetState(slots, workers);
    const theirs = columnsOf(mapFleetState(ours.buffer, slots, workers));
    let value = 1;
    for (const column of columnsOf(ours).values()) {
      for (const cell of column.keys()) column[cell] = value++;
    }
    for (const [name, column] of columnsOf(ours)) assert.deepEqual(theirs.get(name), column, name);
  });

  it('starts with zeros, but for what nobody knows yet', () => {
    const state = createFleetState(3, 2);
    for (const [name, column] of columnsOf(state)) {
      const unknown = {
        'control.running': -1,
        'control.waiting': -1,
        'control.kvUsage': Number.NaN,
        'control.cacheTokens': -1,
      };
      const expected = unknown[name as keyof typeof unknown] ?? 0;
      assert.ok(
        column.every((cell) => Object.is(cell, expected)),
        name,
      );
    }
  });

  it('keeps what it holds when it is mapped again', () => {
    const state = createFleetState(2, 1);
    state.columns.control.waiting[1] = 4;
    mapFleetState(state.buffer, 2, 1);
    assert.equal(state.columns.control.waiting[1], 4);
  });
});
