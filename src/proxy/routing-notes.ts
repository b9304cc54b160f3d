// HOT PATH — bench: bench/main.ts, bench/prompt.ts
/**
 * What the router notes of one request in order to place it, and the course of its attempts as
 * strategies learn from them. There are notes only while a strategy, a shadow or a recording needs
 * them: for all others nobody reads a prompt or looks for a session.
 *
 * Invariant: whatever happens to the request, what it opened in the ledger is closed by `ended`.
 */
import { type Ask, copyDecision, type Decision, newDecision } from '../core/ask.ts';
import type { BlockChain } from '../core/block-chain.ts';
import type { Cluster } from '../core/cluster.ts';
import type { PrefillEntry } from '../core/prefill-ledger.ts';
import type { RequestShape } from '../core/request-record.ts';
import type { RequestBody } from './request-body.ts';

/** Whom notes tell: the worker's Routing. */
export interface NotesReader {
  read(notes: RoutingNotes): void;
  decided(cluster: Cluster, ask: Ask): void;
  sent(slot: number, notes: RoutingNotes): PrefillEntry | undefined;
  answered(entry: PrefillEntry): void;
  ended(entry: PrefillEntry): void;
  giveBack(notes: RoutingNotes): void;
  shapeOf(notes: RoutingNotes, startedMs: number, outputTokens: number): RequestShape | undefined;
}

export class RoutingNotes {
  readonly body: RequestBody;
  /** What was decided last, for the record of decisions. */
  readonly decision: Decision;
  /** undefined = not read, or nobody needs it. */
  prompt: BlockChain | undefined;
  /** Hash of the session's name; 0 = it has none. */
  session: number;
  readonly #routing: NotesReader;
  #entry: PrefillEntry | undefined;

  constructor(routing: NotesReader, body: RequestBody, session: number) {
    this.body = body;
    this.decision = newDecision();
    this.prompt = undefined;
    this.session = session;
    this.#routing = routing;
    this.#entry = undefined;
  }

  /** Says what a strategy may know. */
  fill(ask: Ask): void {
    if (this.prompt === undefined && this.body.held) this.#routing.read(this);
    ask.begin(this.prompt, this.session);
  }

  decided(ask: Ask, cluster: Cluster): void {
    this.#routing.decided(cluster, ask);
    copyDecision(ask.decision, this.decision);
  }

  /** An attempt starts on the endpoint of this slot. */
  sent(slot: number): void {
    this.ended();
    this.#entry = this.#routing.sent(slot, this);
  }

  /** The first byte of the answer's body is here; further calls change nothing. */
  answered(): void {
    if (this.#entry !== undefined) this.#routing.answered(this.#entry);
  }

  /** The attempt is over; further calls change nothing. */
  ended(): void {
    if (this.#entry !== undefined) this.#routing.ended(this.#entry);
    this.#entry = undefined;
  }

  /** The request is over. */
  settled(): void {
    this.ended();
    this.#routing.giveBack(this);
  }

  /** For a recording of traffic: lengths and hashes only; undefined while none is made. */
  shape(startedMs: number, outputTokens: number): RequestShape | undefined {
    return this.#routing.shapeOf(this, startedMs, outputTokens);
  }
}
