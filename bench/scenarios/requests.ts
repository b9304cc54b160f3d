/**
 * Small request, small answer. Two runs a round: a closed loop for CPU cost and throughput, then a
 * fixed rate well below saturation for latency and for the cost of an unhurried proxy, which wakes
 * up for every single request and so batches nothing.
 */
import type { LoadResult } from '../load/job.ts';
import type { Options } from '../options.ts';
import { type Column, rowsOf } from './columns.ts';
import type { Figures, Scenario } from './scenario.ts';
import { perUnitUs, requireClean, SHARE_COLUMNS, SHARE_NOTE, shares } from './shares.ts';

const MAX_REQUESTS = 2_000_000;

const COLUMNS: readonly Column[] = [
  { heading: 'user µs', figure: 'userUs', digits: 1 },
  { heading: 'system µs', figure: 'systemUs', digits: 1 },
  { heading: 'µs/request', figure: 'cpuUs', digits: 1 },
  { heading: '× nginx', figure: 'cpuUs', digits: 2, against: 'times nginx' },
  { heading: 'requests/s', figure: 'perSecond', digits: 0 },
  { heading: 'per core', figure: 'perSecondPerCore', digits: 0 },
  { heading: 'paced µs/request', figure: 'pacedCpuUs', digits: 1 },
  { heading: 'paced × nginx', figure: 'pacedCpuUs', digits: 2, against: 'times nginx' },
  { heading: 'p50 µs', figure: 'p50Us', digits: 0 },
  { heading: 'added', figure: 'p50Us', digits: 0, against: 'minus direct' },
  { heading: 'p99 µs', figure: 'p99Us', digits: 0 },
  { heading: 'added', figure: 'p99Us', digits: 0, against: 'minus direct' },
  ...SHARE_COLUMNS,
];

export const requests: Scenario = {
  name: 'requests',
  async measure(run, options) {
    const timing = {
      warmupMs: options.warmupSeconds * 1000,
      durationMs: options.seconds * 1000,
      connections: options.connections,
    };
    const closed = await run.load({ kind: 'closed-loop', maxRequests: MAX_REQUESTS, ...timing });
    requireClean(closed);
    const paced = await run.load({
      kind: 'fixed-rate',
      requestsPerSecond: options.rate,
      ...timing,
    });
    requireClean(paced);
    return figures(closed, paced);
  },
  tabulate(rounds, options) {
    return {
      title: 'Small request, small answer (median, min–max of rounds)',
      columns: ['target', ...COLUMNS.map((column) => column.heading)],
      rows: rowsOf(COLUMNS, rounds),
      notes: notes(options),
    };
  },
};

function figures(closed: LoadResult, paced: LoadResult): Figures {
  const perSecond = closed.units / (closed.elapsedMs / 1000);
  const cpu = perUnitUs(closed, 'proxy');
  return {
    ...cpu,
    perSecond,
    perSecondPerCore: cpu.cpuUs === null ? null : 1e6 / cpu.cpuUs,
    ...shares(closed),
    closedP50Us: closed.delayUs.p50,
    closedP99Us: closed.delayUs.p99,
    pacedCpuUs: perUnitUs(paced, 'proxy').cpuUs,
    pacedPerSecond: paced.units / (paced.elapsedMs / 1000),
    p50Us: paced.delayUs.p50,
    p99Us: paced.delayUs.p99,
  };
}

function notes(options: Options): string[] {
  return [
    `CPU, requests/s and shares: closed loop, ${options.connections} keep-alive connections; ` +
      '"per core" is what one core of proxy CPU would carry.',
    `Paced, p50 and p99: ${options.rate} requests/s; "added" is beyond direct in the same round.`,
    `${SHARE_NOTE} Taken in the closed loop.`,
  ];
}
