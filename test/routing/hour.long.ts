/**
 * The whole conversation trace over HTTP, faster than real time: `least-connections` and
 * `prefix-aware` one after the other on the same simulated engines, beside what `simulate` says.
 * Some eleven minutes, so not part of ./test.sh: npm run e2e:hour [SPEED [FROM_MIN [MINUTES]]]
 *
 * What the router knows in seconds of its own (a popular prefix, a price that fades) does not run
 * faster with the rest: at 12 times the speed its ten seconds are two minutes of the trace.
 */
import { DEFAULT_PROFILE } from '../../src/simulate/engine-profile.ts';
import { ORACLE, replay } from '../../src/simulate/replay.ts';
import { conversation } from './conversation.ts';
import { type HttpResult, replayOverHttp, statsOf } from './http-replay.ts';

const [speed = 12, from = 0, minutes = 60] = process.argv.slice(2).map(Number);
const ENGINES = 8;
/** Tokens of an event: one each would keep this machine busier than all the rest. */
const STREAM_INTERVAL = 32;
const SLICE_MS = 5 * 60_000;
/** What is not answered so long after the last request, in real time, failed. */
const GRACE_MS = 30_000;

const BASE = 'least-connections';
const BETTER = 'prefix-aware';

/** One request: when it came, and its time to the first token. */
interface Seen {
  readonly atMs: number;
  readonly ttftMs: number;
}

const trace = conversation(from, minutes, speed);
const profile = DEFAULT_PROFILE;
const { requests } = trace;
const lastMs = requests.at(-1)?.atMs ?? 0;

const seconds = (ms: number) => (ms / 1000).toFixed(2);
const percent = (share: number) => (share * 100).toFixed(1);
const ratio = (better: number, base: number) => (better / base).toFixed(2);

async function overHttp(strategy: string): Promise<{ seen: Seen[]; got: HttpResult }> {
  const sinceMs = performance.now();
  const got = await replayOverHttp({
    trace,
    engines: ENGINES,
    profile,
    strategy,
    speed,
    streamInterval: STREAM_INTERVAL,
    limitMs: lastMs / speed + GRACE_MS,
  });
  const { lagMs, mostLagMs, cores } = got.own;
  const took = seconds(performance.now() - sinceMs);
  const late = `late by ${lagMs.toFixed(1)} ms (p99), ${mostLagMs.toFixed(0)} ms (most)`;
  const inTrace = `p99 ${(lagMs * speed).toFixed(0)} ms in the trace's time`;
  console.log(`${strategy}: ${took} s; engines and clients ${late}, ${inTrace};`);
  console.log(`  they took ${cores.toFixed(2)} cores, ${got.failed} requests failed`);
  const seen = requests.map(({ atMs }, at) => ({ atMs, ttftMs: got.ttftsMs[at]! }));
  return { seen, got };
}

function inSimulate(strategy: string): { seen: Seen[]; hitRatio: number } {
  const speeds = new Array<number>(ENGINES).fill(1);
  const { placements, hitRatio } = replay({ trace, profile, speeds, strategy, seed: 1 });
  return { seen: [...placements], hitRatio };
}

const during = (seen: readonly Seen[], fromMs: number) =>
  statsOf(
    seen.filter(({ atMs }) => atMs >= fromMs && atMs < fromMs + SLICE_MS).map((one) => one.ttftMs),
  );

const base = await overHttp(BASE);
const better = await overHttp(BETTER);
const simulated = [BASE, BETTER, ORACLE].map((strategy) => ({
  strategy,
  ...inSimulate(strategy),
}));

const rowOf = (seen: readonly Seen[], hitRatio: number) => {
  const { meanTtftMs, p50TtftMs, p99TtftMs } = statsOf(seen.map((one) => one.ttftMs));
  return {
    'mean TTFT s': seconds(meanTtftMs),
    p50: seconds(p50TtftMs),
    p99: seconds(p99TtftMs),
    'from cache %': percent(hitRatio),
  };
};
const rows: Record<string, object> = {
  [`${BASE} over HTTP`]: rowOf(base.seen, base.got.hitRatio),
  [`${BETTER} over HTTP`]: rowOf(better.seen, better.got.hitRatio),
};
for (const { strategy, seen, hitRatio } of simulated) {
  rows[`${strategy} in simulate`] = rowOf(seen, hitRatio);
}
console.table(rows);

const oracle = simulated.at(-1)!;
console.log(`${BETTER} ÷ ${BASE} over HTTP, the whole:`);
console.log(`  mean ${ratio(better.got.meanTtftMs, base.got.meanTtftMs)}`);
console.log(`  p99  ${ratio(better.got.p99TtftMs, base.got.p99TtftMs)}`);
console.log(`from caches ÷ the oracle's: ${ratio(better.got.hitRatio, oracle.hitRatio)}`);

const slices = Array.from({ length: Math.ceil((lastMs + 1) / SLICE_MS) }, (_, index) => {
  const fromMs = index * SLICE_MS;
  const [had, has] = [during(base.seen, fromMs), during(better.seen, fromMs)];
  const [plain, best] = [during(simulated[0]!.seen, fromMs), during(oracle.seen, fromMs)];
  return {
    minutes: `${from + index * 5} to ${from + index * 5 + 5}`,
    [`${BASE} s`]: `${seconds(had.meanTtftMs)}, p99 ${seconds(had.p99TtftMs)}`,
    [`${BETTER} s`]: `${seconds(has.meanTtftMs)}, p99 ${seconds(has.p99TtftMs)}`,
    mean: ratio(has.meanTtftMs, had.meanTtftMs),
    p99: ratio(has.p99TtftMs, had.p99TtftMs),
    "oracle's mean": ratio(best.meanTtftMs, plain.meanTtftMs),
    "oracle's p99": ratio(best.p99TtftMs, plain.p99TtftMs),
  };
});
console.table(slices);
for (const key of ['mean', 'p99'] as const) {
  const [worst] = slices.toSorted((a, b) => Number(b[key]) - Number(a[key]));
  console.log(`worst five minutes by ${key}: ${worst!.minutes}, ${worst![key]}`);
}
