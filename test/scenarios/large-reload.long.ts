/**
 * How long a reload of three thousand changed endpoints takes, and the largest delay of a stream
 * meanwhile. For a quiet machine, so not part of ./test.sh: npm run e2e:reload [ROUNDS]
 * Exit code 1 when the slowest reload takes a second, or the stream is 5 ms later than its pace
 * in half of the rounds: a machine has its own pauses, which the other two columns show.
 */
import { ENDPOINTS, PACE_MS, type Round as ReloadRound, startReloadRig } from './large-reload.ts';

const MAX_DELAY_MS = 5;
const MAX_RELOAD_MS = 1000;
const IDLE_MS = 1000;
const COUNT = Number(process.argv[2] ?? 10);

interface Round extends ReloadRound {
  readonly idleGap: number;
}

const rig = await startReloadRig();
const rounds: Round[] = [];
try {
  // The first one warms up what is compiled only then; it is shown, and counts like any other.
  while (rounds.length < COUNT) {
    const idleGap = await rig.idleGap(IDLE_MS);
    rounds.push({ ...(await rig.round()), idleGap });
  }
} finally {
  await rig.close();
}

const COLUMNS: readonly (readonly [string, (round: Round) => number | undefined])[] = [
  ['reload took', (round) => round.reloadTook],
  ['stream later in a reload', (round) => round.reloadGap - PACE_MS],
  ['in a dry run', (round) => round.dryGap - PACE_MS],
  ['while nothing happened', (round) => round.idleGap - PACE_MS],
];

function sorted(of: (round: Round) => number | undefined): number[] {
  return rounds.flatMap((round) => of(round) ?? []).sort((a, b) => a - b);
}

const [took, later] = COLUMNS.map(([, of]) => sorted(of));
console.log(`${ENDPOINTS} endpoints changed, one worker, ${COUNT} rounds; milliseconds:`);
console.table(
  Object.fromEntries(
    COLUMNS.map(([name, of]) => {
      const values = sorted(of);
      const at = (share: number) =>
        Math.round(values[Math.floor((values.length - 1) * share)]! * 10) / 10;
      return [name, { least: at(0), median: at(0.5), largest: at(1) }];
    }),
  ),
);
const median = later![Math.floor((later!.length - 1) / 2)]!;
if (took!.at(-1)! >= MAX_RELOAD_MS || median >= MAX_DELAY_MS) process.exitCode = 1;
