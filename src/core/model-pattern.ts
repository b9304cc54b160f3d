/**
 * Model names with `*`: `openai/*` stands for every name that begins so. A star matches anything,
 * nothing included; of several the earlier ones match as little as possible.
 * Invariant: matching is linear in the name for each star, so no name can make it slow.
 */

const STAR = '*';

export function isPattern(name: string): boolean {
  return name.includes(STAR);
}

/** What the stars of `pattern` stand for in `name`; undefined when it does not fit. */
export function matchPattern(pattern: string, name: string): readonly string[] | undefined {
  const parts = pattern.split(STAR);
  const last = parts.length - 1;
  const tail = parts[last]!;
  if (!name.startsWith(parts[0]!) || !name.endsWith(tail)) return undefined;
  const end = name.length - tail.length;
  let at = parts[0]!.length;
  if (last === 0) return name === pattern ? [] : undefined;
  const matched: string[] = [];
  for (let i = 1; i < last; i++) {
    const found = name.indexOf(parts[i]!, at);
    if (found < 0 || found + parts[i]!.length > end) return undefined;
    matched.push(name.slice(at, found));
    at = found + parts[i]!.length;
  }
  if (at > end) return undefined;
  matched.push(name.slice(at, end));
  return matched;
}

/** `pattern` with its stars replaced in order; too few of `matched` repeat the first. */
export function fillPattern(pattern: string, matched: readonly string[]): string {
  let star = 0;
  return pattern.replaceAll(STAR, () => matched[star++] ?? matched[0] ?? '');
}

/** For sorting: the pattern that says more comes first. */
export function bySpecificity(a: string, b: string): number {
  return literalLength(b) - literalLength(a) || (a < b ? -1 : 1);
}

function literalLength(pattern: string): number {
  return pattern.replaceAll(STAR, '').length;
}
