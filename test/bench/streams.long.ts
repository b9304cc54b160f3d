/**
 * Ten thousand streams at once for a minute, from the generator through the router to a simulated
 * engine, all on this machine, and not one may break. It reports what they cost in memory.
 *
 * A router holds two files for each stream. Where the hard limit of open files is lower than that
 * the streams go through as many router processes as it takes.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { machineLimits } from '../../src/bench/limits.ts';
import type { BenchResult } from '../../src/bench/result.ts';
import { LAUNCHER } from '../fakes/built.ts';
import { Child } from '../fakes/child.ts';
import { startRouter } from '../fakes/router.ts';
import { rssMiB } from '../faults/proc.ts';
import { startSimProcess } from '../scenarios/sim-process.ts';

const STREAMS = 10_000;
const HOLD_MS = 60_000;
const GAP_MS = 2_000;
/** Long enough that the first stream still runs a minute after the last was opened. */
const TOKENS = (HOLD_MS + 40_000) / GAP_MS;
const OTHER_FILES = 300;
const MODEL = 'sim-model';

test('ten thousand streams run for a minute without an error', async (t) => {
  const each = Math.floor((machineLimits().files - OTHER_FILES) / 2);
  const count = Math.ceil(STREAMS / Math.min(each, STREAMS));
  const sim = await startSimProcess(
    ...['--max-num-seqs', String(2 * STREAMS), '--inter-token-latency', String(GAP_MS)],
    ...['--time-to-first-token', '100', '--keep-alive-timeout', '0'],
  );
  t.after(() => sim.kill());
  const endpoints = [{ url: sim.url, model: MODEL }];
  const routers = await Promise.all(
    Array.from({ length: count }, () => startRouter({ endpoints })),
  );
  t.after(() => Promise.all(routers.map((router) => router.stop())));
  const idleMiB = routers.map(({ pid }) => rssMiB(pid));
  const dir = mkdtempSync(join(tmpdir(), 'llm-router-bench-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const path = join(dir, 'result.json');
  const load = ['-c', String(STREAMS), '-n', String(STREAMS), '-input-len', '20', '-ignore-eos'];
  const urls = routers.map(({ url }) => url).join(',');
  const child = new Child(LAUNCHER, [
    ...['bench', '-u', urls, ...load, '-output-len', String(TOKENS), '-json', path],
    ...['-stall-threshold', '10s', '-slo', 'error_rate<=0'],
  ]);
  t.after(() => child.kill());
  await sleep(HOLD_MS);
  const busyMiB = routers.map(({ pid }) => rssMiB(pid));
  const generatorMiB = rssMiB(child.pid);
  assert.equal(await child.exited, 0, child.output);
  const result = JSON.parse(readFileSync(path, 'utf8')) as BenchResult;
  const { numbers, series } = result.runs[0]!;
  assert.equal(numbers.completed, STREAMS);
  assert.equal(numbers.failed, 0);
  assert.equal(numbers.total_output_tokens, STREAMS * TOKENS);
  const full = series.filter(({ in_flight }) => in_flight === STREAMS).map((sample) => sample.t);
  const heldS = full.at(-1)! - full[0]!;
  assert.ok(heldS >= HOLD_MS / 1000, `all were open for ${heldS} s only`);
  const mib = (values: readonly number[]) => values.map((value) => value.toFixed(0)).join(' + ');
  t.diagnostic(`${STREAMS} streams open at once for ${heldS.toFixed(0)} s, no errors`);
  t.diagnostic(
    `${count} router(s): ${mib(idleMiB)} MiB idle, ${mib(busyMiB)} MiB with the streams`,
  );
  t.diagnostic(`generator: ${generatorMiB.toFixed(0)} MiB`);
  t.diagnostic(`inter-token p50 ${numbers.p50_itl_ms} ms, p99 ${numbers.p99_itl_ms} ms`);
});
