/** What the control plane and a worker of the data plane say to each other: plain data only. */
import type { EndpointSpec, RouteTableSpec } from './endpoint.ts';
import type { DecisionRecord, RequestQuery, RequestRecord } from './request-record.ts';
import type { ShadowTally } from './shadow.ts';

export type ToWorker =
  /** The last batch of `requests` was taken: the next may come. */
  | { readonly kind: 'taken' }
  | { readonly kind: 'table'; readonly spec: RouteTableSpec }
  /** Endpoints of a large table that is to come, new ones or changed ones. */
  | { readonly kind: 'endpoints'; readonly endpoints: readonly EndpointSpec[] }
  /** A large table: the sizes of its clusters, and the slots of all their endpoints in a row. */
  | {
      readonly kind: 'assemble';
      readonly table: Omit<RouteTableSpec, 'clusters'>;
      readonly names: readonly string[];
      readonly sizes: Int32Array;
      readonly slots: Int32Array;
    }
  /** Answer with `explained` and the same number. */
  | { readonly kind: 'explain'; readonly number: number; readonly query: RequestQuery }
  /** New options, which are the data plane's own business; they count from this epoch on. */
  | { readonly kind: 'options'; readonly epoch: number; readonly options: object }
  /** Answer /ready with 503 and close connections after their answer, but go on accepting. */
  | { readonly kind: 'drain' }
  /** Accept no more; say `drained` when the last connection is gone, at most `timeoutMs` later. */
  | { readonly kind: 'close'; readonly timeoutMs: number };

export type FromWorker =
  | { readonly kind: 'listening'; readonly port: number }
  /** It cannot listen; the worker ends. */
  | { readonly kind: 'failed'; readonly code: string; readonly message: string }
  | { readonly kind: 'adopted'; readonly epoch: number }
  | { readonly kind: 'event'; readonly event: PlaneEvent }
  /** Requests that are over; `dropped` more were left out. */
  | {
      readonly kind: 'requests';
      readonly records: readonly RequestRecord[];
      readonly dropped: number;
    }
  | {
      readonly kind: 'explained';
      readonly number: number;
      readonly records: readonly DecisionRecord[];
    }
  /** What the shadow strategy would have done since the last time; about once a minute. */
  | { readonly kind: 'shadow'; readonly tally: ShadowTally }
  | { readonly kind: 'drained' };

/** Something in the data plane that an operator may want to know. */
export interface PlaneEvent {
  readonly kind: 'ejected' | 'attempt_failed';
  readonly endpointId: string;
  readonly requestId: string;
  /** An error code of core/errors. */
  readonly detail: string;
  /** Events left out before this one because there were too many. */
  readonly dropped: number;
}
