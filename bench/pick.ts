/**
 * CPU per routing decision: a pick by each strategy with every endpoint available, as admission
 * makes it (the gate asks for the availability), and a charge of the rate window.
 * Prints µs per operation. Run: node bench/pick.ts
 */
import { ADMITTING, availabilityOf } from '../src/core/availability.ts';
import type { Columns } from '../src/core/columns.ts';
import { fixtureColumns } from '../src/core/columns-fixture.ts';
import type { Gate, Pool } from '../src/core/pickers/picker.ts';
import { poolOf } from '../src/core/pickers/pool-fixture.ts';
import { Xorshift } from '../src/core/random.ts';
import { charge } from '../src/core/rate-window.ts';
import { STRATEGY_NAMES } from '../src/core/strategy.ts';
import { askAt, strategyOf } from '../src/core/strategy-fixture.ts';

const SIZES = [1, 8, 64, 1_000];
const WORKER_COUNTS = [1, 4];
const ROUNDS = 100_000;
const NOW_MS = 1_000_000;

class OpenGate implements Gate {
  readonly #columns: Columns;
  readonly #pool: Pool;

  constructor(columns: Columns, pool: Pool) {
    this.#columns = columns;
    this.#pool = pool;
  }

  admits(index: number): boolean {
    return availabilityOf(this.#columns, this.#pool.slots[index]!, NOW_MS) === ADMITTING;
  }
}

/** µs per call after a warm-up of the same length. */
function microseconds(call: () => void): string {
  for (let round = 0; round < ROUNDS; round++) call();
  const startMs = performance.now();
  for (let round = 0; round < ROUNDS; round++) call();
  return (((performance.now() - startMs) * 1_000) / ROUNDS).toFixed(3);
}

function benchPicks(): void {
  const rows: Record<string, Record<string, string>> = {};
  for (const workers of WORKER_COUNTS) {
    for (const size of SIZES) {
      const columns = fixtureColumns(size, workers);
      columns.control.reportAtMs.fill(NOW_MS);
      columns.control.waiting.fill(1);
      const pool = poolOf(Array.from({ length: size }, (_, index) => 1 + (index % 3)));
      const gate = new OpenGate(columns, pool);
      const random = new Xorshift(1);
      const ask = askAt(NOW_MS);
      const row: Record<string, string> = {};
      for (const name of STRATEGY_NAMES) {
        const strategy = strategyOf(name, columns, 5_000);
        row[name] = microseconds(() => {
          const index = strategy.pick(pool, gate, random, ask);
          const inFlight = columns.workers[0]!.inFlight;
          inFlight[index] = (inFlight[index]! + 1) & 63;
        });
      }
      rows[`${size} endpoints, ${workers} workers`] = row;
    }
  }
  console.table(rows);
}

function benchCharges(): void {
  const { rate } = fixtureColumns(1, 1).shared;
  let nowMs = NOW_MS;
  const open = microseconds(() => {
    nowMs += 10;
    charge(rate, 0, 1_000_000, nowMs);
  });
  const full = microseconds(() => charge(rate, 0, 1, nowMs));
  console.table({ 'charge of a rate window': { 'below the limit': open, 'at the limit': full } });
}

benchPicks();
benchCharges();
