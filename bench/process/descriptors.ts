/**
 * How many files a process may open here. Every program of the bench raises its own soft limit to
 * the hard one (Node at its start, nginx by `worker_rlimit_nofile`, HAProxy by `maxconn`), so the
 * hard limit is what bounds the number of connections, and only an administrator can raise it.
 */
import { readFileSync } from 'node:fs';

/** Listeners, logs, libraries, connections to the backend of an idle load. */
const OTHER_FILES = 600;

export function descriptorLimit(): number {
  return parseLimits(readFileSync('/proc/self/limits', 'utf8'));
}

/** The hard limit in the text of /proc/self/limits (proc(5)); exported for tests too. */
export function parseLimits(text: string): number {
  const hard = /^Max open files +\d+ +(\d+|unlimited)/m.exec(text)?.[1];
  if (hard === undefined) throw new SyntaxError('no limit of open files in /proc limits');
  return hard === 'unlimited' ? Number.POSITIVE_INFINITY : Number(hard);
}

/** `wanted` connections, or as many as one process can hold at `perConnection` files each. */
export function affordable(wanted: number, perConnection: number, limit: number): number {
  return Math.max(1, Math.min(wanted, Math.floor((limit - OTHER_FILES) / perConnection)));
}
