/**
 * What the tests of official SDKs stand on: the router before our simulated engine and before a
 * mock server that is not ours, with a tap on each way, beside a model of one request a minute and
 * one whose engine is away.
 */
import assert from 'node:assert/strict';
import { LLMock } from '@copilotkit/aimock';
import { type Sim, startSim } from '../../src/sim/engine.ts';
import { type ConfigTree, type RunningRouter, startRouter } from '../fakes/router.ts';
import { type SpyFetch, spyFetch } from '../fakes/spy-fetch.ts';
import { startTap, type Tap } from '../fakes/tap.ts';

/** Nobody listens there: port 9 (discard) is not used on the loopback address. */
const NOBODY = 'http://127.0.0.1:9';

export interface Backend {
  readonly model: string;
  readonly url: string;
  readonly tap: Tap;
}

export interface SdkRig {
  readonly sim: Sim;
  readonly router: RunningRouter;
  /** The simulated engine's, then the mock's. */
  readonly backends: readonly [Backend, Backend];
  close(): Promise<void>;
}

export interface SdkSetup {
  readonly simModel: string;
  readonly mockModel: string;
  /** Tells the mock what to answer. */
  teach(mock: LLMock): void;
  readonly config?: ConfigTree;
}

/** Whatever stands already is closed when something does not start. */
export async function startSdkRig(setup: SdkSetup): Promise<SdkRig> {
  const closers: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const closer of closers.toReversed()) await closer();
  };
  try {
    return { ...(await start(setup, closers)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function start(
  { simModel, mockModel, teach, config = {} }: SdkSetup,
  closers: (() => Promise<unknown>)[],
): Promise<Omit<SdkRig, 'close'>> {
  const sim = await startSim({ model: simModel, stableIds: true, outputTokens: 20 });
  closers.push(() => sim.close());
  const mock = new LLMock({ port: 0, host: '127.0.0.1' });
  teach(mock);
  await mock.start();
  closers.push(() => mock.stop());
  const simTap = await startTap(sim.url);
  closers.push(() => simTap.close());
  const mockTap = await startTap(mock.url);
  closers.push(() => mockTap.close());
  const router = await startRouter({
    endpoints: [
      { url: simTap.url, model: simModel },
      { url: mockTap.url, model: mockModel, sourceType: 'openai' },
      { url: sim.url, model: 'limited', upstreamModel: simModel, rpmLimit: 1 },
      { url: NOBODY, model: 'down' },
    ],
    config: { routing: { queue_timeout_ms: 50, unavailable_wait_ms: 50 }, ...config },
    waitUntilUp: false,
  });
  closers.push(() => router.stop());
  await router.untilUp(3);
  return {
    sim,
    router,
    backends: [
      { model: simModel, url: sim.url, tap: simTap },
      { model: mockModel, url: mock.url, tap: mockTap },
    ],
  };
}

/** One call through the router: bodies are compared on both sides of it. */
export async function routed<T>(call: (spy: SpyFetch) => Promise<T>, { tap }: Backend): Promise<T> {
  const spy = spyFetch();
  tap.forget();
  const result = await call(spy);
  const [spied] = spy.calls;
  const heard = await spied!.answerBody;
  const { request, answer } = tap.overheard();
  assert.equal(spy.calls.length, 1);
  assert.ok(request.body.equals(Buffer.from(spied!.requestBody)), 'the request body');
  assert.ok(heard.equals(answer.body), 'the answer body');
  assert.ok(heard.length > 0);
  assert.equal(spied!.response.status, answer.status);
  return result;
}

/** What the call is refused with: an error of the SDK's class `kind`. */
export async function failure<E>(
  call: Promise<unknown>,
  kind: new (...args: never[]) => E,
): Promise<E> {
  const error = await call.then(
    () => assert.fail('the call succeeded'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof kind, String(error));
  return error;
}
