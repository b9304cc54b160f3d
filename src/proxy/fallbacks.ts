/**
 * The models that a request may go on with when its own cannot answer, one after the other and
 * each at most once. An exchange has one only when the configuration names fallbacks for its model.
 */
import type { ModelTarget } from '../core/route-table.ts';
import type { Admission, Applicant } from './admission.ts';

const NONE_TRIED: readonly number[] = [];

export class Fallbacks {
  readonly #targets: readonly ModelTarget[];
  #used = 0;

  constructor(targets: readonly ModelTarget[]) {
    this.#targets = targets;
  }

  /** There is another one. */
  left(): boolean {
    return this.#used < this.#targets.length;
  }

  /** The next one; it counts as used from here on. */
  take(): ModelTarget | undefined {
    return this.#targets[this.#used++];
  }

  /**
   * The first that could take a request now, for one who would wait otherwise and then waits no
   * more; those before it are passed over.
   */
  takeWithPlace(admission: Admission, waiting: Applicant): ModelTarget | undefined {
    for (let i = this.#used; i < this.#targets.length; i++) {
      if (!admission.hasPlace(this.#targets[i]!.cluster, NONE_TRIED)) continue;
      admission.leave(waiting);
      this.#used = i;
      return this.take();
    }
    return undefined;
  }
}
