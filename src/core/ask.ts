/**
 * What a strategy may know of a request beside the endpoints, and what it says about its choice.
 * One a worker, filled anew for each decision; who wants to keep a decision copies it.
 */
import type { BlockChain } from './block-chain.ts';

/** Why a placement by prefix went where it went. */
export type AffinityReason =
  /** The strategy does not look at prefixes or sessions. */
  | 'none'
  /** No endpoint holds any of it. */
  | 'cold'
  /** It went where most of it is held. */
  | 'kept'
  /** Waiting there would have cost more than the prefill it saves. */
  | 'broken_by_load'
  /** The endpoint that holds most could not take it (down, full, tried). */
  | 'broken_unavailable';

/** The same for a session that has a name. */
export type SessionReason =
  | 'none'
  | 'home'
  /** Its home is full or away. */
  | 'second_home'
  | 'broken_by_load'
  | 'broken_unavailable';

/** Plain numbers and words; what does not apply is 0. */
export interface Decision {
  /** Index within the pool of the endpoint chosen, -1 = none. */
  member: number;
  affinity: AffinityReason;
  session: SessionReason;
  /** Blocks of the prompt, those the chosen endpoint holds, and the most that any holds. */
  blocks: number;
  matchedBlocks: number;
  bestMatchedBlocks: number;
  promptTokens: number;
  /** Prompt tokens that the chosen endpoint must compute for this request, and before it. */
  uncachedTokens: number;
  queuedTokens: number;
  /** Estimated time to the first byte there, and on the endpoint where it would be shortest. */
  estimatedMs: number;
  leastEstimatedMs: number;
  /** Answers being generated there. */
  running: number;
}

export function newDecision(): Decision {
  return {
    member: -1,
    affinity: 'none',
    session: 'none',
    blocks: 0,
    matchedBlocks: 0,
    bestMatchedBlocks: 0,
    promptTokens: 0,
    uncachedTokens: 0,
    queuedTokens: 0,
    estimatedMs: 0,
    leastEstimatedMs: 0,
    running: 0,
  };
}

export function copyDecision(from: Decision, to: Decision): void {
  to.member = from.member;
  to.affinity = from.affinity;
  to.session = from.session;
  to.blocks = from.blocks;
  to.matchedBlocks = from.matchedBlocks;
  to.bestMatchedBlocks = from.bestMatchedBlocks;
  to.promptTokens = from.promptTokens;
  to.uncachedTokens = from.uncachedTokens;
  to.queuedTokens = from.queuedTokens;
  to.estimatedMs = from.estimatedMs;
  to.leastEstimatedMs = from.leastEstimatedMs;
  to.running = from.running;
}

const UNDECIDED = newDecision();

export class Ask {
  nowMs = 0;
  /** undefined = not known, or nobody asked for it. */
  prompt: BlockChain | undefined = undefined;
  /** Hash of the session's name; 0 = it has none. */
  session = 0;
  readonly decision: Decision = newDecision();

  /** The next request: what is noted of it, and nothing is decided yet. */
  begin(prompt: BlockChain | undefined, session: number): void {
    this.prompt = prompt;
    this.session = session;
    copyDecision(UNDECIDED, this.decision);
  }
}
