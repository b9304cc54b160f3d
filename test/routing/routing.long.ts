/**
 * Strategies over HTTP on a slice of the conversation trace, beside what `simulate` says of the
 * same slice. Minutes, so not part of ./test.sh: npm run e2e:routing [FROM_MIN [MINUTES [SPEED]]]
 */
import { compare } from '../../src/simulate/comparison.ts';
import { DEFAULT_PROFILE } from '../../src/simulate/engine-profile.ts';
import { conversation } from './conversation.ts';
import { replayOverHttp } from './http-replay.ts';

const [from = 20, minutes = 5, speed = 4] = process.argv.slice(2).map(Number);
const ENGINES = 8;

const trace = conversation(from, minutes, speed);
const profile = DEFAULT_PROFILE;

const rows: Record<string, Record<string, string>> = {};
for (const strategy of ['least-connections', 'prefix-aware']) {
  const got = await replayOverHttp({ trace, engines: ENGINES, profile, strategy, speed });
  rows[`${strategy} over HTTP`] = {
    'mean TTFT s': (got.meanTtftMs / 1000).toFixed(2),
    p50: (got.p50TtftMs / 1000).toFixed(2),
    p99: (got.p99TtftMs / 1000).toFixed(2),
    'from cache %': (got.hitRatio * 100).toFixed(1),
    'requests max/mean': got.maxOverMean.toFixed(2),
    failed: String(got.failed),
  };
}
const speeds = new Array<number>(ENGINES).fill(1);
for (const row of compare(
  { trace, profile, speeds },
  ['least-connections', 'prefix-aware', 'oracle'],
  3,
)) {
  rows[`${row.strategy} in simulate`] = {
    'mean TTFT s': (row.meanTtftMs.mean / 1000).toFixed(2),
    p50: (row.p50TtftMs.mean / 1000).toFixed(2),
    p99: (row.p99TtftMs.mean / 1000).toFixed(2),
    'from cache %': (row.hitRatio.mean * 100).toFixed(1),
  };
}
console.table(rows);
