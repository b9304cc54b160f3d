import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import {
  ADMITTING,
  availabilityOf,
  BUSY,
  busyUntilMs,
  DOWN,
  DRAINING,
  EJECTED,
  PROBE_DUE,
  panicAdmits,
  UNCHECKED,
} from './availability.ts';
import {
  type Columns,
  OPERATOR_DRAINING,
  OPERATOR_ENABLED,
  PROBE_DOWN,
  PROBE_UNKNOWN,
  PROBE_UP,
} from './columns.ts';
import { fixtureColumns } from './columns-fixture.ts';
import { makeClaim } from './ejection-state.ts';

const SLOT = 1;
const NOW_MS = 100_000;

/** One endpoint state put together from what each voice says. */
interface Voices {
  readonly operator: number;
  readonly prober: number;
  /** Cells of the second worker. */
  readonly busyUntilMs: number;
  readonly ejectedUntilMs: number;
}

function columnsOf(voices: Voices): Columns {
  const columns = fixtureColumns(2, 3);
  columns.control.operatorState[SLOT] = voices.operator;
  columns.control.probeState[SLOT] = voices.prober;
  columns.workers[1]!.busyUntilMs[SLOT] = voices.busyUntilMs;
  columns.workers[1]!.ejectedUntilMs[SLOT] = voices.ejectedUntilMs;
  return columns;
}

function expected(voices: Voices): number {
  if (voices.operator === OPERATOR_DRAINING) return DRAINING;
  if (voices.prober === PROBE_UNKNOWN) return UNCHECKED;
  if (voices.busyUntilMs > NOW_MS) return BUSY;
  if (voices.prober === PROBE_DOWN) return DOWN;
  if (voices.ejectedUntilMs > NOW_MS) return EJECTED;
  return voices.ejectedUntilMs > 0 ? PROBE_DUE : ADMITTING;
}

describe('Availability', () => {
  test('follows the documented precedence for every combination of voices', () => {
    let combinations = 0;
    for (const operator of [OPERATOR_ENABLED, OPERATOR_DRAINING]) {
      for (const prober of [PROBE_UNKNOWN, PROBE_UP, PROBE_DOWN]) {
        for (const busyUntil of [0, NOW_MS, NOW_MS + 1]) {
          for (const ejectedUntilMs of [0, NOW_MS, NOW_MS + 1]) {
            const voices = { operator, prober, busyUntilMs: busyUntil, ejectedUntilMs };
            const state = availabilityOf(columnsOf(voices), SLOT, NOW_MS);
            assert.equal(state, expected(voices), JSON.stringify(voices));
            combinations++;
          }
        }
      }
    }
    assert.equal(combinations, 54);
  });

  test('is ejected for everybody else while one request probes', () => {
    const columns = fixtureColumns(2, 2);
    columns.workers[0]!.ejectedUntilMs[SLOT] = NOW_MS - 1_000;
    assert.equal(availabilityOf(columns, SLOT, NOW_MS), PROBE_DUE);
    columns.shared.probing[SLOT] = makeClaim(1, NOW_MS);
    assert.equal(availabilityOf(columns, SLOT, NOW_MS), EJECTED);
  });

  test('takes the latest busy time of all workers', () => {
    const columns = fixtureColumns(2, 3);
    columns.workers[0]!.busyUntilMs[SLOT] = 5;
    columns.workers[2]!.busyUntilMs[SLOT] = 9;
    columns.workers[1]!.busyUntilMs[0] = 11;
    assert.equal(busyUntilMs(columns.workers, SLOT), 9);
  });

  test('lets panic use what is open and what health closed, and nothing else', () => {
    const states = [ADMITTING, PROBE_DUE, EJECTED, BUSY, DOWN, UNCHECKED, DRAINING];
    assert.deepEqual(states.filter(panicAdmits), [ADMITTING, PROBE_DUE, EJECTED, DOWN]);
  });
});
