/**
 * What a worker keeps of a run besides the tallies: errors by class, numbers by endpoint, and on
 * demand the times of single requests. Plain data, so that it can be sent to the main thread.
 */

import { Histogram, HistogramScale } from '../../core/histogram.ts';
import { SHOT_FAILED, SHOT_OK, type Shot } from '../client/shot.ts';

export interface ErrorCount {
  count: number;
  /** What the first one looked like. */
  example: string;
}

/** Coarser than a tally: there may be thousands of endpoints. */
const SCALE = new HistogramScale(6, 36);

export class EndpointNumbers {
  succeeded = 0;
  failed = 0;
  readonly ttft: Histogram;
  readonly e2el: Histogram;

  constructor(sent?: EndpointRow) {
    this.ttft = new Histogram(SCALE, sent?.ttft);
    this.e2el = new Histogram(SCALE, sent?.e2el);
    if (sent === undefined) return;
    this.succeeded = sent.succeeded;
    this.failed = sent.failed;
  }

  merge(other: EndpointNumbers): void {
    this.succeeded += other.succeeded;
    this.failed += other.failed;
    this.ttft.merge(other.ttft);
    this.e2el.merge(other.e2el);
  }

  row(name: string): EndpointRow {
    const { succeeded, failed } = this;
    return { name, succeeded, failed, ttft: this.ttft.cells, e2el: this.e2el.cells };
  }
}

/** How an endpoint's numbers travel. */
export interface EndpointRow {
  readonly name: string;
  readonly succeeded: number;
  readonly failed: number;
  readonly ttft: Float64Array<ArrayBufferLike>;
  readonly e2el: Float64Array<ArrayBufferLike>;
}

/** Times of single requests in ms, one entry each, as vLLM's `--save-detailed` has them. */
export interface Details {
  readonly ttfts: number[];
  readonly e2els: number[];
  readonly itls: number[][];
  readonly start_times: number[];
  readonly input_lens: number[];
  readonly output_lens: number[];
}

export class Outcomes {
  readonly errors = new Map<string, ErrorCount>();
  readonly endpoints = new Map<string, EndpointNumbers>();
  readonly details: Details = {
    ttfts: [],
    e2els: [],
    itls: [],
    start_times: [],
    input_lens: [],
    output_lens: [],
  };
  readonly #keepsDetails: boolean;

  constructor(keepsDetails: boolean) {
    this.#keepsDetails = keepsDetails;
  }

  add(shot: Shot, outcome: number, nowMs: number): void {
    if (shot.endpoint !== '') this.#addEndpoint(shot, outcome, nowMs);
    if (this.#keepsDetails && outcome === SHOT_OK) this.#addDetails(shot, nowMs);
  }

  addError(name: string, example: string): void {
    const known = this.errors.get(name);
    if (known === undefined) this.errors.set(name, { count: 1, example });
    else {
      known.count++;
      if (known.example === '') known.example = example;
    }
  }

  #addEndpoint(shot: Shot, outcome: number, nowMs: number): void {
    let numbers = this.endpoints.get(shot.endpoint);
    if (numbers === undefined) {
      numbers = new EndpointNumbers();
      this.endpoints.set(shot.endpoint, numbers);
    }
    if (outcome === SHOT_FAILED) numbers.failed++;
    if (outcome !== SHOT_OK) return;
    numbers.succeeded++;
    numbers.e2el.record((nowMs - shot.sentMs) * 1000);
    if (shot.firstMs > 0) numbers.ttft.record((shot.firstMs - shot.sentMs) * 1000);
  }

  #addDetails(shot: Shot, nowMs: number): void {
    const { details } = this;
    details.ttfts.push(shot.firstMs > 0 ? shot.firstMs - shot.sentMs : 0);
    details.e2els.push(nowMs - shot.sentMs);
    details.itls.push((shot.gapsUs ?? []).map((gapUs) => gapUs / 1000));
    details.start_times.push(shot.sentMs);
    details.input_lens.push(Math.max(0, shot.promptTokens));
    details.output_lens.push(Math.max(shot.completionTokens, shot.tokenEvents));
  }
}
