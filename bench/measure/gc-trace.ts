/**
 * How fast V8 heaps grow, from the lines of `node --trace-gc`: what a heap holds before one
 * collection less what it held after the one before was allocated in between.
 */

export interface HeapGrowth {
  /** Megabytes (2^20) a second, of the heap of the process that grew most: a worker's. */
  readonly mebibytesPerSecond: number;
  readonly collections: number;
}

interface Collection {
  readonly atMs: number;
  readonly before: number;
  readonly after: number;
}

const LINE = /^\[\d+:(0x[0-9a-f]+)\] +(\d+) ms: \S.*? ([\d.]+) \([\d.]+\) -> ([\d.]+) \(/;

/** Growth during the last `lastMs` of the trace; null with fewer than three collections in it. */
export function heapGrowth(trace: string, lastMs: number): HeapGrowth | null {
  const heaps = new Map<string, Collection[]>();
  let endMs = 0;
  for (const line of trace.split('\n')) {
    const [, heap = '', atMs = '', before = '', after = ''] = LINE.exec(line) ?? [];
    if (heap === '') continue;
    const collection = { atMs: Number(atMs), before: Number(before), after: Number(after) };
    heaps.set(heap, [...(heaps.get(heap) ?? []), collection]);
    endMs = Math.max(endMs, collection.atMs);
  }
  let most: HeapGrowth | null = null;
  for (const all of heaps.values()) {
    const growth = growthOf(all.filter(({ atMs }) => atMs >= endMs - lastMs));
    if (growth && growth.mebibytesPerSecond > (most?.mebibytesPerSecond ?? 0)) most = growth;
  }
  return most;
}

function growthOf(collections: readonly Collection[]): HeapGrowth | null {
  const first = collections[0];
  const last = collections.at(-1);
  if (first === undefined || last === undefined || collections.length < 3) return null;
  let mebibytes = 0;
  for (let index = 1; index < collections.length; index++) {
    mebibytes += collections[index]!.before - collections[index - 1]!.after;
  }
  return {
    mebibytesPerSecond: mebibytes / ((last.atMs - first.atMs) / 1000),
    collections: collections.length,
  };
}
