/**
 * One number out of the lines of one metric. Three kinds of lines occur:
 * - one a data-parallel rank (`engine`, `dp_rank`): different requests, they add up;
 * - one a process that works on the *same* requests (`tp_rank`, `pp_rank`, `pid`): the maximum;
 * - one a priority beside an aggregate without priority: the aggregate; without one, the sum.
 * A line that is not a finite number is left out; none left means unknown.
 */
import type { Sample } from './prometheus-text.ts';

const REPLICA_LABELS = new Set(['tp_rank', 'pp_rank', 'pid', 'moe_ep_rank']);

/** One process: its lines differ by priority only. */
interface Replica {
  aggregate: number;
  byPriority: number;
}

/** The values of each rank (told apart by all labels that mean different requests). */
export function valuesByRank(samples: readonly Sample[]): number[] {
  const ranks = new Map<string, Map<string, Replica>>();
  for (const { labels, value } of samples) {
    if (!Number.isFinite(value)) continue;
    const { rank, replica } = keysOf(labels);
    let replicas = ranks.get(rank);
    if (replicas === undefined) {
      replicas = new Map();
      ranks.set(rank, replicas);
    }
    const entry = replicas.get(replica) ?? { aggregate: Number.NaN, byPriority: 0 };
    const isAggregate = (labels.get('priority') ?? '') === '';
    if (isAggregate) entry.aggregate = value;
    else entry.byPriority += value;
    replicas.set(replica, entry);
  }
  return Array.from(ranks.values(), (replicas) => {
    const values = Array.from(replicas.values(), ({ aggregate, byPriority }) =>
      Number.isNaN(aggregate) ? byPriority : aggregate,
    );
    return Math.max(...values);
  });
}

/** A count over all ranks, as a whole number; -1 = unknown. */
export function sum(values: readonly number[]): number {
  if (values.length === 0) return -1;
  let total = 0;
  for (const value of values) total += value;
  return Math.max(0, Math.round(total));
}

export function mean(values: readonly number[]): number {
  let total = 0;
  for (const value of values) total += value;
  return total / values.length;
}

function keysOf(labels: ReadonlyMap<string, string>): { rank: string; replica: string } {
  let rank = '';
  let replica = '';
  for (const [name, value] of labels) {
    if (name === 'priority') continue;
    const part = `${name}=${JSON.stringify(value)},`;
    if (REPLICA_LABELS.has(name)) replica += part;
    else rank += part;
  }
  return { rank, replica };
}
