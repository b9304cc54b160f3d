/**
 * What the parts of an exchange may know of each other. The exchange makes its attempts, and an
 * attempt its relay; the way back goes through these interfaces, so nobody below imports whoever
 * is above.
 */
import type { EndpointSpec } from '../core/endpoint.ts';
import type { ErrorCode } from '../core/errors.ts';
import type { AttemptFacts } from '../core/retry/verdict.ts';
import type { Transport } from '../net/transport.ts';
import type { Route } from '../openai/routes.ts';
import type { Probed } from './half-close.ts';
import type { RequestMeter } from './meters.ts';
import type { DataPlane } from './plane.ts';
import type { RequestBody } from './request-body.ts';
import type { RoutingNotes } from './routing-notes.ts';
import type { UpwardFields } from './upward-fields.ts';

/** The client's connection, as its exchange sees it. */
export interface Client {
  readonly plane: DataPlane;
  readonly transport: Transport;
  /** HTTP version of the present request: 0 or 1. */
  readonly minor: number;
  /** Whether the connection goes on after this answer; set to false to end it. */
  keepAlive: boolean;
  /** The exchange is over and its answer written; `intact` = the client got a whole answer. */
  exchangeDone(intact: boolean): void;
}

/** The answer the client is getting. */
export interface CommittedAnswer extends Probed {
  readonly status: number;
  onClientDrain(): void;
  /** Ends it for a reason of ours or the client's; the endpoint is not blamed. */
  breakOff(code: ErrorCode): void;
}

/** An error answer kept whole while another endpoint is tried. */
export interface SavedAnswer {
  readonly status: number;
  /** Status line and end-to-end fields, without framing. */
  readonly head: Buffer;
  /** undefined = it was too large or broke off. */
  readonly body: Buffer | undefined;
  readonly hasRetryAfter: boolean;
  /** It has an x-should-retry of its own. */
  readonly saysWhetherToRetry: boolean;
}

/** The exchange, as its attempts and relays see it. */
export interface ExchangeView {
  readonly plane: DataPlane;
  readonly client: Client;
  readonly route: Route;
  /** Empty, or the query with its `?`. */
  readonly query: string;
  readonly body: RequestBody;
  readonly startedMs: number;
  /** The model's name in the body, '' until it was found. */
  readonly asked: string;
  /** The cluster that serves it, and what the stars of the cluster's name stand for. */
  readonly model: string;
  readonly meter: RequestMeter;
  readonly notes: RoutingNotes | undefined;
  readonly matched: readonly string[];
  /** Slots that failed it. */
  readonly tried: readonly number[];
  /** Attempts so far, each on an endpoint of its own. */
  readonly tries: number;
  /** Body bytes written to the client, without framing. */
  bytesDown: number;
  readonly fields: UpwardFields;
  /** The last error answer that was worth a retry. */
  saved: SavedAnswer | undefined;
  /** An attempt ended without an answer the client could have. */
  attemptFailed(endpoint: EndpointSpec, chargedAtMs: number, facts: AttemptFacts): void;
  /**
   * An attempt ended that shall not count: the endpoint's rate window was full when the connection
   * stood, or it did not take our question for usage.
   */
  attemptUncharged(why: string): void;
  /** The client has seen a byte of the answer. */
  isCommitted(): boolean;
  /** Would a failure with these facts be repeated? */
  wouldRetry(endpoint: EndpointSpec, facts: AttemptFacts): boolean;
  /** From here the client sees this answer. */
  commit(answer: CommittedAnswer): void;
  /** The answer was relayed to its end with this status. */
  completed(status: number): void;
  /** The answer broke in the middle; the client was told as far as possible. */
  broken(code: ErrorCode): void;
}
