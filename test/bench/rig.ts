/**
 * Measurements inside a test: the flags as a user writes them, the result as a program gets it.
 * The load comes from threads of their own, as in the command.
 */
import assert from 'node:assert/strict';
import { Bench } from '../../src/bench/bench.ts';
import { parseBenchFlags } from '../../src/bench/parse-flags.ts';
import type { BenchResult, RunReport } from '../../src/bench/result.ts';
import { LineScreen } from '../../src/bench/screen.ts';
import { readSettings } from '../../src/bench/settings.ts';

const WORKER = new URL('../../src/bench/worker.ts', import.meta.url);

export interface Measured {
  readonly result: BenchResult;
  /** The main run. */
  readonly run: RunReport;
  /** What the screen said. */
  readonly text: string;
}

/** `flags` without -url. `started` is called with a way to stop it in order. */
export async function measure(
  url: string,
  flags: readonly string[],
  started: (bench: Bench) => void = () => {},
): Promise<Measured> {
  const { values, problems } = parseBenchFlags(['-u', url, ...flags]);
  const { settings, problems: others } = readSettings(values, {});
  assert.deepEqual([...problems, ...others], []);
  let text = '';
  const bench = new Bench(
    settings,
    new LineScreen((line) => {
      text += line;
    }),
  );
  started(bench);
  const result = await bench.measure(WORKER);
  assert.ok(result !== undefined);
  return { result, run: result.runs[result.main_run]!, text };
}
