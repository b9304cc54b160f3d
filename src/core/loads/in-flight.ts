// HOT PATH
/**
 * Load = leases held on the endpoint by all workers together.
 *
 * bench: bench/pick.ts
 */
import type { WorkerColumns } from '../columns.ts';
import type { Load } from '../pickers/picker.ts';

export class InFlight implements Load {
  readonly #workers: readonly WorkerColumns[];

  constructor(workers: readonly WorkerColumns[]) {
    this.#workers = workers;
  }

  of(slot: number): number {
    const workers = this.#workers;
    let sum = 0;
    for (let worker = 0; worker < workers.length; worker++) sum += workers[worker]!.inFlight[slot]!;
    return sum;
  }
}
