/**
 * Many batch clients that never pause beside a few people who chat, on engines that are full: the
 * people must hardly notice the batch, nor the batch the people. Engines take so many requests at
 * once as `routing.max_parallel_requests` says, so whoever is next is decided in the router.
 */
import assert from 'node:assert/strict';
import { startRouter } from '../fakes/router.ts';
import { quantile } from '../faults/fault.ts';
import { closedLoop, LoadClient, type LoadRequest, loadRequest } from './load-client.ts';
import { startSimProcess } from './sim-process.ts';

const MODEL = 'shared';
const TTFT_MS = 400;
const ITL_MS = 25;
const TOKENS = 16;

export interface Mix {
  readonly engines: number;
  /** Requests that an engine has at once. */
  readonly each: number;
  readonly batch: number;
  readonly chats: number;
  /** While the first requests, which all come at once, leave the engines. */
  readonly settleMs: number;
  readonly forMs: number;
  /** Of the chats' times to first byte, the quantile that is judged. */
  readonly judged: number;
  /** What the batch must get of what it gets alone. */
  readonly leastShare: number;
}

interface Seen {
  /** Time to first byte of chats, unsorted. */
  readonly chatMs: number[];
  batchDone: number;
  failed: number;
}

export async function chatBesideBatch(mix: Mix): Promise<void> {
  const flags = ['--model', MODEL, '--max-num-seqs', '256', '--output-tokens', String(TOKENS)];
  const pace = ['--time-to-first-token', String(TTFT_MS), '--inter-token-latency', String(ITL_MS)];
  const engines = await Promise.all(
    Array.from({ length: mix.engines }, () => startSimProcess(...flags, ...pace)),
  );
  const router = await startRouter({
    endpoints: engines.map(({ url }) => ({ url, model: MODEL })),
    config: {
      server: { workers: 2 },
      routing: {
        strategy: 'least-connections',
        max_parallel_requests: mix.engines * mix.each,
        queue_timeout_ms: 60_000,
      },
    },
  });
  try {
    const chatAlone = await run(router.port, { ...mix, batch: 0 });
    const batchAlone = await run(router.port, { ...mix, chats: 0 });
    const both = await run(router.port, mix);
    const [alone, beside] = [chatAlone, both].map(({ chatMs }) => quantile(chatMs, mix.judged)) as [
      number,
      number,
    ];
    const share = both.batchDone / batchAlone.batchDone;
    console.log(
      `chat p${100 * mix.judged} to first byte ${alone.toFixed(0)} ms alone, ` +
        `${beside.toFixed(0)} ms beside ` +
        `${mix.batch} batch clients (${both.chatMs.length} chats); batch ${batchAlone.batchDone} ` +
        `alone, ${both.batchDone} beside (${(100 * share).toFixed(1)} %)`,
    );
    assert.equal(chatAlone.failed + batchAlone.failed + both.failed, 0);
    assert.ok(beside <= 1.5 * alone, 'chats hardly notice the batch');
    assert.ok(share >= mix.leastShare, 'the batch hardly notices the chats');
  } finally {
    await router.stop();
    await Promise.all(engines.map((engine) => engine.kill()));
  }
}

async function run(port: number, mix: Mix): Promise<Seen> {
  const seen: Seen = { chatMs: [], batchDone: 0, failed: 0 };
  const client = new LoadClient(port, 60_000);
  const startedMs = performance.now();
  const elapsedMs = () => performance.now() - startedMs;
  const goesOn = (request: LoadRequest) => () =>
    elapsedMs() < mix.settleMs + mix.forMs ? request : undefined;
  const counts = () => elapsedMs() >= mix.settleMs && elapsedMs() < mix.settleMs + mix.forMs;
  await Promise.all([
    closedLoop(client, mix.batch, goesOn(request('low', false)), ({ kind }) => {
      if (kind !== 'ok') seen.failed++;
      else if (counts()) seen.batchDone++;
    }),
    closedLoop(client, mix.chats, goesOn(request('high', true)), ({ kind, firstByteMs }) => {
      if (kind !== 'ok') seen.failed++;
      else if (counts()) seen.chatMs.push(firstByteMs);
    }),
  ]);
  client.close();
  return seen;
}

function request(priority: string, stream: boolean): LoadRequest {
  const messages = [{ role: 'user', content: 'hello' }];
  const body = Buffer.from(JSON.stringify({ model: MODEL, stream, messages }));
  const fields = `X-Request-Priority: ${priority}\r\n`;
  return loadRequest(body, stream, '/v1/chat/completions', fields);
}
