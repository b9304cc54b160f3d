/**
 * Many open SSE streams at a modest rate: one small event at a time, which no proxy can batch
 * within a stream. The delay is the age of an event when the client has it.
 */
import type { LoadResult } from '../load/job.ts';
import { TARGETS } from '../options.ts';
import { type Column, tableOf } from './columns.ts';
import type { Figures, Scenario } from './scenario.ts';
import { perUnitUs, requireClean, SHARE_COLUMNS, SHARE_NOTE, shares } from './shares.ts';

/**
 * Fewer events than this share of the offered ones means that someone could not keep up. A pause of
 * some hundred milliseconds at the end of an interval, as a busy machine makes them, is tolerated.
 */
const EXPECTED_SHARE = 0.9;

const COST: readonly Column[] = [
  { heading: 'user µs', figure: 'userUs', digits: 1 },
  { heading: 'system µs', figure: 'systemUs', digits: 1 },
  { heading: 'µs/event', figure: 'cpuUs', digits: 1 },
  { heading: '× nginx', figure: 'cpuUs', digits: 2, against: 'times nginx' },
  { heading: 'events/s', figure: 'perSecond', digits: 0 },
  ...SHARE_COLUMNS,
];

const DELAY: readonly Column[] = [
  { heading: 'event p50 µs', figure: 'p50Us', digits: 0 },
  { heading: 'event p99 µs', figure: 'p99Us', digits: 0 },
  { heading: 'p99 × nginx', figure: 'p99Us', digits: 2, against: 'times nginx' },
  { heading: 'first p50 µs', figure: 'firstP50Us', digits: 0 },
  { heading: 'added p50', figure: 'firstP50Us', digits: 0, against: 'minus direct' },
  { heading: 'first p99 µs', figure: 'firstP99Us', digits: 0 },
];

export const events: Scenario = {
  name: 'events',
  targets: TARGETS,
  maxRounds: 100,
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
    const load = `${options.streams} streams × ${options.eventsPerSecond} events/s`;
    const cost = { title: `${load}: cost (median, min–max of rounds)`, notes: [SHARE_NOTE] };
    const delay = {
      title: `${load}: delay`,
      notes: [
        'Event: from the stamp the backend writes into it to its arrival, same clock.',
        'First: from the request to its first event, streams opening evenly.',
      ],
    };
    return [tableOf(cost, COST, rounds), tableOf(delay, DELAY, rounds)];
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
