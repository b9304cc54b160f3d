/**
 * What traffic measured (state/meters), summed over workers, by endpoint and by model.
 *
 * Invariants: what a model has served never becomes less while the process runs, since an endpoint
 * that is forgotten leaves its numbers to its model. A slot is followed from its first `follow`
 * until it is forgotten, so endpoints that still drain count in their model.
 */
import type { EndpointSpec } from '../../core/endpoint.ts';
import { addRow, METER_CELLS, type WorkerMeters } from '../../state/meters.ts';

/** Models that are remembered when none of their endpoints is left; more share one row. */
const MAX_REMEMBERED = 1000;
const EVERYBODY_ELSE = '';

export class TrafficLedger {
  readonly #meters: readonly WorkerMeters[];
  readonly #followed = new Map<number, EndpointSpec>();
  readonly #left = new Map<string, Float64Array>();

  constructor(meters: readonly WorkerMeters[]) {
    this.#meters = meters;
  }

  /** The endpoints of now; those that left stay until they are forgotten. */
  follow(endpoints: readonly EndpointSpec[]): void {
    for (const endpoint of endpoints) this.#followed.set(endpoint.slot, endpoint);
  }

  /** The slot's owner has drained and nobody writes to it any more: makes room for the next. */
  forget(slot: number): void {
    const endpoint = this.#followed.get(slot);
    this.#followed.delete(slot);
    if (endpoint !== undefined) this.addSlot(slot, this.#rowOfLeft(endpoint.modelName));
    for (const { rows } of this.#meters) {
      rows.fill(0, slot * METER_CELLS, (slot + 1) * METER_CELLS);
    }
  }

  followed(): ReadonlyMap<number, EndpointSpec> {
    return this.#followed;
  }

  /** What endpoints that were forgotten had served, by model; '' = of models long gone. */
  left(): ReadonlyMap<string, Float64Array> {
    return this.#left;
  }

  /** Adds the slot's cells, METER_CELLS of them, over all workers. */
  addSlot(slot: number, into: Float64Array): void {
    for (const { rows } of this.#meters) addRow(rows, slot * METER_CELLS, into);
  }

  /** Adds the cells that workers have apart from endpoints. */
  addOwn(into: Float64Array): void {
    for (const { own } of this.#meters) {
      for (let cell = 0; cell < own.length; cell++) into[cell]! += own[cell]!;
    }
  }

  #rowOfLeft(model: string): Float64Array {
    const full = this.#left.size >= MAX_REMEMBERED && !this.#left.has(model);
    const key = full ? EVERYBODY_ELSE : model;
    let row = this.#left.get(key);
    if (row === undefined) {
      row = new Float64Array(METER_CELLS);
      this.#left.set(key, row);
    }
    return row;
  }
}
