// HOT PATH — bench: bench/main.ts
/**
 * What is remembered of one running request until it is settled and becomes a record. Invariant:
 * an exchange has one only while there is a journal, and its steps are few and bounded.
 */
import type { RequestOutcome, RequestStep } from '../core/request-record.ts';
import type { ExchangeView } from './exchange-view.ts';
import type { Journal } from './journal.ts';

/** A request that waits and is tried over and over must not grow without end. */
const MAX_STEPS = 100;
const NO_STEPS: readonly RequestStep[] = [];

export class Trail {
  readonly #journal: Journal;
  readonly #exchange: ExchangeView;
  readonly #steps: RequestStep[];
  #endpoint: string;
  #attempts: number;
  #ttfbMs: number;

  constructor(journal: Journal, exchange: ExchangeView) {
    this.#journal = journal;
    this.#exchange = exchange;
    this.#steps = journal.withSteps ? [] : (NO_STEPS as RequestStep[]);
    this.#endpoint = '';
    this.#attempts = 0;
    this.#ttfbMs = -1;
  }

  attempt(endpoint: string): void {
    this.#endpoint = endpoint;
    this.#attempts++;
    this.step('attempt', endpoint, '');
  }

  committed(): void {
    this.#ttfbMs = this.#elapsedMs();
    this.step('committed', '', '');
  }

  step(step: RequestStep['step'], endpoint: string, detail: string): void {
    if (!this.#journal.withSteps || this.#steps.length >= MAX_STEPS) return;
    this.#steps.push({ atMs: this.#elapsedMs(), step, endpoint, detail });
  }

  settle(status: number, outcome: RequestOutcome): void {
    const exchange = this.#exchange;
    const totalMs = this.#elapsedMs();
    this.#journal.add({
      id: exchange.requestId,
      method: exchange.route.method,
      route: exchange.route.name,
      model: exchange.model,
      key: exchange.fields.keyName,
      endpoint: this.#endpoint,
      attempts: this.#attempts,
      status,
      outcome,
      ttfbMs: this.#ttfbMs < 0 && status > 0 ? totalMs : this.#ttfbMs,
      totalMs,
      bytesUp: exchange.body.sizeBytes,
      bytesDown: exchange.bytesDown,
      steps: this.#steps,
    });
  }

  #elapsedMs(): number {
    return Math.round((this.#journal.clock.nowMs() - this.#exchange.startedMs) * 10) / 10;
  }
}
