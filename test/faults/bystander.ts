/** Other clients, who have nothing to do with a fault and should not notice it. */
import { sleep } from '../fakes/until.ts';
import { chatRequest, LoadClient } from '../scenarios/load-client.ts';
import { quantile } from './fault.ts';

export interface Experience {
  readonly requests: number;
  readonly failed: number;
  /** Of each window of a second, the 99th percentile; the median of those. */
  readonly p99Ms: number;
}

const FRESH_SHARE = 10;

export interface Load {
  readonly perSecond: number;
  readonly forMs: number;
  /** Each request on a connection of its own; else most of them on kept-alive ones. */
  readonly fresh?: boolean;
}

/** Sends `perSecond` small requests a second for `forMs`, and tells how that went. */
export async function standBy(port: number, model: string, load: Load): Promise<Experience> {
  const client = new LoadClient(port, 20_000);
  const windows = Array.from({ length: Math.ceil(load.forMs / 1000) }, (): number[] => []);
  let failed = 0;
  const one = async (index: number) => {
    const isFresh = load.fresh === true || index % FRESH_SHARE === 0;
    const fresh = isFresh ? new LoadClient(port, 20_000) : client;
    const { kind, totalMs } = await fresh.send(chatRequest(model, false));
    if (kind !== 'ok') failed++;
    windows[Math.floor(index / load.perSecond)]!.push(totalMs);
    if (fresh !== client) fresh.close();
  };
  const startedMs = performance.now();
  const running: Promise<void>[] = [];
  const total = Math.round((load.perSecond * load.forMs) / 1000);
  for (let index = 0; index < total; index++) {
    const waitMs = startedMs + (1000 * index) / load.perSecond - performance.now();
    if (waitMs > 0) await sleep(waitMs);
    running.push(one(index));
  }
  await Promise.all(running);
  client.close();
  const p99s = windows.map((window) => quantile(window, 0.99));
  return { requests: total, failed, p99Ms: quantile(p99s, 0.5) };
}
