/** What the main thread and the generator's threads tell each other. */
import type { Details, EndpointRow, ErrorCount } from './measure/outcomes.ts';
import type { RunPlan } from './plan.ts';

export type ToWorker =
  | { readonly kind: 'run'; readonly run: RunPlan }
  /** Send nothing new, let the rest end. */
  | { readonly kind: 'stop' }
  /** End now. */
  | { readonly kind: 'cut' };

export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly message: string }
  | WorkerState
  | WorkerEnd;

export type Errors = readonly (readonly [name: string, count: ErrorCount])[];

export interface WorkerState {
  readonly kind: 'state';
  /** Share of the last second in which the thread worked instead of waiting for events. */
  readonly busy: number;
  readonly lagMs: number;
  /** Requests that wait for a connection. */
  readonly waiting: number;
  readonly errors: Errors;
}

export interface WorkerEnd {
  readonly kind: 'done';
  /** As in a state, but over the whole run. */
  readonly busy: number;
  readonly lagMs: number;
  readonly errors: Errors;
  readonly endpoints: readonly EndpointRow[];
  readonly details: Details;
}
