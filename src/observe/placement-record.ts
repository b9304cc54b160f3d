/** Why a request was placed where it was, as operators read it: snake_case, and one sentence. */
import type { Decision } from '../core/ask.ts';

export function placementJson(decision: Decision): object {
  return {
    affinity: decision.affinity,
    session: decision.session,
    blocks: decision.blocks,
    matched_blocks: decision.matchedBlocks,
    best_matched_blocks: decision.bestMatchedBlocks,
    prompt_tokens: Math.round(decision.promptTokens),
    uncached_tokens: Math.round(decision.uncachedTokens),
    queued_tokens: Math.round(decision.queuedTokens),
    running: decision.running,
    estimated_ms: Math.round(decision.estimatedMs),
    least_estimated_ms: Math.round(decision.leastEstimatedMs),
  };
}

const AFFINITY: Readonly<Record<Decision['affinity'], string>> = {
  none: '',
  cold: 'no endpoint holds any of its prompt',
  kept: 'it went where most of its prompt is held',
  broken_by_load: 'waiting where more of its prompt is held would have cost more than it saves',
  broken_unavailable: 'the endpoint that holds more of its prompt could not take it',
};

const SESSION: Readonly<Record<Decision['session'], string>> = {
  none: '',
  home: 'its session is at home there',
  second_home: 'it went to the second home of its session',
  broken_by_load: 'both homes of its session were full',
  broken_unavailable: 'the homes of its session could not take it',
};

/** '' when there is nothing to say. */
export function placementSentence(decision: Decision): string {
  const reasons = [SESSION[decision.session], AFFINITY[decision.affinity]].filter(Boolean);
  if (reasons.length === 0) return '';
  const { matchedBlocks, blocks, queuedTokens } = decision;
  const held = blocks === 0 ? '' : ` (${matchedBlocks} of ${blocks} blocks held`;
  const queued = blocks === 0 ? '' : `, ${Math.round(queuedTokens)} tokens queued)`;
  return `why there: ${reasons.join('; ')}${held}${queued}.`;
}
