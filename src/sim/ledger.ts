/**
 * What happened to the requests of the simulated engine: the counters behind `/metrics` and
 * `/sim/stats`, and the arrival times a rate-limit test checks. Only generation and other model
 * requests arrive here, not health checks or scrapes.
 * Invariant: received = active + completed + cancelled + failed.
 */
export interface Arrival {
  readonly epochMs: number;
  readonly monotonicMs: number;
}

export interface LedgerSnapshot {
  readonly received: number;
  readonly active: number;
  readonly peak: number;
  readonly completed: number;
  readonly cancelled: number;
  readonly failed: number;
  readonly promptTokens: number;
  readonly generationTokens: number;
  readonly images: number;
}

/** How a request ended: well; because the client left; or by a fault knob or its own fault. */
export type Ending = 'completed' | 'cancelled' | 'failed';

const MAX_ARRIVALS = 1_000_000;

/** One request from its arrival to its end, which counts exactly once. */
export class Visit {
  readonly #ledger: Ledger;
  settled = false;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  settle(ending: Ending): void {
    if (this.settled) return;
    this.settled = true;
    this.#ledger.active--;
    this.#ledger[ending]++;
  }
}

export class Ledger {
  received = 0;
  active = 0;
  peak = 0;
  completed = 0;
  cancelled = 0;
  failed = 0;
  promptTokens = 0;
  generationTokens = 0;
  images = 0;
  cacheQueries = 0;
  cacheHits = 0;
  finishedStop = 0;
  finishedLength = 0;
  readonly arrivals: Arrival[] = [];

  arrive(arrival: Arrival): Visit {
    this.received++;
    this.active++;
    if (this.active > this.peak) this.peak = this.active;
    if (this.arrivals.length < MAX_ARRIVALS) this.arrivals.push(arrival);
    return new Visit(this);
  }

  snapshot(): LedgerSnapshot {
    const { received, active, peak, completed, cancelled, failed } = this;
    const { promptTokens, generationTokens, images } = this;
    return {
      received,
      active,
      peak,
      completed,
      cancelled,
      failed,
      promptTokens,
      generationTokens,
      images,
    };
  }
}
