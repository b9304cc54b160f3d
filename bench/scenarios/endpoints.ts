/**
 * Clusters of 1, 100 and 1,000 endpoints: the pick alone (bench/pick.ts, bench/prompt.ts) and
 * whole requests, where every endpoint is another loopback address of the one backend.
 */
import { type Column, tableOf } from './columns.ts';
import { parsePicks, parsePrompt } from './pick-output.ts';
import type { Figures, RoundsByTarget, Run, Scenario } from './scenario.ts';
import { perUnitUs, requireClean, shares } from './shares.ts';

const COUNTS = [1, 100, 1000];
const MOST = 1000;
const MAX_REQUESTS = 2_000_000;
/** In it every endpoint is probed and has connections of its own. */
const WARM_UP_MS = { quick: 700, full: 2500 };

export const endpoints: Scenario = {
  name: 'endpoints',
  targets: ['router', 'nginx', 'haproxy'],
  maxRounds: 2,
  async measure(run, options) {
    const figures: Record<string, number | null> = {};
    const timing = {
      warmupMs: options.quick ? WARM_UP_MS.quick : WARM_UP_MS.full,
      durationMs: options.seconds * 500,
      connections: options.connections,
    };
    for (const count of options.quick ? [MOST] : COUNTS) {
      const result = await run.withFresh({ endpoints: count }, (seat) =>
        seat.load({ kind: 'closed-loop', bodyBytes: 0, maxRequests: MAX_REQUESTS, ...timing }),
      );
      requireClean(result);
      figures[`${count} cpuUs`] = perUnitUs(result, 'proxy').cpuUs;
      figures[`${count} others`] = shares(result).othersShare ?? null;
      if (run.target === 'router') {
        const { totalUs = 0, leaderUs = 0 } = result.cpu.proxy ?? {};
        figures[`${count} dataUs`] = (totalUs - leaderUs) / result.units;
        figures[`${count} control`] = leaderUs / (result.elapsedMs * 10);
      }
    }
    return run.target === 'router'
      ? { ...figures, ...(await picks(run)), ...(await placing(run)) }
      : figures;
  },
  tabulate(rounds) {
    const router = new Map([...rounds].filter(([target]) => target === 'router'));
    return [
      tableOf(WHOLE, COLUMNS, rounds),
      tableOf(SPLIT, SPLIT_COLUMNS, router),
      tableOf(PICKS, pickColumns(router), router),
      tableOf(PLACING, PLACING_COLUMNS, router),
    ];
  },
};

const WHOLE = {
  title: 'Endpoints in one cluster: CPU µs per whole request (median, min–max of rounds)',
  notes: [`Closed loop; the endpoints are one backend on up to ${MOST} loopback addresses.`],
};

const SPLIT = {
  title: "Endpoints in one cluster: the router's planes apart",
  notes: [
    'Data plane: CPU µs per request of all threads but the main one. Control plane: the main ' +
      'thread in percent of one core; it probes every endpoint and reads the metrics of each ' +
      'once a second, which nginx and HAProxy do not do here.',
  ],
};

const PICKS = {
  title: 'Endpoints in one cluster: µs per pick in the router',
  notes: ['The pick and the test of availability, by bench/pick.ts; no sockets.'],
};

const PLACING = {
  title: 'Placing a prompt of 32 KB by prefix among 64 endpoints: µs by part',
  notes: [
    'Reading the body as 64 hashed blocks, of which 8 are shared by all prompts; choosing the ' +
      'endpoint; remembering where the prompt went. By bench/prompt.ts, with the columns of four ' +
      'workers; no sockets.',
  ],
};

const PLACING_COLUMNS: readonly Column[] = ['read', 'pick', 'record'].map((part) => ({
  heading: part,
  figure: `prompt ${part}`,
  digits: 1,
}));

const COLUMNS: readonly Column[] = COUNTS.flatMap((count) => [
  { heading: `${count}: µs/request`, figure: `${count} cpuUs`, digits: 1 },
  { heading: '× nginx', figure: `${count} cpuUs`, digits: 2, against: 'times nginx' as const },
  { heading: 'others %', figure: `${count} others`, digits: 0 },
]);

const SPLIT_COLUMNS: readonly Column[] = COUNTS.flatMap((count) => [
  { heading: `${count}: data plane`, figure: `${count} dataUs`, digits: 1 },
  { heading: 'control plane %', figure: `${count} control`, digits: 0 },
]);

async function picks(run: Run): Promise<Figures> {
  const measured = parsePicks(await run.program('pick.ts', []));
  const ofMost = [...measured].filter(([name]) => name.endsWith(`, ${MOST}`));
  return {
    ...Object.fromEntries([...measured].map(([name, us]) => [`pick ${name}`, us])),
    worstPick: Math.max(...ofMost.map(([, us]) => us)),
  };
}

async function placing(run: Run): Promise<Figures> {
  const parts = parsePrompt(await run.program('prompt.ts', []));
  return Object.fromEntries([...parts].map(([part, us]) => [`prompt ${part}`, us]));
}

/** Strategies come and go, so the columns are those that were measured. */
function pickColumns(router: RoundsByTarget): Column[] {
  return Object.keys(router.get('router')?.[0] ?? {})
    .filter((name) => name.startsWith('pick '))
    .map((figure) => ({ heading: figure.slice('pick '.length), figure, digits: 3 }));
}
