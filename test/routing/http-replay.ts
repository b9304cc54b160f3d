/**
 * A trace over HTTP and in real time, only faster: the built router before simulated engines, a
 * client that sends each request when its time has come and measures the time to the first token.
 */
import { Agent, request } from 'node:http';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { type Sim, startSim } from '../../src/sim/engine.ts';
import type { EngineProfile } from '../../src/simulate/engine-profile.ts';
import type { Trace, TraceRequest } from '../../src/simulate/trace.ts';
import { type RunningRouter, startRouter } from '../fakes/router.ts';
import { sleep } from '../fakes/until.ts';

export interface HttpReplay {
  readonly trace: Trace;
  readonly engines: number;
  readonly profile: EngineProfile;
  readonly strategy: string;
  /** 4 = four seconds of the trace in one. */
  readonly speed: number;
  /** Tokens of one event of an answer: at high speed events would cost more than all else. */
  readonly streamInterval?: number;
  /** What has no answer by then, in real time from the start, failed. */
  readonly limitMs?: number;
}

export interface HttpResult {
  /** In the trace's time. */
  readonly meanTtftMs: number;
  readonly p50TtftMs: number;
  readonly p99TtftMs: number;
  readonly hitRatio: number;
  /** Requests of the busiest engine ÷ mean. */
  readonly maxOverMean: number;
  readonly failed: number;
  /** One entry a request of the trace; NaN where none came. */
  readonly ttftsMs: readonly number[];
  /** What shows whether clients and engines, which share this process, kept up; in real time. */
  readonly own: Own;
}

export interface Own {
  /** p99 and most of how late this process came to what was due. */
  readonly lagMs: number;
  readonly mostLagMs: number;
  readonly cores: number;
}

const MODEL = 'traced';
const CHARS_PER_TOKEN = 4;
const DELAY_GRAIN_MS = 1;

export async function replayOverHttp(options: HttpReplay): Promise<HttpResult> {
  const sims: Sim[] = [];
  let router: RunningRouter | undefined;
  const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
  try {
    for (let at = 0; at < options.engines; at++) sims.push(await startSim(knobs(options)));
    router = await startRouter({
      endpoints: sims.map(({ url }) => ({ url, model: MODEL })),
      config: {
        routing: {
          strategy: options.strategy,
          prefix_cache_tokens: options.profile.cacheTokens,
        },
        monitor: { collect_interval: Math.max(0.1, 1 / options.speed) },
      },
    });
    const watch = watchOwn();
    const realMs = await play(options, router.port, agent);
    const own = watch();
    const ttftsMs = realMs.map((ms) => (ms < 0 ? Number.NaN : ms * options.speed));
    return { ...statsOf(ttftsMs), ...(await enginesOf(sims)), ttftsMs, own };
  } finally {
    agent.destroy();
    await router?.stop();
    for (const sim of sims) await sim.close();
  }
}

function knobs({ profile, speed, streamInterval = 1 }: HttpReplay) {
  return {
    model: MODEL,
    enableKvcache: true,
    blockSize: 16,
    kvCacheSize: Math.floor(profile.cacheTokens / 16),
    maxNumSeqs: profile.maxSequences,
    maxWaitingQueueLength: 1_000_000,
    maxNumBatchedTokens: profile.stepTokens,
    interTokenLatencyMs: profile.stepMs / speed,
    decodeTimePerSequenceMs: profile.decodeMsPerSequence / speed,
    prefillTimePerTokenMs: 1000 / profile.prefillTokensPerSecond / speed,
    streamInterval,
  };
}

/** Begins to measure this process; call what it returns at the end. */
function watchOwn(): () => Own {
  const delays = monitorEventLoopDelay({ resolution: DELAY_GRAIN_MS });
  delays.enable();
  const cpu = process.cpuUsage();
  const sinceMs = performance.now();
  const lateMs = (nanoseconds: number) => Math.max(0, nanoseconds / 1e6 - DELAY_GRAIN_MS);
  return () => {
    delays.disable();
    const { user, system } = process.cpuUsage(cpu);
    return {
      lagMs: lateMs(delays.percentile(99)),
      mostLagMs: lateMs(delays.max),
      cores: (user + system) / 1000 / (performance.now() - sinceMs),
    };
  };
}

/** Times to the first token in real ms; -1 = none came. */
async function play(
  { trace, speed, limitMs }: HttpReplay,
  port: number,
  agent: Agent,
): Promise<number[]> {
  const limit = limitMs === undefined ? undefined : setTimeout(() => agent.destroy(), limitMs);
  const startMs = performance.now();
  const answers: Promise<number>[] = [];
  for (const one of trace.requests) {
    const waitMs = startMs + one.atMs / speed - performance.now();
    if (waitMs > 0) await sleep(waitMs);
    answers.push(ask(bodyOf(one, trace.blockTokens), port, agent));
  }
  return Promise.all(answers).finally(() => clearTimeout(limit));
}

/** Blocks with the same key have the same text, and only those. */
function bodyOf({ blocks, outputTokens, promptTokens }: TraceRequest, blockTokens: number): string {
  let content = '';
  for (const id of blocks) content += textOf(id, blockTokens * CHARS_PER_TOKEN);
  const rest = promptTokens * CHARS_PER_TOKEN - content.length;
  content += textOf(Math.floor(Math.random() * 2 ** 40), Math.max(0, rest));
  return JSON.stringify({
    model: MODEL,
    stream: true,
    max_tokens: outputTokens,
    ignore_eos: true,
    messages: [{ role: 'user', content }],
  });
}

function textOf(id: number, chars: number): string {
  const word = `${id.toString(36)} `;
  return word.repeat(Math.ceil(chars / word.length)).slice(0, chars);
}

function ask(body: string, port: number, agent: Agent): Promise<number> {
  const sentMs = performance.now();
  let ttftMs = -1;
  return new Promise((resolve) => {
    const client = request(
      {
        host: '127.0.0.1',
        port,
        agent,
        method: 'POST',
        path: '/v1/chat/completions',
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
      },
      (response) => {
        response.on('data', () => {
          if (ttftMs < 0 && response.statusCode === 200) ttftMs = performance.now() - sentMs;
        });
        response.once('close', () => resolve(ttftMs));
      },
    );
    client.once('error', () => resolve(-1));
    client.end(body);
  });
}

/** Of those that are no NaN. */
export function statsOf(ttftsMs: readonly number[]) {
  const sorted = ttftsMs.filter((ms) => !Number.isNaN(ms)).sort((a, b) => a - b);
  const quantile = (share: number) => sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
  return {
    meanTtftMs: sorted.reduce((a, b) => a + b, 0) / sorted.length,
    p50TtftMs: quantile(0.5),
    p99TtftMs: quantile(0.99),
    failed: ttftsMs.length - sorted.length,
  };
}

async function enginesOf(sims: readonly Sim[]) {
  const received = sims.map((sim) => sim.stats().received);
  const pages = await Promise.all(
    sims.map(async ({ url }) => (await fetch(`${url}/metrics`)).text()),
  );
  const total = (name: string) => pages.reduce((sum, page) => sum + metricOf(page, name), 0);
  return {
    hitRatio: total('prefix_cache_hits_total') / total('prefix_cache_queries_total'),
    maxOverMean: (Math.max(...received) * sims.length) / received.reduce((a, b) => a + b, 0),
  };
}

function metricOf(page: string, name: string): number {
  return Number(new RegExp(`^vllm:${name}\\{.*\\} (\\S+)$`, 'm').exec(page)?.[1] ?? 0);
}
