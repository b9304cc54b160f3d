/**
 * A small fleet with troubles, for tests and pictures of the dashboard: simulated engines in this
 * process, the built router before them, and a steady load through it. One engine answers every
 * request with an error, one address refuses connections.
 */
import { type Sim, startSim } from '../../src/sim/engine.ts';
import { type EndpointSetup, type RunningRouter, startRouter } from '../fakes/router.ts';
import { sleep } from '../fakes/until.ts';

export interface TroubledFleet {
  readonly router: RunningRouter;
  /** One for each endpoint but the last. */
  readonly sims: readonly Sim[];
  /** Endpoint ids. */
  readonly ids: readonly string[];
  /** Ends the requests that run, and makes no more. */
  stopLoad(): Promise<void>;
  stop(): Promise<void>;
}

/** Answers each request with a server error. */
export const FAILING = 3;
/** Refuses connections. */
export const REFUSING = 5;

const STREAMING = { interTokenLatencyStdDevMs: 4, timeToFirstTokenStdDevMs: 20 };
const ENGINES: readonly (Partial<EndpointSetup> & { options: Parameters<typeof startSim>[0] })[] = [
  {
    model: 'qwen3-32b',
    options: { ...STREAMING, timeToFirstTokenMs: 90, interTokenLatencyMs: 14 },
  },
  {
    model: 'qwen3-32b',
    options: { ...STREAMING, timeToFirstTokenMs: 140, interTokenLatencyMs: 18 },
  },
  {
    model: 'deepseek-v3',
    options: { ...STREAMING, engine: 'sglang', timeToFirstTokenMs: 180, interTokenLatencyMs: 22 },
  },
  {
    model: 'deepseek-v3',
    options: { engine: 'sglang', timeToFirstTokenMs: 60, failureInjectionRate: 100 },
  },
  {
    model: 'gpt-4.1-mini',
    sourceType: 'openai',
    rpmLimit: 600,
    options: { ...STREAMING, timeToFirstTokenMs: 210, interTokenLatencyMs: 12 },
  },
];
/** Nobody listens there: systems do not give out ports below 1024. */
const REFUSED: EndpointSetup = { url: 'http://127.0.0.1:9', model: 'qwen3-32b' };

/** Resolves when the router listens; the load begins at once. */
export async function startTroubledFleet(token = ''): Promise<TroubledFleet> {
  const sims: Sim[] = [];
  const endpoints: EndpointSetup[] = [];
  for (const { options, model = '', ...setup } of ENGINES) {
    const sim = await startSim({ outputTokens: 90, outputTokensStdDev: 40, ...options, model });
    sims.push(sim);
    endpoints.push({ ...setup, model, url: sim.url });
  }
  endpoints.push(REFUSED);
  const closeSims = () => Promise.all(sims.map((sim) => sim.close()));
  const router = await startRouter({
    endpoints,
    waitUntilUp: false,
    config: {
      routing: { strategy: 'least-waiting' },
      health_check: { interval: 2, timeout: 2 },
      dashboard: token === '' ? {} : { token },
      log: { level: 'debug' },
    },
  }).catch(async (error: unknown) => {
    await closeSims();
    throw error;
  });
  const load = new Load(router.url);
  const stopLoad = () => load.stop();
  return {
    ...{ router, sims, stopLoad },
    ids: endpoints.map(({ model, url }) => `${model}@${url}/v1`),
    async stop() {
      await stopLoad();
      await router.stop();
      await closeSims();
    },
  };
}

/** Streams through the router, a few at a time, until it is stopped. */
class Load {
  readonly #url: string;
  readonly #abort = new AbortController();
  readonly #streams: Promise<void>[];

  constructor(apiUrl: string) {
    this.#url = `${apiUrl}/v1/chat/completions`;
    const models = ['qwen3-32b', 'qwen3-32b', 'qwen3-32b', 'deepseek-v3', 'deepseek-v3'];
    this.#streams = [...models, ...models, 'gpt-4.1-mini'].map((model) => this.#run(model));
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await Promise.all(this.#streams);
  }

  async #run(model: string): Promise<void> {
    const { signal } = this.#abort;
    const messages = [{ role: 'user', content: 'What does a router do? '.repeat(20) }];
    const body = JSON.stringify({
      ...{ model, messages, stream: true },
      stream_options: { include_usage: true },
    });
    const headers = { 'Content-Type': 'application/json' };
    while (!signal.aborted) {
      try {
        const response = await fetch(this.#url, { method: 'POST', signal, headers, body });
        await response.text();
        await sleep(50 + Math.random() * 400);
      } catch {
        // Stopped, or refused because the fleet is sick: that is what is shown.
        await sleep(200);
      }
    }
  }
}
