/**
 * "Did you mean": the known name nearest to a mistyped one.
 * Distance: Levenshtein, "Binary codes capable of correcting deletions, insertions, and reversals",
 * 1966, computed with two rows.
 */

/** Beyond this nobody mistyped a name; also bounds the work on hostile keys. */
const MAX_NAME_LENGTH = 64;

/** The nearest of `known` within a third of the name's length (at least 1, at most 3 edits). */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  if (name.length > MAX_NAME_LENGTH) return undefined;
  const wanted = normalise(name);
  let best: string | undefined;
  let bestDistance = Math.min(3, Math.max(1, Math.floor(wanted.length / 3))) + 1;
  for (const candidate of known) {
    const distance = editDistance(wanted, normalise(candidate));
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

// `maxConnsPerHost`, `max-conns-per-host` and `max_conns_per_host` are one word to a user.
function normalise(name: string): string {
  return name.replace(/[-_\s]/g, '').toLowerCase();
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const substitution = previous[column - 1]! + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(substitution, previous[column]! + 1, current[column - 1]! + 1));
    }
    previous = current;
  }
  return previous[b.length]!;
}
