/**
 * Which engine wrote a metrics page, and what it says about load. A new engine is one small file
 * beside this one and one row here. Pure; any text is accepted.
 */
import { mean, sum, valuesByRank } from './aggregate.ts';
import { cacheTokensOf } from './cache-size.ts';
import type { Dialect, EngineReport } from './dialect.ts';
import { llamacpp } from './llamacpp.ts';
import { lmdeploy } from './lmdeploy.ts';
import { hasLine, select } from './prometheus-text.ts';
import { sglang } from './sglang.ts';
import { tensorrtLlm } from './tensorrt-llm.ts';
import { tgi } from './tgi.ts';
import { triton } from './triton.ts';
import { unprefixed } from './unprefixed.ts';
import { vllm } from './vllm.ts';

const DIALECTS: readonly Dialect[] = [
  vllm,
  sglang,
  tensorrtLlm,
  triton,
  tgi,
  lmdeploy,
  llamacpp,
  unprefixed,
];

/** Written by the client libraries of Prometheus, whatever the engine. */
const START_TIME = ['process_start_time_seconds'];

/** What a page of somebody else says; exported for tests. */
export const UNKNOWN_REPORT: EngineReport = {
  engine: 'unknown',
  running: -1,
  waiting: -1,
  kvUsage: Number.NaN,
  kvUsageMax: Number.NaN,
  promptTokens: -1,
  generationTokens: -1,
  cacheTokens: -1,
  startTimeS: -1,
};

/** Reads a metrics page. What the page does not tell stays unknown, never 0. */
export function readReport(text: string): EngineReport {
  const dialect = DIALECTS.find((one) => one.markers.some((marker) => hasLine(text, marker)));
  if (dialect === undefined) return UNKNOWN_REPORT;
  const usage = read(text, dialect.kvUsage).map((value) => Math.min(1, Math.max(0, value)));
  return {
    engine: dialect.engine,
    running: sum(read(text, dialect.running)),
    waiting: sum(read(text, dialect.waiting)),
    kvUsage: usage.length === 0 ? Number.NaN : mean(usage),
    kvUsageMax: usage.length === 0 ? Number.NaN : Math.max(...usage),
    promptTokens: sum(read(text, dialect.promptTokens)),
    generationTokens: sum(read(text, dialect.generationTokens)),
    cacheTokens: cacheTokensOf(text, dialect.cache),
    startTimeS: Math.max(-1, ...read(text, START_TIME)),
  };
}

/** The values by rank of the first of `names` that has any. */
function read(text: string, names: readonly string[]): number[] {
  for (const name of names) {
    const values = valuesByRank(select(text, name));
    if (values.length > 0) return values;
  }
  return [];
}
