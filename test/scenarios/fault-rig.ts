/** What the tests of faults share: a router in front of scripted engines, and good answers. */
import assert from 'node:assert/strict';
import {
  chunk,
  jsonAnswer,
  LAST_CHUNK,
  type RawEngine,
  type Script,
  STREAM_HEAD,
  startRawEngine,
} from '../fakes/raw-engine.ts';
import { type ConfigTree, type RunningRouter, startRouter } from '../fakes/router.ts';
import { untilPasses } from '../fakes/until.ts';
import { LoadClient } from './load-client.ts';

export const MODEL = 'm';

export interface Rig {
  readonly router: RunningRouter;
  readonly engines: readonly RawEngine[];
  readonly client: LoadClient;
  /** From now on the engine refuses connections. */
  stopEngine(index: number): Promise<void>;
}

/**
 * Runs `scene` with one engine a script, and takes everything away again. `limits` hold for each
 * endpoint.
 */
export async function withRig(
  scripts: readonly Script[],
  config: ConfigTree,
  scene: (rig: Rig) => Promise<void>,
  limits: { readonly rpmLimit?: number } = {},
): Promise<void> {
  const engines = await Promise.all(scripts.map((script) => startRawEngine(script, MODEL)));
  const router = await startRouter({
    endpoints: engines.map(({ url }) => ({ url, model: MODEL, ...limits })),
    config,
  });
  const client = new LoadClient(router.port, 20_000);
  const running = new Set(engines);
  const stopEngine = async (index: number) => {
    running.delete(engines[index]!);
    await engines[index]!.close();
  };
  try {
    await scene({ router, engines, client, stopEngine });
  } finally {
    client.close();
    await router.stop();
    await Promise.all([...running].map((engine) => engine.close()));
  }
}

export const GOOD_ANSWER = { choices: [{ message: { role: 'assistant', content: 'hello' } }] };

/** Answers well: a stream where the request asks for one. */
export const good: Script = ({ request, send }) => {
  if (!request.body.includes('"stream":true')) {
    send(jsonAnswer(GOOD_ANSWER));
    return;
  }
  send(STREAM_HEAD);
  for (const word of ['one', 'two', 'three']) send(chunk(chatEvent(word)));
  send(chunk('data: [DONE]\n\n'));
  send(LAST_CHUNK);
};

export function chatEvent(content: string): string {
  const choices = [{ index: 0, delta: { content }, finish_reason: null }];
  const fields = { id: 'c', object: 'chat.completion.chunk', created: 1, model: MODEL };
  return `data: ${JSON.stringify({ ...fields, choices })}\n\n`;
}

/** An error as engines word it. */
export function errorAnswer(status: string, message: string, fields = ''): string {
  return jsonAnswer({ error: { message, type: 'engine_error' } }, fields, status);
}

/** Nothing is in flight at any endpoint, and every request is counted as ended. */
export async function untilIdle(router: RunningRouter): Promise<void> {
  await router.until('nothing is in flight', ({ backends, requests }) => {
    const isIdle = backends.every(({ connections, pending }) => connections === 0 && pending === 0);
    return isIdle && requests.total === requests.success + requests.failures;
  });
}

/** Told so often in the log, which is written after the answers. */
export async function untilEjected(router: RunningRouter, count: number): Promise<void> {
  await untilPasses(() => assert.equal(ejections(router), count, 'ejections'));
}

/** As far as they are in the log: for those that must not be. */
export function ejections(router: RunningRouter): number {
  return router.logs().filter(({ msg }) => msg === 'ejected an endpoint').length;
}
