/**
 * Questions to all workers at once, and their answers put together. Invariant: a question ends,
 * with the last answer or after PATIENCE_MS with those that came: a worker may be stuck or new.
 */
import type { ToWorker } from '../core/plane-messages.ts';
import type { DecisionRecord, RequestQuery } from '../core/request-record.ts';

export interface InquiryParts {
  /** Sends to every worker; how many there are. */
  post(message: ToWorker): number;
  later(run: () => void, afterMs: number): void;
}

const PATIENCE_MS = 1000;

interface Open {
  missing: number;
  readonly records: DecisionRecord[];
  end(): void;
}

export class Inquiries {
  readonly #parts: InquiryParts;
  readonly #open = new Map<number, Open>();
  #last = 0;

  constructor(parts: InquiryParts) {
    this.#parts = parts;
  }

  /** In no particular order. */
  ask(query: RequestQuery): Promise<readonly DecisionRecord[]> {
    const number = ++this.#last;
    return new Promise((resolve) => {
      const records: DecisionRecord[] = [];
      const end = () => {
        if (this.#open.delete(number)) resolve(records);
      };
      const open: Open = { missing: Number.POSITIVE_INFINITY, records, end };
      this.#open.set(number, open);
      open.missing = this.#parts.post({ kind: 'explain', number, query });
      if (open.missing === 0) end();
      else this.#parts.later(end, PATIENCE_MS);
    });
  }

  /** A worker has answered; late answers are dropped. */
  answered(number: number, records: readonly DecisionRecord[]): void {
    const open = this.#open.get(number);
    if (open === undefined) return;
    open.records.push(...records);
    open.missing--;
    if (open.missing === 0) open.end();
  }
}
