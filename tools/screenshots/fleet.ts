/**
 * A small fleet with troubles, for pictures and tests of the dashboard: simulated engines in this
 * process, a router of the built product before them, and a steady load through it.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Sim, startSim } from '../../src/sim/engine.ts';

const LAUNCHER = resolve(import.meta.dirname, '..', '..', 'bin', 'llm-router');
/** Nobody listens there: ports below 1024 are not given out to programs that ask for any. */
const REFUSED = 'http://127.0.0.1:9/v1';

export interface ShownFleet {
  /** `http://127.0.0.1:port` of the operators' listener. */
  readonly operationsUrl: string;
  readonly apiUrl: string;
  readonly sims: readonly Sim[];
  /** Endpoint ids in the order of the engines; the last one refuses connections. */
  readonly ids: readonly string[];
  stop(): Promise<void>;
}

interface Engine {
  readonly model: string;
  readonly source: 'self_deployed' | 'openai';
  readonly options: Parameters<typeof startSim>[0];
  readonly rpm?: number;
}

const STREAMING = { interTokenLatencyStdDevMs: 4, timeToFirstTokenStdDevMs: 20 };
const ENGINES: readonly Engine[] = [
  {
    model: 'qwen3-32b',
    source: 'self_deployed',
    options: { ...STREAMING, timeToFirstTokenMs: 90, interTokenLatencyMs: 14 },
  },
  {
    model: 'qwen3-32b',
    source: 'self_deployed',
    options: { ...STREAMING, timeToFirstTokenMs: 140, interTokenLatencyMs: 18 },
  },
  {
    model: 'deepseek-v3',
    source: 'self_deployed',
    options: { ...STREAMING, engine: 'sglang', timeToFirstTokenMs: 180, interTokenLatencyMs: 22 },
  },
  {
    model: 'deepseek-v3',
    source: 'self_deployed',
    options: {
      engine: 'sglang',
      timeToFirstTokenMs: 60,
      interTokenLatencyMs: 20,
      failureInjectionRate: 100,
    },
  },
  {
    model: 'gpt-4.1-mini',
    source: 'openai',
    options: { ...STREAMING, timeToFirstTokenMs: 210, interTokenLatencyMs: 12 },
    rpm: 600,
  },
];

/** Resolves when the router listens; the load begins at once. */
export async function startFleet(): Promise<ShownFleet> {
  const dir = await mkdtemp(join(tmpdir(), 'llm-router-shown-'));
  const sims: Sim[] = [];
  for (const { model, options } of ENGINES) {
    sims.push(await startSim({ outputTokens: 90, outputTokensStdDev: 40, ...options, model }));
  }
  const bases = [...sims.map(({ url }) => `${url}/v1`), REFUSED];
  const models = [...ENGINES.map(({ model }) => model), 'qwen3-32b'];
  await writeFiles(dir, bases, models);
  const router = spawn(LAUNCHER, ['-config', join(dir, 'config.yaml')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const urls = await urlsOf(router);
  const load = new Load(urls.apiUrl);
  return {
    ...urls,
    sims,
    ids: bases.map((base, index) => `${models[index]}@${base}`),
    async stop() {
      await load.stop();
      const ended = new Promise((done) => router.once('exit', done));
      router.kill('SIGTERM');
      await ended;
      for (const sim of sims) await sim.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function writeFiles(
  dir: string,
  bases: readonly string[],
  models: readonly string[],
): Promise<void> {
  await mkdir(join(dir, 'configs'));
  for (const source of ['self_deployed', 'openai'] as const) {
    const list = bases.flatMap((api_base, index) => {
      const { source: own = 'self_deployed', rpm } = ENGINES[index] ?? {};
      if (own !== source) return [];
      const params = { model: `openai/${models[index]}`, api_base, ...(rpm && { rpm }) };
      return [{ model_name: models[index], litellm_params: params }];
    });
    await writeFile(
      join(dir, 'configs', `${source}_shown.yaml`),
      JSON.stringify({ model_list: list }),
    );
  }
  const config = {
    server: { host: '127.0.0.1', port: 0, workers: 1, drain_timeout: 1 },
    routing: { strategy: 'least-waiting' },
    health_check: { interval: 2, timeout: 2 },
    dashboard: { web_port: 0 },
    log: { dir: '', level: 'debug' },
  };
  await writeFile(join(dir, 'config.yaml'), JSON.stringify(config));
}

/** From the log lines that say where it listens. */
function urlsOf(router: ChildProcess): Promise<{ operationsUrl: string; apiUrl: string }> {
  let text = '';
  let operationsUrl = '';
  router.stdout!.setEncoding('utf8');
  return new Promise((done, reject) => {
    router.once('exit', (code) => reject(new Error(`the router ended with ${code}:\n${text}`)));
    router.stdout!.on('data', (more: string) => {
      text += more;
      const lines = text.split('\n');
      text = lines.pop()!;
      for (const line of lines) {
        const { msg, url } = JSON.parse(line) as { msg: string; url: string };
        if (msg === 'operations') operationsUrl = new URL(url).origin;
        if (msg === 'listening') done({ operationsUrl, apiUrl: new URL(url).origin });
      }
    });
  });
}

/** Streams through the router, a few at a time, until it is stopped. */
class Load {
  readonly #url: string;
  readonly #abort = new AbortController();
  readonly #workers: Promise<void>[];

  constructor(apiUrl: string) {
    this.#url = `${apiUrl}/v1/chat/completions`;
    const models = ['qwen3-32b', 'qwen3-32b', 'qwen3-32b', 'deepseek-v3', 'deepseek-v3'];
    this.#workers = [...models, ...models, 'gpt-4.1-mini'].map((model) => this.#run(model));
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await Promise.all(this.#workers);
  }

  async #run(model: string): Promise<void> {
    const { signal } = this.#abort;
    const messages = [{ role: 'user', content: 'What does a router do? '.repeat(20) }];
    while (!signal.aborted) {
      try {
        const response = await fetch(this.#url, {
          method: 'POST',
          signal,
          headers: { 'Content-Type': 'application/json' },
          body: JSON.stringify({ model, stream: true, messages }),
        });
        await response.text();
        await new Promise((done) => setTimeout(done, 50 + Math.random() * 400));
      } catch {
        // Stopped, or refused because the fleet is sick: that is what is shown.
        await new Promise((done) => setTimeout(done, 200));
      }
    }
  }
}
