/**
 * Every engine says 503 to everything. Retries must not multiply the load that made them say so:
 * a fifth of what clients offer and ten a second, whatever window one looks at.
 */
import { startRawEngine } from '../fakes/raw-engine.ts';
import { startRouter } from '../fakes/router.ts';
import { sleep } from '../fakes/until.ts';
import { ejections, errorAnswer, MODEL, untilIdle } from '../scenarios/fault-rig.ts';
import { chatRequest, LoadClient } from '../scenarios/load-client.ts';
import { atMost, exactly, type Fault, type Finding, noted, type Scale } from './fault.ts';

const OFFERED_PER_SECOND = 100;
const FOR_MS: Readonly<Record<Scale, number>> = { short: 4000, long: 30_000 };
/** The budget looks back this far, so its constant part may be spent at once. */
const WINDOW_MS = 10_000;
const ENGINES = 3;
const WORKERS = 2;

export const OVERLOAD: readonly Fault[] = [
  {
    title: 'all engines 503',
    provoked:
      `${ENGINES} engines answer 503 to everything; ${OFFERED_PER_SECOND} requests a second for ` +
      `30 s on ${WORKERS} workers, three retries allowed`,
    seen: "an engine's own 503 with Retry-After and `x-should-retry: false`",
    run: overload,
  },
];

async function overload(scale: Scale): Promise<Finding[]> {
  const engines = await Promise.all(
    Array.from({ length: ENGINES }, () =>
      startRawEngine(({ send }) => send(errorAnswer('503 Busy', 'no room')), MODEL),
    ),
  );
  const router = await startRouter({
    endpoints: engines.map(({ url }) => ({ url, model: MODEL })),
    config: { server: { workers: WORKERS }, retry: { base_delay_ms: 50, max_delay_ms: 200 } },
  });
  const client = new LoadClient(router.port, 20_000);
  try {
    const count = (OFFERED_PER_SECOND * FOR_MS[scale]) / 1000;
    const startedMs = performance.now();
    const running: Promise<boolean>[] = [];
    const offers: number[] = [];
    for (let i = 0; i < count; i++) {
      const waitMs = startedMs + (1000 * i) / OFFERED_PER_SECOND - performance.now();
      if (waitMs > 0) await sleep(waitMs);
      offers.push(performance.now());
      running.push(isProper(client));
    }
    const proper = (await Promise.all(running)).filter(Boolean).length;
    await untilIdle(router);
    const arrivals = engines.flatMap(({ requests }) => requests.map(({ atMs }) => atMs));
    const windowMs = Math.min(WINDOW_MS, FOR_MS[scale]);
    // What was really sent: late timers catch up, and a window has two ends.
    const offered = busiest(offers, windowMs);
    const limit = Math.floor(1.2 * offered) + (10 * WINDOW_MS) / 1000;
    const most = busiest(arrivals, windowMs);
    const seconds = windowMs / 1000;
    return [
      atMost(
        `upstream requests in the busiest ${seconds} s`,
        most,
        limit,
        `for ${offered} offered`,
      ),
      noted('attempts for each request', (arrivals.length / count).toFixed(2)),
      exactly(`of ${count} answers, other than a proper 503`, count - proper, 0),
      exactly('ejections: load is no illness', ejections(router), 0),
    ];
  } finally {
    client.close();
    await router.stop();
    await Promise.all(engines.map((engine) => engine.close()));
  }
}

async function isProper(client: LoadClient): Promise<boolean> {
  const { status, text } = await client.send(chatRequest(MODEL, false));
  const told = /\r\nRetry-After: \d+\r\n/i.test(text) && /x-should-retry: false/i.test(text);
  return status === 503 && told && text.includes('no room');
}

/** The most arrivals in any window of this length. */
function busiest(arrivals: readonly number[], windowMs: number): number {
  const sorted = arrivals.toSorted((a, b) => a - b);
  let from = 0;
  let most = 0;
  for (let to = 0; to < sorted.length; to++) {
    while (sorted[to]! - sorted[from]! > windowMs) from++;
    most = Math.max(most, to - from + 1);
  }
  return most;
}
