/**
 * Many open SSE streams at a modest rate: one small event at a time, which no proxy can batch
 * within a stream. The delay is the age of an event when the client has it.
 */
import type { LoadResult } from '../load/job.ts';
import { type Column, rowsOf } from './columns.ts';
import type { Figures, Scenario } from './scenario.ts';
import { perUnitUs, requireClean, SHARE_COLUMNS, SHARE_NOTE, shares } from './shares.ts';

/** Fewer events than this share of the offered ones means that someone could not keep up. */
const EXPECTED_SHARE = 0.98;

const COLUMNS: readonly Column[] = [
  { heading: 'user µs', figure: 'userUs', digits: 1 },
  { heading: 'system µs', figure: 'systemUs', digits: 1 },
  { heading: 'µs/event', figure: 'cpuUs', digits: 1 },
  { heading: '× nginx', figure: 'cpuUs', digits: 2, against: 'times nginx' },
  { heading: 'events/s', figure: 'perSecond', digits: 0 },
  { heading: 'delay p50 µs', figure: 'p50Us', digits: 0 },
  { heading: 'p99 µs', figure: 'p99Us', digits: 0 },
  { heading: 'p99 × nginx', figure: 'p99Us', digits: 2, against: 'times nginx' },
  { heading: 'first event p50 µs', figure: 'firstP50Us', digits: 0 },
  { heading: 'p99 µs', figure: 'firstP99Us', digits: 0 },
  ...SHARE_COLUMNS,
];

export const events: Scenario = {
  name: 'events',
  async measure(run, options) {
    const result = await run.load({
      kind: 'event-streams',
      streams: options.streams,
      warmupMs: options.warmupSeconds * 1000,
      durationMs: options.seconds * 1000,
    });
    requireClean(result);
    const offered = options.streams * options.eventsPerSecond * (result.elapsedMs / 1000);
    if (result.units < offered * EXPECTED_SHARE) {
      throw new Error(`only ${result.units} of ${Math.round(offered)} events arrived in time`);
    }
    return figures(result);
  },
  tabulate(rounds, options) {
    return {
      title: `${options.streams} streams × ${options.eventsPerSecond} events/s (median, min–max)`,
      columns: ['target', ...COLUMNS.map((column) => column.heading)],
      rows: rowsOf(COLUMNS, rounds),
      notes: [
        'Delay: from the stamp the backend writes into the event to its arrival, same clock.',
        'First event: from the request to its first event, streams opening evenly.',
        SHARE_NOTE,
      ],
    };
  },
};

function figures(result: LoadResult): Figures {
  return {
    ...perUnitUs(result, 'proxy'),
    perSecond: result.units / (result.elapsedMs / 1000),
    p50Us: result.delayUs.p50,
    p99Us: result.delayUs.p99,
    firstP50Us: result.firstEventUs.p50,
    firstP99Us: result.firstEventUs.p99,
    ...shares(result),
  };
}
