// HOT PATH — bench: bench/main.ts
/**
 * One request and its answer: from a parsed head to the moment everything about it is settled.
 *
 *     READING → QUEUED ⇄ ATTEMPT ⇄ BACKOFF → COMMITTED → SETTLED
 *
 * Invariants: until COMMITTED the client has seen nothing and another endpoint may still be
 * tried; from COMMITTED on nothing is repeated. `#settle` runs exactly once, whatever happens.
 * Read it from `bodyComplete` downward: that is the order in which things happen.
 */
import type { Cluster } from '../core/cluster.ts';
import type { EndpointSpec } from '../core/endpoint.ts';
import { ERRORS, type ErrorCode } from '../core/errors.ts';
import type { RequestOutcome } from '../core/request-record.ts';
import { backoffMs } from '../core/retry/backoff.ts';
import {
  type AttemptFacts,
  mayLeaveCluster,
  prefersFallback,
  RETRY_AFTER_BACKOFF,
  RETRY_FRESH_CONNECTION,
  RETRY_OTHER,
} from '../core/retry/verdict.ts';
import type { ModelTarget } from '../core/route-table.ts';
import { type TimerOwner, WheelTimer } from '../net/timer-wheel.ts';
import { MODEL_FOUND } from '../openai/model-field.ts';
import type { Route } from '../openai/routes.ts';
import {
  GAUGE_EXCHANGES,
  GAUGE_QUEUED,
  TOTAL_CLIENT_GONE,
  TOTAL_REQUESTS,
  TOTAL_RETRIES,
  TOTAL_SERVER_ERRORS,
  totalOf,
} from '../state/totals.ts';
import { Attempt } from './attempt.ts';
import type { Client, CommittedAnswer, ExchangeView, SavedAnswer } from './exchange-view.ts';
import { Fallbacks } from './fallbacks.ts';
import type { HalfClose, Probed } from './half-close.ts';
import { RequestMeter } from './meters.ts';
import { sendOwnError } from './own-error.ts';
import { ownRetries } from './own-limits.ts';
import type { DataPlane } from './plane.ts';
import { RequestBody } from './request-body.ts';
import { decideAndPay, isWorthARetry, type Retrying, whyNoAnswer } from './retry-facts.ts';
import type { RoutingNotes } from './routing-notes.ts';
import { sendSavedAnswer } from './saved-answer.ts';
import { settleAccounts } from './settlement.ts';
import { deadlineMs, type Standing, standingOf } from './standing.ts';
import type { TokenReservation } from './token-reservation.ts';
import { Trail } from './trail.ts';
import { UpwardFields } from './upward-fields.ts';

const READING = 0;
const QUEUED = 1;
const ATTEMPT = 2;
const BACKOFF = 3;
const COMMITTED = 4;
const SETTLED = 5;

const TIMER_QUEUE = 1;
const TIMER_BACKOFF = 2;
const TIMER_DEADLINE = 3;

const NONE_TRIED: readonly number[] = [];
const NO_NAMES: readonly string[] = [];
const PROBE_LINE = Buffer.from('HTTP/1.1 100 Continue\r\n\r\n');

export class Exchange implements ExchangeView, Probed, Retrying, TimerOwner {
  readonly plane: DataPlane;
  readonly client: Client;
  readonly route: Route;
  readonly query: string;
  readonly body: RequestBody;
  readonly fields: UpwardFields;
  readonly standing: Standing;
  readonly startedMs: number;
  readonly meter: RequestMeter;
  readonly notes: RoutingNotes | undefined;
  asked: string;
  model: string;
  matched: readonly string[];
  /** Slots that failed this exchange; forgotten when all of them have. */
  tried: readonly number[];
  sizeBytes: number;
  reservation: TokenReservation | undefined;
  placeOf: Cluster | undefined;
  tries: number;
  triesLeft: number;
  /** The last answer of an endpoint that was worth a retry, kept in case no better one comes. */
  saved: SavedAnswer | undefined;
  bytesDown: number;
  readonly trail: Trail | undefined;
  /** undefined until it waits for a place or for a retry; most never do. */
  #timer: WheelTimer | undefined;
  readonly #deadline: WheelTimer;
  #phase: number;
  #attempt: Attempt | undefined;
  #answer: CommittedAnswer | undefined;
  #backoffs: number;
  #fallbacks: Fallbacks | undefined;
  /** The next attempt is the first in its cluster. */
  #arriving: boolean;

