/**
 * "Did you mean": the known name nearest to a mistyped one.
 * Distance: Levenshtein, "Binary codes capable of correcting deletions, insertions, and reversals",
 * 1966, with swapped neighbours as one slip (Damerau 1964).
 */

/** Beyond this nobody mistyped a name; also bounds the work on hostile keys. */
const MAX_NAME_LENGTH = 64;

/** Of three letters nearly every other word is a slip away. */
const MIN_NAME_LENGTH = 4;

/** The nearest of `known` within a third of the name's length (at most 3 slips). */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  if (name.length < MIN_NAME_LENGTH || name.length > MAX_NAME_LENGTH) return undefined;
  const wanted = normalise(name);
  let best: string | undefined;
  let bestDistance = Math.min(3, Math.floor(wanted.length / 3)) + 1;
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
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let least = Math.min(previous[column - 1]! + (same ? 0 : 1), previous[column]! + 1);
      least = Math.min(least, current[column - 1]! + 1);
      const swapped = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped && row > 1 && column > 1) {
        least = Math.min(least, beforePrevious[column - 2]! + 1);
      }
      current.push(least);
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[b.length]!;
}
