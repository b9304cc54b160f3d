/** Classes of requests, best first; a class is its index here. */
export const PRIORITY_NAMES = ['high', 'normal', 'low'] as const;
/** Of requests that say nothing. */
export const PRIORITY_NORMAL = 1;

/** -1 = there is no such class. */
export function priorityOf(name: string): number {
  return (PRIORITY_NAMES as readonly string[]).indexOf(name.toLowerCase());
}
