/**
 * Clusters of 1, 100 and 1,000 endpoints: the pick alone (bench/pick.ts), and whole requests, where
 * every endpoint is another loopback address of the one backend.
 */
import { type Column, tableOf } from './columns.ts';
import { parsePicks } from './pick-output.ts';
import type { RoundsByTarget, Scenario } from './scenario.ts';
import { perUnitUs, requireClean, shares } from './shares.ts';

const COUNTS = [1, 100, 1000];
const MAX_REQUESTS = 2_000_000;
/** In it every endpoint is probed and has connections of its own. */
const WARM_UP_MS = { quick: 1000, full: 3000 };

export const endpoints: Scenario = {
  name: 'endpoints',
  targets: ['router', 'nginx', 'haproxy'],
  maxRounds: 2,
  async measure(run, options) {
    const figures: Record<string, number | null> = {};
    for (const count of COUNTS) {
      const result = await run.withFresh({ endpoints: count }, (seat) =>
        seat.load({
          kind: 'closed-loop',
          connections: options.connections,
          bodyBytes: 0,
          maxRequests: MAX_REQUESTS,
          warmupMs: options.quick ? WARM_UP_MS.quick : WARM_UP_MS.full,
          durationMs: options.seconds * 500,
        }),
      );
      requireClean(result);
      figures[`${count} cpuUs`] = perUnitUs(result, 'proxy').cpuUs;
      figures[`${count} others`] = shares(result).othersShare ?? null;
    }
    if (run.target === 'router') {
      const picks = parsePicks(await run.program('pick.ts', []));
      for (const [name, us] of picks) figures[`pick ${name}`] = us;
      figures[WORST_PICK] = worst(picks);
    }
    return figures;
  },
  tabulate(rounds) {
    const whole = {
      title: 'Endpoints in one cluster: CPU µs per whole request (median, min–max of rounds)',
      notes: [
        `Closed loop; all endpoints are one backend on ${COUNTS.at(-1)} loopback addresses. The ` +
          "router's figures include its health probes.",
      ],
    };
    const picks = {
      title: 'Endpoints in one cluster: µs per pick in the router',
      notes: ['The pick and the test of availability, by bench/pick.ts; no sockets.'],
    };
    const router = new Map([...rounds].filter(([target]) => target === 'router'));
    return [tableOf(whole, COLUMNS, rounds), tableOf(picks, pickColumns(router), router)];
  },
};

const COLUMNS: readonly Column[] = COUNTS.flatMap((count) => [
  { heading: `${count}: µs/request`, figure: `${count} cpuUs`, digits: 1 },
  { heading: '× nginx', figure: `${count} cpuUs`, digits: 2, against: 'times nginx' as const },
  { heading: 'others %', figure: `${count} others`, digits: 0 },
]);

/** The dearest strategy at 1,000 endpoints. */
export const WORST_PICK = 'worst pick at 1000';

function worst(picks: ReadonlyMap<string, number>): number {
  return Math.max(...[...picks].filter(([name]) => name.includes('1000')).map(([, us]) => us));
}

/** Strategies come and go, so the columns are those that were measured. */
function pickColumns(router: RoundsByTarget): Column[] {
  const first = router.get('router')?.[0] ?? {};
  return Object.keys(first)
    .filter((name) => name.startsWith('pick '))
    .map((figure) => ({ heading: figure.slice('pick '.length), figure, digits: 3 }));
}
