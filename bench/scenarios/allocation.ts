/**
 * What one SSE event makes the router's worker allocate: by our own code alone (bench/relay.ts,
 * without sockets), and by the whole worker with node:net in it (from V8's trace of collections).
 */
import { heapGrowth } from '../measure/gc-trace.ts';
import type { Options } from '../options.ts';
import { type Column, tableOf } from './columns.ts';
import type { Run, Scenario } from './scenario.ts';
import { requireClean } from './shares.ts';

/** Young generation in MB: nothing may be collected while 100,000 events are measured. */
const RELAY_FLAGS = ['--expose-gc', '--min-semi-space-size=256', '--max-semi-space-size=256'];
/** Enough for some collections, which come about once a second. */
const TRACED_MS = { quick: 2500, full: 6000 };

interface RelayOutput {
  readonly whole: { readonly heapBytes: number; readonly bufferBytes: number };
  readonly split: { readonly heapBytes: number; readonly bufferBytes: number };
}

const COLUMNS: readonly Column[] = [
  { heading: 'ours: heap B/event', figure: 'ownHeapBytes', digits: 1 },
  { heading: 'ours: buffer B/event', figure: 'ownBufferBytes', digits: 1 },
  { heading: 'ours, split event: heap', figure: 'splitHeapBytes', digits: 1 },
  { heading: 'buffer', figure: 'splitBufferBytes', digits: 1 },
  { heading: 'whole worker: heap B/event', figure: 'workerHeapBytes', digits: 0 },
];

export const allocation: Scenario = {
  name: 'allocation',
  targets: ['router'],
  maxRounds: 1,
  async measure(run, options) {
    const relay = JSON.parse(await run.program('relay.ts', RELAY_FLAGS)) as RelayOutput;
    return {
      ownHeapBytes: relay.whole.heapBytes,
      ownBufferBytes: relay.whole.bufferBytes,
      splitHeapBytes: relay.split.heapBytes,
      splitBufferBytes: relay.split.bufferBytes,
      workerHeapBytes: await workerHeapBytes(run, options),
    };
  },
  tabulate(rounds, options) {
    const text = {
      title: 'Allocation per SSE event in the router',
      notes: [
        'Ours: the relay path between transports that only count, the young generation too large ' +
          'to be collected. Split: the event arrives in two reads. Whole worker: the running ' +
          `router with ${options.streams} streams × ${options.eventsPerSecond} events/s, sockets ` +
          'and event loop included, from `--trace-gc`.',
      ],
    };
    return [tableOf(text, COLUMNS, rounds)];
  },
};

async function workerHeapBytes(run: Run, options: Options): Promise<number | null> {
  return await run.withFresh({ tracesGc: true }, async (seat) => {
    const durationMs = options.quick ? TRACED_MS.quick : TRACED_MS.full;
    const timing = { warmupMs: 1500, durationMs };
    const result = await seat.load({ kind: 'event-streams', streams: options.streams, ...timing });
    requireClean(result);
    const growth = heapGrowth(seat.output(), durationMs);
    const eventsPerSecond = result.units / (result.elapsedMs / 1000);
    return growth === null ? null : (growth.mebibytesPerSecond * 2 ** 20) / eventsPerSecond;
  });
}
