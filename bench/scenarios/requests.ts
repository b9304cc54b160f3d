/**
 * Small request, small answer. Two runs a round: a closed loop for CPU cost and throughput, then a
 * fixed rate well below saturation for latency and for the cost of an unhurried proxy, which wakes
 * up for every single request and so batches nothing.
 */
import type { LoadResult } from '../load/job.ts';
import { TARGETS } from '../options.ts';
import { type Column, tableOf } from './columns.ts';
import type { Figures, Scenario } from './scenario.ts';
import { perUnitUs, requireClean, SHARE_COLUMNS, SHARE_NOTE, shares } from './shares.ts';

const MAX_REQUESTS = 2_000_000;

const COST: readonly Column[] = [
  { heading: 'user µs', figure: 'userUs', digits: 1 },
  { heading: 'system µs', figure: 'systemUs', digits: 1 },
  { heading: 'µs/request', figure: 'cpuUs', digits: 1 },
  { heading: '× nginx', figure: 'cpuUs', digits: 2, against: 'times nginx' },
  { heading: 'requests/s', figure: 'perSecond', digits: 0 },
  { heading: 'per core', figure: 'perSecondPerCore', digits: 0 },
  ...SHARE_COLUMNS,
];

const LATENCY: readonly Column[] = [
  { heading: 'p50 µs', figure: 'p50Us', digits: 0 },
  { heading: 'added p50', figure: 'p50Us', digits: 0, against: 'minus direct' },
  { heading: 'p99 µs', figure: 'p99Us', digits: 0 },
  { heading: 'added p99', figure: 'p99Us', digits: 0, against: 'minus direct' },
  { heading: 'µs CPU/request', figure: 'pacedCpuUs', digits: 1 },
  { heading: '× nginx', figure: 'pacedCpuUs', digits: 2, against: 'times nginx' },
  { heading: 'others %', figure: 'pacedOthersShare', digits: 0 },
];

export const requests: Scenario = {
  name: 'requests',
  targets: TARGETS,
  maxRounds: 100,
  async measure(run, options) {
    const timing = {
      warmupMs: options.warmupSeconds * 1000,
      durationMs: options.seconds * 1000,
      connections: options.connections,
    };
    const closed = await run.load({
      kind: 'closed-loop',
      maxRequests: MAX_REQUESTS,
      bodyBytes: 0,
      ...timing,
    });
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
    const cost = {
      title: 'Small request, small answer: cost (median, min–max of rounds)',
      notes: [
        `Closed loop over ${options.connections} keep-alive connections; "per core" is what one ` +
          'core of proxy CPU would carry.',
        SHARE_NOTE,
      ],
    };
    const latency = {
      title: `Small request, small answer: latency at ${options.rate} requests/s`,
      notes: [
        '"added" is beyond direct in the same round; a paced proxy wakes up for every request.',
      ],
    };
    return [tableOf(cost, COST, rounds), tableOf(latency, LATENCY, rounds)];
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
    pacedOthersShare: shares(paced).othersShare ?? null,
    p50Us: paced.delayUs.p50,
    p99Us: paced.delayUs.p99,
  };
}
