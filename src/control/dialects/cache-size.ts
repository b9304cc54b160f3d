/**
 * How many tokens an engine's KV cache holds, over all data-parallel ranks. Engines tell it in one
 * of three ways: as a gauge, as two gauges to multiply, or as labels of an information line.
 */
import { sum, valuesByRank } from './aggregate.ts';
import { samplesOf, select } from './prometheus-text.ts';

export type CacheFact =
  /** A gauge of tokens. */
  | { readonly tokens: string }
  /** Gauges of blocks and of tokens in each block. */
  | { readonly blocks: string; readonly blockTokens: string }
  /** A line whose labels tell: tokens, or else blocks and tokens in each. */
  | { readonly info: string; readonly labels: InfoLabels };

interface InfoLabels {
  readonly tokens?: string;
  readonly blocks: string;
  readonly blockTokens: string;
}

/** Labels that tell lines of different ranks apart. */
const RANKS = ['engine', 'dp_rank'];

/** What the first of `facts` says that the page tells; -1 = unknown. */
export function cacheTokensOf(text: string, facts: readonly CacheFact[]): number {
  for (const fact of facts) {
    const tokens = read(text, fact);
    if (tokens > 0) return Math.min(tokens, 0x7fffffff);
  }
  return -1;
}

function read(text: string, fact: CacheFact): number {
  if ('tokens' in fact) return sum(valuesByRank(select(text, fact.tokens)));
  if ('info' in fact) return readInfo(text, fact.info, fact.labels);
  const blocks = sum(valuesByRank(select(text, fact.blocks)));
  // The same for all ranks.
  const [blockTokens = -1] = valuesByRank(select(text, fact.blockTokens));
  return blocks < 0 || blockTokens < 0 ? -1 : blocks * blockTokens;
}

function readInfo(text: string, name: string, names: InfoLabels): number {
  const ranks = new Map<string, number>();
  for (const { labels } of samplesOf(text, name)) {
    const told = names.tokens === undefined ? Number.NaN : wholeOf(labels.get(names.tokens));
    const product = wholeOf(labels.get(names.blocks)) * wholeOf(labels.get(names.blockTokens));
    const tokens = Number.isNaN(told) ? product : told;
    if (Number.isNaN(tokens)) continue;
    const rank = JSON.stringify(RANKS.map((label) => labels.get(label) ?? ''));
    ranks.set(rank, Math.max(ranks.get(rank) ?? 0, tokens));
  }
  return sum([...ranks.values()]);
}

/** A label's whole number; NaN for `None` and all else. */
function wholeOf(value: string | undefined): number {
  return value !== undefined && /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
}
