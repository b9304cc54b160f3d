/**
 * One worker and two, no process tied to a core: does a second worker carry more? Where there are
 * only two cores, backend and load generator need a good part of them, which bounds the answer.
 */
import { cpus } from 'node:os';
import { type Column, tableOf } from './columns.ts';
import type { Scenario } from './scenario.ts';
import { perUnitUs, requireClean, shares } from './shares.ts';

const COUNTS = [1, 2];
const MAX_REQUESTS = 2_000_000;

export const workers: Scenario = {
  name: 'workers',
  targets: ['router', 'router-bun', 'nginx', 'haproxy'],
  maxRounds: 2,
  async measure(run, options) {
    const figures: Record<string, number | null> = { cores: cpus().length };
    for (const count of COUNTS) {
      const result = await run.withFresh({ workers: count, pinned: false }, (seat) =>
        seat.load({
          kind: 'closed-loop',
          connections: options.connections,
          bodyBytes: 0,
          maxRequests: MAX_REQUESTS,
          warmupMs: options.warmupSeconds * 500,
          durationMs: options.seconds * 500,
        }),
      );
      requireClean(result);
      const { proxyShare = null, backendShare = null, loadShare = null } = shares(result);
      figures[`${count} perSecond`] = result.units / (result.elapsedMs / 1000);
      figures[`${count} cpuUs`] = perUnitUs(result, 'proxy').cpuUs;
      figures[`${count} proxy`] = proxyShare;
      figures[`${count} rest`] = (backendShare ?? 0) + (loadShare ?? 0);
    }
    const [one, two] = COUNTS.map((count) => figures[`${count} perSecond`]);
    figures.gain = (two ?? 0) / (one ?? 1);
    return figures;
  },
  tabulate(rounds) {
    const cores = [...rounds.values()].flat()[0]?.cores ?? 0;
    const text = {
      title: 'Workers: throughput, small request, small answer (median, min–max of rounds)',
      notes: [
        `Nothing is pinned here: proxy, backend and load generator share all ${cores} cores. ` +
          '"rest %" is what backend and load generator took, in percent of one core; what they ' +
          'take a second worker cannot have.',
      ],
    };
    return [tableOf(text, COLUMNS, rounds)];
  },
};

const COLUMNS: readonly Column[] = [
  ...COUNTS.flatMap((count) => [
    { heading: `${count}: requests/s`, figure: `${count} perSecond`, digits: 0 },
    { heading: 'µs/request', figure: `${count} cpuUs`, digits: 1 },
    { heading: 'proxy %', figure: `${count} proxy`, digits: 0 },
    { heading: 'rest %', figure: `${count} rest`, digits: 0 },
  ]),
  { heading: 'gain', figure: 'gain', digits: 2 },
];
