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

/** Plain numbers and words; what does not apply is 0. */
export interface Decision {
  /** Index within the pool of the endpoint chosen, -1 = none. */
  member: number;
  affinity: AffinityReason;
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

export class Ask {
  nowMs = 0;
  /** undefined = not known, or nobody asked for it. */
  prompt: BlockChain | undefined = undefined;
  /** Hash of the session's key; 0 = it has none. */
  session = 0;
  readonly decision: Decision = {
    member: -1,
    affinity: 'none',
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
