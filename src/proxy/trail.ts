// HOT PATH — bench: bench/main.ts
/**
 * What is remembered of one running request until it is settled and becomes a record. Invariant:
 * an exchange has one only while there is a journal or a recorder, and its steps are few and
 * bounded. A request to which nothing happened, and which was not picked at its begin, leaves no
 * record behind.
 */
import type {
  Candidate,
  DecisionRecord,
  RequestOutcome,
  RequestRecord,
  RequestStep,
} from '../core/request-record.ts';
import { candidatesOf } from './candidates.ts';
import type { ExchangeView } from './exchange-view.ts';
import type { Journal } from './journal.ts';
import type { Recorder } from './recorder.ts';

/** A request that waits and is tried over and over must not grow without end. */
const MAX_STEPS = 100;
const NO_STEPS: readonly RequestStep[] = [];
const NO_CANDIDATES: readonly Candidate[] = [];

export class Trail {
  readonly #journal: Journal | undefined;
  readonly #recorder: Recorder | undefined;
  readonly #exchange: ExchangeView;
  /** Kept whatever becomes of it. */
  readonly #picked: boolean;
  /** An attempt failed, or it had to wait. */
  #eventful: boolean;
  /** undefined until they are worth their cost; see `#unfold`. */
  #steps: RequestStep[] | undefined;
  #endpoint: string;
  #attempts: number;
  /** When the last attempt began; -1 = none did. */
  #attemptMs: number;
  #ttfbMs: number;

  constructor(exchange: ExchangeView) {
    const { journal, recorder } = exchange.plane;
    this.#journal = journal;
    this.#recorder = recorder;
    this.#exchange = exchange;
    this.#picked = recorder?.takesPlain(exchange.startedMs) === true;
    this.#eventful = false;
    this.#steps = this.#picked || journal?.withSteps === true ? [] : undefined;
    this.#endpoint = '';
    this.#attempts = 0;
    this.#attemptMs = -1;
    this.#ttfbMs = -1;
  }

  attempt(endpoint: string): void {
    this.#endpoint = endpoint;
    this.#attempts++;
    this.#attemptMs = this.#elapsedMs();
    if (this.#steps !== undefined) this.step('attempt', endpoint, '');
  }

  committed(): void {
    this.#ttfbMs = this.#elapsedMs();
    if (this.#steps !== undefined) this.step('committed', '', '');
  }

  step(step: RequestStep['step'], endpoint: string, detail: string): void {
    if (step === 'failed' || step === 'waits') this.#eventful = true;
    if (this.#recorder === undefined && this.#steps === undefined) return;
    this.#steps ??= this.#unfold();
    if (this.#steps.length >= MAX_STEPS) return;
    const isChoice = step === 'attempt' || step === 'waits';
    const candidates = isChoice ? this.#look(endpoint) : NO_CANDIDATES;
    this.#steps.push({ atMs: this.#elapsedMs(), step, endpoint, detail, candidates });
  }

  settle(status: number, outcome: RequestOutcome): void {
    const journal = this.#journal;
    if (journal !== undefined) {
      const steps = journal.withSteps ? this.#steps! : NO_STEPS;
      journal.add(this.#record(status, outcome, steps));
    }
    if (this.#picked || this.#eventful || outcome !== 'ok') {
      this.#recorder?.add(this.#decision(status, outcome, false));
    }
  }

  /** The request while it runs; its status and outcome are not known yet. */
  running(): DecisionRecord {
    return this.#decision(0, 'ok', true);
  }

  /** The endpoints of its model, where that is worth its cost. */
  #look(chosen: string): readonly Candidate[] {
    const { plane, model, tried } = this.#exchange;
    if (!this.#picked && !this.#eventful) return NO_CANDIDATES;
    if (this.#recorder?.mayLook(plane.clock.nowMs()) !== true) return NO_CANDIDATES;
    return candidatesOf(plane, model, tried, chosen);
  }

  #decision(status: number, outcome: RequestOutcome, running: boolean): DecisionRecord {
    const { startedMs, plane } = this.#exchange;
    const record = this.#record(status, outcome, this.#steps ?? this.#unfold());
    const placement = this.#exchange.notes?.decision;
    return Object.assign(record, { startedMs, running, worker: plane.workerIndex, placement });
  }

  /** The steps of a request to which nothing had happened: what its few numbers tell. */
  #unfold(): RequestStep[] {
    const steps: RequestStep[] = [];
    if (this.#attemptMs >= 0) steps.push(plainStep(this.#attemptMs, 'attempt', this.#endpoint));
    if (this.#ttfbMs >= 0) steps.push(plainStep(this.#ttfbMs, 'committed', ''));
    return steps;
  }

  #record(status: number, outcome: RequestOutcome, steps: readonly RequestStep[]): RequestRecord {
    const exchange = this.#exchange;
    const totalMs = this.#elapsedMs();
    const record: RequestRecord = {
      id: exchange.fields.requestId(),
      method: exchange.route.method,
      route: exchange.route.name,
      model: exchange.model,
      key: exchange.fields.keyName,
      endpoint: this.#endpoint,
      attempts: this.#attempts,
      status,
      outcome,
      ttfbMs: this.#ttfbMs < 0 && status > 0 ? totalMs : this.#ttfbMs,
      ttftMs: Math.round(exchange.meter.ttftMs * 10) / 10,
      totalMs,
      bytesUp: exchange.body.sizeBytes,
      bytesDown: exchange.bytesDown,
      tokensIn: exchange.meter.tokensIn,
      tokensOut: exchange.meter.tokensOut,
      steps,
    };
    const shape = exchange.notes?.shape(exchange.startedMs, exchange.meter.answerTokens());
    if (shape !== undefined) record.shape = shape;
    return record;
  }

  #elapsedMs(): number {
    const { plane, startedMs } = this.#exchange;
    return Math.round((plane.clock.nowMs() - startedMs) * 10) / 10;
  }
}

function plainStep(atMs: number, step: RequestStep['step'], endpoint: string): RequestStep {
  return { atMs, step, endpoint, detail: '', candidates: NO_CANDIDATES };
}