  constructor(client: Client, route: Route, query: string, chunk: Buffer) {
    const plane = client.plane;
    const head = plane.requestHead;
    this.plane = plane;
    this.client = client;
    this.route = route;
    this.query = query;
    this.body = new RequestBody(head, plane.options.maxBodyBytes, {
      lends: client.transport.lendsChunks,
      pool: plane.bodyPool,
    });
    this.fields = new UpwardFields(plane, client.transport, chunk);
    this.standing = standingOf(chunk, head, plane.visitor);
    this.startedMs = plane.clock.nowMs();
    this.notes = plane.routing.open(chunk, head, this.body);
    this.meter = new RequestMeter(plane.meters, this.startedMs, this.notes);
    this.asked = '';
    this.model = '';
    this.matched = NO_NAMES;
    this.tried = NONE_TRIED;
    this.sizeBytes = 0;
    this.reservation = undefined;
    this.placeOf = undefined;
    this.tries = 0;
    this.triesLeft = plane.options.numRetries;
    this.saved = undefined;
    this.bytesDown = 0;
    this.trail = plane.records ? new Trail(this) : undefined;
    this.#timer = undefined;
    this.#deadline = new WheelTimer(this);
    this.#phase = READING;
    this.#attempt = undefined;
    this.#answer = undefined;
    this.#backoffs = 0;
    this.#fallbacks = undefined;
    this.#arriving = true;
    plane.totals[TOTAL_REQUESTS]!++;
    plane.totals[GAUGE_EXCHANGES]!++;
    plane.wheel.arm(this.#deadline, TIMER_DEADLINE, deadlineMs(this.standing, plane.options));
  }

  /** The client has seen a byte of the answer. */
  isCommitted(): boolean {
    return this.#phase === COMMITTED;
  }

  /** The whole body is here: find the cluster and ask for an endpoint. */
  bodyComplete(): void {
    this.meter.bodyRead();
    const field = this.body.model;
    field.finish();
    this.sizeBytes = this.body.sizeBytes;
    if (field.status !== MODEL_FOUND) return void this.#reject('model_missing', '');
    this.model = this.asked = field.value;
    const route = this.plane.table.route(this.asked);
    if (route === undefined) return void this.#reject('model_not_found', this.asked);
    if (route.fallbacks.length > 0) this.#fallbacks = new Fallbacks(route.fallbacks);
    this.#goTo(route);
  }

  admitted(endpoint: EndpointSpec, chargedAtMs: number): void {
    this.#leaveQueue();
    this.#phase = ATTEMPT;
    this.tries++;
    if (this.#arriving) this.triesLeft = ownRetries(endpoint.own, this.triesLeft);
    this.#arriving = false;
    this.#start(endpoint, chargedAtMs, false);
  }

  waits(patienceMs: number): void {
    const other = this.#fallbacks?.takeWithPlace(this.plane.admission, this);
    if (other !== undefined) return void this.#fallBack(other);
    this.#phase = QUEUED;
    this.meter.waits();
    this.trail?.step('waits', '', '');
    this.plane.totals[GAUGE_QUEUED]!++;
    this.#timer ??= new WheelTimer(this);
    this.plane.wheel.arm(this.#timer, TIMER_QUEUE, patienceMs);
  }

  refused(code: ErrorCode): void {
    this.#leaveQueue();
    this.#giveUp(code, this.asked);
  }

  attemptFailed(endpoint: EndpointSpec, chargedAtMs: number, facts: AttemptFacts): void {
    const { plane } = this;
    const requestId = this.fields.requestId();
    const { options, random, wheel } = plane;
    const { code } = facts;
    plane.report({ kind: 'attempt_failed', endpointId: endpoint.id, requestId, detail: code });
    this.#attempt = undefined;
    this.trail?.step('failed', endpoint.id, code);
    this.reservation?.settle(facts.requestBytesSent === 0 ? 0 : -1, plane.clock.nowMs());
    plane.bodies.resend(this.body);
    this.#noteTried(endpoint);
    const decision = decideAndPay(this, endpoint, facts);
    if (prefersFallback(decision) && this.#mayFallBack(facts)) {
      this.meter.retries(code);
      if (this.#fallBack()) return;
    }
    switch (decision) {
      case RETRY_FRESH_CONNECTION:
        this.trail?.step('retry', '', 'fresh_connection');
        this.meter.retries(code);
        this.#start(endpoint, chargedAtMs, true);
        return;
      case RETRY_OTHER:
        this.#countRetry('other_endpoint', code);
        plane.admission.admit(this);
        return;
      case RETRY_AFTER_BACKOFF:
        this.#countRetry('after_backoff', code);
        this.tried = NONE_TRIED;
        this.#phase = BACKOFF;
        this.#timer ??= new WheelTimer(this);
        wheel.arm(this.#timer, TIMER_BACKOFF, backoffMs(this.#backoffs++, options, random));
        return;
      default:
        this.#giveUp(whyNoAnswer(this, code), this.asked);
    }
  }

  attemptUncharged(why: string): void {
    this.#attempt = undefined;
    this.trail?.step('failed', '', why);
    this.reservation?.settle(0, this.plane.clock.nowMs());
    this.plane.bodies.resend(this.body);
    this.plane.admission.admit(this);
  }

  wouldRetry(endpoint: EndpointSpec, facts: AttemptFacts): boolean {
    this.#noteTried(endpoint);
    return isWorthARetry(this, endpoint, facts) || this.#mayFallBack(facts);
  }

  commit(answer: CommittedAnswer): void {
    this.#phase = COMMITTED;
    this.#answer = answer;
    this.trail?.committed();
    this.#releaseBody();
    this.saved = undefined;
  }

  completed(status: number, why: ErrorCode = 'upstream_status'): void {
    this.#settle(totalOf(status), status, status < 400 ? 'ok' : why);
    this.client.exchangeDone(true);
  }

  broken(code: ErrorCode): void {
    this.#settle(TOTAL_SERVER_ERRORS, this.#answer!.status, code);
    this.client.exchangeDone(false);
  }

  /** The request itself cannot go on (too large, too slow, malformed). */
  abandon(code: ErrorCode, detail = String(this.plane.options.maxBodyBytes)): void {
    this.#reject(code, detail);
  }

  onClientDrain(): void {
    this.#answer?.onClientDrain();
  }

  /** The client closed its sending side while it waits: is it still there? */
  onClientHalfClosed(halfClose: HalfClose): void {
    if (this.#phase !== COMMITTED && this.client.minor === 0) this.client.transport.destroy();
    else halfClose.probe(this);
  }

  harmlessBytes(): Uint8Array {
    return this.#phase === COMMITTED ? this.#answer!.harmlessBytes() : PROBE_LINE;
  }

  onClientGone(): void {
    if (this.#phase === SETTLED) return;
    this.#cancelAttempt();
    this.#settle(TOTAL_CLIENT_GONE, this.#answer?.status ?? 0, 'client_gone');
  }

  /** The drain's deadline has come. */
  endByDrain(): void {
    this.#end('draining');
  }

  onTimer(kind: number): void {
    if (kind === TIMER_DEADLINE) this.#end('deadline_exceeded');
    else if (kind === TIMER_BACKOFF) this.plane.admission.admit(this);
    else this.#patienceOver();
  }

  #end(code: ErrorCode): void {
    if (this.#phase === COMMITTED) this.#answer!.breakOff(code);
    else this.#reject(code, '');
  }

  /** From here on the exchange belongs to that cluster. */
  #goTo({ cluster, matched }: ModelTarget): void {
    this.model = cluster.name;
    this.matched = matched;
    this.tried = NONE_TRIED;
    this.#arriving = true;
    cluster.budget.deposit(this.startedMs);
    this.plane.admission.admit(this);
  }

  #mayFallBack(facts: AttemptFacts): boolean {
    return this.#fallbacks?.left() === true && mayLeaveCluster(facts);
  }

  /** Goes on with another model; false = there is none, or no body to send. */
  #fallBack(next = this.body.held ? this.#fallbacks?.take() : undefined): boolean {
    if (next === undefined) return false;
    this.triesLeft = this.plane.options.numRetries;
    this.trail?.step('fallback', '', next.cluster.name);
    this.#goTo(next);
    return true;
  }

  #noteTried({ slot }: EndpointSpec): void {
    if (!this.tried.includes(slot)) this.tried = this.tried.concat(slot);
  }

  #countRetry(kind: string, code: ErrorCode): void {
    this.trail?.step('retry', '', kind);
    this.meter.retries(code);
    this.triesLeft--;
    this.plane.totals[TOTAL_RETRIES]!++;
  }

  #leaveQueue(): void {
    if (this.#phase === QUEUED) {
      this.meter.leftQueue();
      this.plane.totals[GAUGE_QUEUED]!--;
      // Left once: what follows may come here again.
      this.#phase = BACKOFF;
    }
    if (this.#timer !== undefined) this.plane.wheel.cancel(this.#timer);
  }

  /** Waited long enough: say why, and when to come back. */
  #patienceOver(): void {
    this.plane.admission.leave(this);
    this.#leaveQueue();
    const why = whyNoAnswer(this);
    if (!this.#fallBack()) this.#giveUp(why, this.asked);
  }

  #start(endpoint: EndpointSpec, chargedAtMs: number, fresh: boolean): void {
    this.trail?.attempt(endpoint.id);
    this.meter.attempt(endpoint.slot);
    this.#attempt = new Attempt(this, endpoint, chargedAtMs);
    this.#attempt.start(fresh);
  }

  /** The end of all tries: the last answer an endpoint gave, or else our own words. */
  #giveUp(code: ErrorCode, detail: string): void {
    if (this.saved === undefined) return void this.#reject(code, detail);
    sendSavedAnswer(this, this.saved);
    this.completed(this.saved.status, code);
  }

  #reject(code: ErrorCode, detail: string): void {
    if (this.#phase === SETTLED) return;
    this.#cancelAttempt();
    const unread = this.#phase === READING && !this.body.framing.done;
    if (unread || code === 'draining') this.client.keepAlive = false;
    sendOwnError(this, code, detail);
    this.completed(ERRORS[code].status, code);
  }

  #cancelAttempt(): void {
    const attempt = this.#attempt;
    this.#attempt = undefined;
    attempt?.cancel();
    if (this.#phase === QUEUED) this.plane.admission.leave(this);
    this.#leaveQueue();
  }

  #settle(total: number, status: number, outcome: RequestOutcome): void {
    if (this.#phase === SETTLED) throw new Error('an exchange was settled twice');
    this.#phase = SETTLED;
    if (this.#timer !== undefined) this.plane.wheel.cancel(this.#timer);
    this.plane.wheel.cancel(this.#deadline);
    settleAccounts(this, total, outcome);
    this.trail?.settle(status, outcome);
    this.notes?.settled();
    this.#releaseBody();
    this.saved = undefined;
  }

  #releaseBody(): void {
    this.plane.bodies.release(this.body);
    this.body.drop();
  }
}
