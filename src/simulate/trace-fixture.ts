/**
 * Traffic for tests: conversations that grow turn by turn behind a system prompt that all share,
 * with lengths that differ a lot, as real ones do.
 */
import { Xorshift } from '../core/random.ts';
import { readTrace, type Trace } from './trace.ts';

export interface TrafficKind {
  readonly seed: number;
  readonly requests: number;
  readonly perSecond: number;
  /** What prompts share: their conversation's past, nothing, or the first block of all. */
  readonly kind: 'conversations' | 'unique' | 'one-block';
}

const BLOCK_TOKENS = 512;

/** For tests: the same seed gives the same trace. */
export function trafficOf({ seed, requests, perSecond, kind }: TrafficKind): Trace {
  const random = new Xorshift(seed);
  const open: number[][] = [];
  let fresh = 1;
  const lines: string[] = [];
  for (let at = 0; at < requests; at++) {
    const goesOn = kind === 'conversations' && open.length > 0 && random.next() < 0.6;
    const ids = goesOn ? open.splice(random.below(open.length), 1)[0]! : [];
    if (!goesOn && kind !== 'unique') ids.push(0);
    const more = 1 + Math.floor(2 ** (random.next() * 6.5));
    for (let block = 0; block < more; block++) ids.push(fresh++);
    if (kind === 'conversations' && ids.length < 120) open.push(ids.slice());
    lines.push(
      JSON.stringify({
        timestamp: Math.round((at * 1000) / perSecond),
        input_length: ids.length * BLOCK_TOKENS + random.below(BLOCK_TOKENS),
        output_length: 20 + random.below(500),
        hash_ids: ids,
      }),
    );
  }
  const trace = readTrace(lines.join('\n'));
  if (typeof trace === 'string') throw new Error(trace);
  return trace;
}
