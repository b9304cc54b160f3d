/** That what is measured is what happened: against engines whose times are known. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startSim } from '../../src/sim/engine.ts';
import { startSimProcess } from '../scenarios/sim-process.ts';
import { startExactEngine } from './exact-engine.ts';
import { measure } from './rig.ts';

const SMALL = ['-m', 'sim-model', '-input-len', '5'];

test('time to first token and between tokens are within a millisecond of the truth', async (t) => {
  const engine = await startExactEngine({ firstMs: 30, gapMs: 5, tokens: 10 });
  t.after(() => engine.close());
  const { run } = await measure(engine.url, [...SMALL, '-c', '1', '-n', '25', '-num-warmups', '3']);
  const { numbers } = run;
  assert.equal(numbers.completed, 25);
  // Other work on this machine only ever delays: the best case is the one without it. Delays of
  // first and last tokens even out in the mean gap.
  for (const [key, told] of [
    ['min_ttft_ms', 30],
    ['mean_itl_ms', 5],
    ['mean_tpot_ms', 5],
    ['min_e2el_ms', 75],
  ] as const) {
    assert.ok(Math.abs(numbers[key]! - told) < 1, `${key} is ${numbers[key]} instead of ${told}`);
  }
  assert.ok(numbers.min_ttft_ms! >= 29.9 && numbers.min_e2el_ms! >= 74.9);
  assert.equal(numbers.total_output_tokens, 250);
  assert.equal(run.endpoints[0]!.endpoint, 'exact@here');
  assert.equal(run.endpoints[0]!.succeeded, 25);
});

test('the simulated engine is as fast as it was told to be', async (t) => {
  const sim = await startSim({ timeToFirstTokenMs: 40, interTokenLatencyMs: 10, outputTokens: 15 });
  t.after(() => sim.close());
  const { numbers } = (await measure(sim.url, [...SMALL, '-c', '4', '-n', '40'])).run;
  assert.ok(Math.abs(numbers.mean_itl_ms! - 10) < 1, `ITL ${numbers.mean_itl_ms}`);
  assert.ok(Math.abs(numbers.mean_tpot_ms! - 10) < 1, `TPOT ${numbers.mean_tpot_ms}`);
  // The engine's own timers have a grain of a millisecond, and it never answers too early.
  const ttftMs = numbers.min_ttft_ms!;
  assert.ok(ttftMs >= 39.9 && ttftMs < 41.5, `TTFT ${ttftMs}`);
});

test('a server that stalls shows in the open loop, from the due times', async (t) => {
  const sim = await startSimProcess('--time-to-first-token', '5', '--output-tokens', '1');
  t.after(() => sim.kill());
  const stall = () => {
    setTimeout(() => sim.freeze(), 800);
    setTimeout(() => sim.thaw(), 1800);
  };
  const flags = [...SMALL, '-arrival', 'constant', '-request-rate', '100', '-d', '3', '-c', '4'];
  const { numbers } = (await measure(sim.url, flags, stall)).run;
  assert.equal(numbers.failed, 0);
  // A hundred requests of three hundred were due in the stall; four were sent.
  assert.ok(numbers.p90_e2el_intended_ms! > 500, `intended p90 ${numbers.p90_e2el_intended_ms}`);
  assert.ok(numbers.p90_e2el_ms! < 300, `sent p90 ${numbers.p90_e2el_ms}`);
  assert.ok(numbers.max_e2el_ms! > 800);
});

test('saved times of requests have the percentiles that the histograms say', async (t) => {
  const options = { timeToFirstTokenMs: 20, timeToFirstTokenStdDevMs: 10, outputTokens: 5 };
  const sim = await startSim({ ...options, interTokenLatencyMs: 3, interTokenLatencyStdDevMs: 1 });
  t.after(() => sim.close());
  const { result, run } = await measure(sim.url, [
    ...SMALL,
    '-c',
    '8',
    '-n',
    '300',
    '-save-detailed',
  ]);
  const exact = (samples: readonly number[], percent: number) => {
    const sorted = [...samples].sort((a, b) => a - b);
    return sorted[Math.max(1, Math.ceil((percent / 100) * sorted.length)) - 1]!;
  };
  const samples = {
    ttft: result.ttfts as number[],
    e2el: result.e2els as number[],
    itl: (result.itls as number[][]).flat(),
  };
  assert.equal(samples.ttft.length, 300);
  for (const [name, values] of Object.entries(samples)) {
    for (const percent of [50, 90, 95, 99, 99.9]) {
      const said = run.numbers[`p${percent}_${name}_ms`]!;
      const truth = exact(values, percent);
      // Whole microseconds at the low end, a percent everywhere else.
      const slack = Math.max(truth * 0.01, 0.001);
      assert.ok(Math.abs(said - truth) <= slack, `p${percent} ${name}: ${said}, exact ${truth}`);
    }
  }
});
